//! What a recipe asks for that is not its own: paths and ports of the machine, capabilities, networks of others.
//!
//! What every recipe gets is its own containers, volumes, secrets, configs and networks, and the proxy's network. Whether
//! anything more is allowed is for the reader to decide. Keys that Swarm ignores are among the requests: they ask all the
//! same.

mod asking;

pub use self::asking::requests;
use crate::source::Problem;

/// What a recipe can ask for that is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// The engine's socket, or a folder that it lies in.
    EngineSocket,
    /// A path of the machine.
    HostPath,
    /// The machine's own network, or one that is no overlay.
    HostNetwork,
    /// A namespace shared with the machine or another container.
    Namespace,
    /// A capability.
    Capability,
    /// A device.
    Device,
    /// Everything at once.
    Privileged,
    /// A port of the machine.
    HostPort,
    /// A volume of others.
    ForeignVolume,
    /// A volume that a plugin or a mount makes.
    VolumeDriver,
    /// A network of others.
    ForeignNetwork,
    /// A secret of others.
    ForeignSecret,
    /// A config of others.
    ForeignConfig,
    /// A kernel setting.
    Sysctl,
    /// A change of the container's confinement.
    SecurityOption,
    /// A say in whom the kernel kills, or in which group of processes it counts.
    KernelResource,
}

impl Item {
    /// Every item, for the reference page and the reader of policy files.
    pub const ALL: [Self; 16] = [
        Self::EngineSocket,
        Self::HostPath,
        Self::HostNetwork,
        Self::Namespace,
        Self::Capability,
        Self::Device,
        Self::Privileged,
        Self::HostPort,
        Self::ForeignVolume,
        Self::VolumeDriver,
        Self::ForeignNetwork,
        Self::ForeignSecret,
        Self::ForeignConfig,
        Self::Sysctl,
        Self::SecurityOption,
        Self::KernelResource,
    ];

    /// The word in a policy file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::EngineSocket => "engine-socket",
            Self::HostPath => "host-path",
            Self::HostNetwork => "host-network",
            Self::Namespace => "namespace",
            Self::Capability => "capability",
            Self::Device => "device",
            Self::Privileged => "privileged",
            Self::HostPort => "host-port",
            Self::ForeignVolume => "foreign-volume",
            Self::VolumeDriver => "volume-driver",
            Self::ForeignNetwork => "foreign-network",
            Self::ForeignSecret => "foreign-secret",
            Self::ForeignConfig => "foreign-config",
            Self::Sysctl => "sysctl",
            Self::SecurityOption => "security-option",
            Self::KernelResource => "kernel-resource",
        }
    }

    /// What is asked for, after "asks for".
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::EngineSocket => "the engine's socket, or a folder that it lies in",
            Self::HostPath => "a path of the machine",
            Self::HostNetwork => "the machine's own network, or one that is no overlay",
            Self::Namespace => "a namespace of the machine or of another container",
            Self::Capability => "a capability",
            Self::Device => "a device of the machine",
            Self::Privileged => "a privileged container",
            Self::HostPort => "a port of the machine",
            Self::ForeignVolume => "a volume that is not the stack's own",
            Self::VolumeDriver => "a volume that a plugin or a mount makes",
            Self::ForeignNetwork => "a network that is neither the stack's own nor `proxy`",
            Self::ForeignSecret => "a secret that is not the stack's own",
            Self::ForeignConfig => "a config that is not the stack's own",
            Self::Sysctl => "a kernel setting",
            Self::SecurityOption => "another confinement than the ordinary one",
            Self::KernelResource => "a say in how the kernel counts or kills its processes",
        }
    }

    /// Where a compose file asks for it.
    #[must_use]
    pub fn keys(self) -> &'static str {
        match self {
            Self::EngineSocket | Self::HostPath => "`volumes` of a service, `file` of a secret or config",
            Self::HostNetwork => "`network_mode`, `driver` of a network, an external network `host`",
            Self::Namespace => "`pid`, `ipc`, `userns_mode`, `cgroupns_mode`",
            Self::Capability => "`cap_add`",
            Self::Device => "`devices`",
            Self::Privileged => "`privileged`",
            Self::HostPort => "`ports`, in either mode",
            Self::ForeignVolume => "`external` or `name` of a volume",
            Self::VolumeDriver => "`driver` and `driver_opts` of a volume, mounts of type `cluster`",
            Self::ForeignNetwork => "`external` or `name` of a network",
            Self::ForeignSecret => "`external` or `name` of a secret, its `driver`",
            Self::ForeignConfig => "`external` or `name` of a config",
            Self::Sysctl => "`sysctls`",
            Self::SecurityOption => "`security_opt`, `credential_spec`, `isolation`",
            Self::KernelResource => "`oom_score_adj`, `cgroup_parent`",
        }
    }

    /// What a policy file writes to allow one, as an example.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::EngineSocket => "/var/run/docker.sock",
            Self::HostPath => "/srv/media",
            Self::HostNetwork => "host",
            Self::Namespace => "pid=host",
            Self::Capability => "NET_ADMIN",
            Self::Device => "/dev/net/tun",
            Self::Privileged => "true",
            Self::HostPort => "64738/udp",
            Self::ForeignVolume => "media",
            Self::VolumeDriver => "nas:/export",
            Self::ForeignNetwork => "mail",
            Self::ForeignSecret => "smtp_password",
            Self::ForeignConfig => "banner",
            Self::Sysctl => "net.core.somaxconn=1024",
            Self::SecurityOption => "seccomp=unconfined",
            Self::KernelResource => "oom_score_adj=-500",
        }
    }
}

/// One thing that a recipe asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRequest {
    /// What kind of thing.
    pub item: Item,
    /// Which one, as a policy file writes it.
    pub value: String,
    /// Where it is asked for, and in which words it is refused.
    pub problem: Problem,
}
