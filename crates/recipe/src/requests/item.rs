//! The things a recipe can ask for that are not its own, and their words.

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
    /// A variable that is the run's to set.
    Variable,
    /// A label in a name space of the engine or of cc-ci.
    Label,
    /// A name on a network of others.
    Alias,
    /// A route beyond the app's own domain.
    Router,
    /// Certificates from an authority.
    Certificate,
    /// An image from an address that only this machine reaches.
    ImageSource,
    /// Logs that leave the engine, or are lost.
    LogDriver,
    /// Other name servers.
    NameServer,
    /// Names with an address of their own.
    HostName,
    /// A bound of a container, raised.
    Limit,
    /// Many tasks.
    Replicas,
    /// How a network is made.
    NetworkOption,
    /// A key that is on no list.
    Other,
}

/// What is said about an item.
#[derive(Debug, Clone, Copy)]
struct Words {
    word: &'static str,
    what: &'static str,
    keys: &'static str,
    example: &'static str,
}

impl Item {
    /// Every item, for the reference page and the reader of policy files.
    pub const ALL: [Self; 29] = [
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
        Self::Variable,
        Self::Label,
        Self::Alias,
        Self::Router,
        Self::Certificate,
        Self::ImageSource,
        Self::LogDriver,
        Self::NameServer,
        Self::HostName,
        Self::Limit,
        Self::Replicas,
        Self::NetworkOption,
        Self::Other,
    ];

    /// The word in a policy file.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.words().word
    }

    /// What is asked for, after "asks for".
    #[must_use]
    pub fn what(self) -> &'static str {
        self.words().what
    }

    /// Where a recipe asks for it.
    #[must_use]
    pub fn keys(self) -> &'static str {
        self.words().keys
    }

    /// What a policy file writes to allow one, as an example.
    #[must_use]
    pub fn example(self) -> &'static str {
        self.words().example
    }

    fn words(self) -> Words {
        let words = |word, what, keys, example| Words { word, what, keys, example };
        match self {
            Self::EngineSocket => words(
                "engine-socket",
                "the engine's socket, or a folder that it lies in",
                "`volumes` of a service, `file` of a secret or config",
                "/var/run/docker.sock",
            ),
            Self::HostPath => words(
                "host-path",
                "a path of the machine",
                "`volumes` of a service, `file` of a secret or config",
                "/srv/media",
            ),
            Self::HostNetwork => words(
                "host-network",
                "the machine's own network, or one that is no overlay",
                "`network_mode`, `driver` of a network, an external network `host`",
                "host",
            ),
            Self::Namespace => words(
                "namespace",
                "a namespace of the machine or of another container",
                "`pid`, `ipc`, `userns_mode`, `cgroupns_mode`",
                "pid=host",
            ),
            Self::Capability => words("capability", "a capability", "`cap_add`", "NET_ADMIN"),
            Self::Device => words("device", "a device of the machine", "`devices`", "/dev/net/tun"),
            Self::Privileged => words("privileged", "a privileged container", "`privileged`", "true"),
            Self::HostPort => words("host-port", "a port of the machine", "`ports`, in either mode", "64738/udp"),
            Self::ForeignVolume => words(
                "foreign-volume",
                "a volume that is not the stack's own",
                "`external` or `name` of a volume",
                "media",
            ),
            Self::VolumeDriver => words(
                "volume-driver",
                "a volume that a plugin or a mount makes",
                "`driver` and `driver_opts` of a volume, mounts of type `cluster`",
                "nas:/export",
            ),
            Self::ForeignNetwork => words(
                "foreign-network",
                "a network that is neither the stack's own nor `proxy`",
                "`external` or `name` of a network",
                "mail",
            ),
            Self::ForeignSecret => words(
                "foreign-secret",
                "a secret that is not the stack's own",
                "`external` or `name` of a secret, its `driver`",
                "smtp_password",
            ),
            Self::ForeignConfig => words(
                "foreign-config",
                "a config that is not the stack's own",
                "`external` or `name` of a config",
                "banner",
            ),
            Self::Sysctl => words("sysctl", "a kernel setting", "`sysctls`", "net.core.somaxconn=1024"),
            Self::SecurityOption => words(
                "security-option",
                "another confinement than the ordinary one",
                "`security_opt`, `credential_spec`, `isolation`",
                "seccomp=unconfined",
            ),
            Self::KernelResource => words(
                "kernel-resource",
                "a say in how the kernel counts or kills its processes",
                "`oom_score_adj`, `cgroup_parent`",
                "oom_score_adj=-500",
            ),
            Self::Variable => words(
                "variable",
                "a variable that is not the recipe's to set",
                "exports of `abra.sh`: `DOMAIN`, `STACK_NAME`, `LETS_ENCRYPT_ENV`",
                "LETS_ENCRYPT_ENV=production",
            ),
            Self::Label => words(
                "label",
                "a label by which the engine or cc-ci knows what belongs to whom",
                "`labels`, anywhere",
                "com.docker.stack.namespace=other",
            ),
            Self::Alias => words(
                "alias",
                "a name on a shared network that is not the app's own",
                "`aliases` on an external network",
                "db.example.org",
            ),
            Self::Router => words(
                "router",
                "requests that are not for its own domain",
                "router labels of Traefik: hosts, rules without a host, patterns, TCP catch-alls",
                "files.example.org",
            ),
            Self::Certificate => words(
                "certificate",
                "certificates from an authority, which a test never asks for",
                "`tls.certresolver` labels",
                "production",
            ),
            Self::ImageSource => words(
                "image-source",
                "an image from an address of this machine or of a private network",
                "`image`",
                "192.168.7.2:5000/app:1.0",
            ),
            Self::LogDriver => words(
                "log-driver",
                "another log driver, or an option of it, than those that keep logs readable here",
                "`logging`",
                "syslog",
            ),
            Self::NameServer => {
                words("name-server", "another name server or search domain", "`dns`, `dns_search`", "dns=9.9.9.9")
            }
            Self::HostName => words("host-name", "a fixed address for a name", "`extra_hosts`", "db:10.1.2.3"),
            Self::Limit => words(
                "limit",
                "more of the machine than a container has by itself",
                "`ulimits` but up to 65,536 open files, `shm_size` and tmpfs volumes above 1 GiB",
                "nofile=1048576",
            ),
            Self::Replicas => words("replicas", "more tasks than a test needs", "`deploy.replicas` above 20", "40"),
            Self::NetworkOption => words(
                "network-option",
                "a say in addresses or options of a network",
                "`ipam`, `driver_opts` of a network",
                "com.docker.network.driver.mtu=1400",
            ),
            Self::Other => words(
                "other",
                "a key that cc-ci does not know to be harmless",
                "any key of a service beyond those of an ordinary container",
                "mac_address=02:42:ac:11:65:43",
            ),
        }
    }
}
