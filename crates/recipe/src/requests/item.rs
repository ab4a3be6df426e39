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

/// What is said about each item, in the order of the items.
const TABLE: [(Item, Words); 29] = [
    (
        Item::EngineSocket,
        Words {
            word: "engine-socket",
            what: "the engine's socket, or a folder that it lies in",
            keys: "`volumes` of a service, `file` of a secret or config",
            example: "/var/run/docker.sock",
        },
    ),
    (
        Item::HostPath,
        Words {
            word: "host-path",
            what: "a path of the machine",
            keys: "`volumes` of a service, `file` of a secret or config",
            example: "/srv/media",
        },
    ),
    (
        Item::HostNetwork,
        Words {
            word: "host-network",
            what: "the machine's own network, or one that is no overlay",
            keys: "`network_mode`, `driver` of a network, an external network `host`",
            example: "host",
        },
    ),
    (
        Item::Namespace,
        Words {
            word: "namespace",
            what: "a namespace of the machine or of another container",
            keys: "`pid`, `ipc`, `userns_mode`, `cgroupns_mode`",
            example: "pid=host",
        },
    ),
    (Item::Capability, Words { word: "capability", what: "a capability", keys: "`cap_add`", example: "NET_ADMIN" }),
    (
        Item::Device,
        Words { word: "device", what: "a device of the machine", keys: "`devices`", example: "/dev/net/tun" },
    ),
    (
        Item::Privileged,
        Words { word: "privileged", what: "a privileged container", keys: "`privileged`", example: "true" },
    ),
    (
        Item::HostPort,
        Words {
            word: "host-port",
            what: "a port of the machine",
            keys: "`ports`, in either mode",
            example: "64738/udp",
        },
    ),
    (
        Item::ForeignVolume,
        Words {
            word: "foreign-volume",
            what: "a volume that is not the stack's own",
            keys: "`external` or `name` of a volume",
            example: "media",
        },
    ),
    (
        Item::VolumeDriver,
        Words {
            word: "volume-driver",
            what: "a volume that a plugin or a mount makes",
            keys: "`driver` and `driver_opts` of a volume, mounts of type `cluster`",
            example: "nas:/export",
        },
    ),
    (
        Item::ForeignNetwork,
        Words {
            word: "foreign-network",
            what: "a network that is neither the stack's own nor `proxy`",
            keys: "`external` or `name` of a network",
            example: "mail",
        },
    ),
    (
        Item::ForeignSecret,
        Words {
            word: "foreign-secret",
            what: "a secret that is not the stack's own",
            keys: "`external` or `name` of a secret, its `driver`",
            example: "smtp_password",
        },
    ),
    (
        Item::ForeignConfig,
        Words {
            word: "foreign-config",
            what: "a config that is not the stack's own",
            keys: "`external` or `name` of a config",
            example: "banner",
        },
    ),
    (
        Item::Sysctl,
        Words { word: "sysctl", what: "a kernel setting", keys: "`sysctls`", example: "net.core.somaxconn=1024" },
    ),
    (
        Item::SecurityOption,
        Words {
            word: "security-option",
            what: "another confinement than the ordinary one",
            keys: "`security_opt`, `credential_spec`, `isolation`",
            example: "seccomp=unconfined",
        },
    ),
    (
        Item::KernelResource,
        Words {
            word: "kernel-resource",
            what: "a say in how the kernel counts or kills its processes",
            keys: "`oom_score_adj`, `cgroup_parent`",
            example: "oom_score_adj=-500",
        },
    ),
    (
        Item::Variable,
        Words {
            word: "variable",
            what: "a variable that is not the recipe's to set",
            keys: "exports of `abra.sh`: `DOMAIN`, `STACK_NAME`, `LETS_ENCRYPT_ENV`",
            example: "LETS_ENCRYPT_ENV=production",
        },
    ),
    (
        Item::Label,
        Words {
            word: "label",
            what: "a label by which the engine or cc-ci knows what belongs to whom",
            keys: "`labels`, anywhere",
            example: "com.docker.stack.namespace=other",
        },
    ),
    (
        Item::Alias,
        Words {
            word: "alias",
            what: "a name on a shared network that is not the app's own",
            keys: "`aliases` on an external network",
            example: "db.example.org",
        },
    ),
    (
        Item::Router,
        Words {
            word: "router",
            what: "requests that are not for its own domain",
            keys: "router labels of Traefik: hosts, rules without a host, patterns, TCP catch-alls, services of others",
            example: "files.example.org",
        },
    ),
    (
        Item::Certificate,
        Words {
            word: "certificate",
            what: "certificates from an authority, which a test never asks for",
            keys: "`tls.certresolver` labels",
            example: "production",
        },
    ),
    (
        Item::ImageSource,
        Words {
            word: "image-source",
            what: "an image from an address of this machine or of a private network",
            keys: "`image`",
            example: "192.168.7.2:5000/app:1.0",
        },
    ),
    (
        Item::LogDriver,
        Words {
            word: "log-driver",
            what: "another log driver, or an option of it, than those that keep logs readable here",
            keys: "`logging`",
            example: "syslog",
        },
    ),
    (
        Item::NameServer,
        Words {
            word: "name-server",
            what: "another name server or search domain",
            keys: "`dns`, `dns_search`",
            example: "dns=9.9.9.9",
        },
    ),
    (
        Item::HostName,
        Words { word: "host-name", what: "a fixed address for a name", keys: "`extra_hosts`", example: "db:10.1.2.3" },
    ),
    (
        Item::Limit,
        Words {
            word: "limit",
            what: "more of the machine than a container has by itself",
            keys: "`ulimits` but up to 65,536 open files, `shm_size` and tmpfs volumes above 1 GiB",
            example: "nofile=1048576",
        },
    ),
    (
        Item::Replicas,
        Words {
            word: "replicas",
            what: "more tasks than a test needs",
            keys: "`deploy.replicas` above 20",
            example: "40",
        },
    ),
    (
        Item::NetworkOption,
        Words {
            word: "network-option",
            what: "a say in addresses or options of a network",
            keys: "`ipam`, `driver_opts` of a network",
            example: "com.docker.network.driver.mtu=1400",
        },
    ),
    (
        Item::Other,
        Words {
            word: "other",
            what: "a key that cc-ci does not know to be harmless",
            keys: "any key of a service beyond those of an ordinary container",
            example: "mac_address=02:42:ac:11:65:43",
        },
    ),
];

impl Item {
    /// Every item, for the reference page and the reader of policy files.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Other; TABLE.len()];
        let mut place = 0;
        while place < all.len() {
            assert!(TABLE[place].0 as usize == place, "the table is in the order of the items");
            all[place] = TABLE[place].0;
            place += 1;
        }
        all
    };

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
        TABLE[self as usize].1
    }
}
