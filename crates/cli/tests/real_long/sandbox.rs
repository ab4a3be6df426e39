//! A recipe whose tests are hostile (TRUST-1): what they try is contained, the report says what was, and the next test of the
//! run, the run itself and everything beside it are as they were.

use crate::engine::docker;
use crate::product::{Finished, Product};
use crate::settings::{found, run, step};
use std::net::TcpListener;

/// A container on an overlay network of its own, as the database of another stack is; gone when dropped.
struct Neighbour {
    name: String,
}

impl Neighbour {
    fn start() -> Self {
        let name = format!("neighbour-{}", std::process::id());
        docker(&["network", "create", "--driver", "overlay", "--attachable", &name]);
        docker(&["run", "--detach", "--name", &name, "--network", &name, "cc-ci/tools:1", "sleep", "600"]);
        Self { name }
    }

    /// Its addresses: on its own network, and on the bridge that every container has to the host.
    fn addresses(&self) -> Vec<String> {
        docker(&["exec", &self.name, "hostname", "-I"]).split_whitespace().map(str::to_owned).collect()
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        docker(&["rm", "--force", &self.name]);
        docker(&["network", "rm", &self.name]);
    }
}

/// The host's addresses that containers could reach it by.
fn gateways() -> Vec<String> {
    let format = "{{range .IPAM.Config}}{{.Gateway}} {{end}}";
    let all = ["docker_gwbridge", "bridge"].map(|network| docker(&["network", "inspect", "--format", format, network]));
    all.iter().flat_map(|line| line.split_whitespace()).map(str::to_owned).collect()
}

/// Settings with little time, and the hostile files, each executable.
fn attempts(product: &Product, files: &[(&str, &str)], seconds: u32) -> Finished {
    let settings = format!("limits.command = {seconds}\n");
    let files: Vec<(&str, &str)> =
        [("tests/ci.toml", settings.as_str())].into_iter().chain(files.iter().copied()).collect();
    run(product, "static-site", &files, &["--no-upgrade", "--stages", "install,custom"])
}

/// The app and the sandbox serve on.
const AFTER: (&str, &str) = ("tests/custom/z_after.hurl", "GET {{base_url}}/\nHTTP 200\n");

#[test]
#[ignore = "real engine: make nightly"]
fn hostile_tests_reach_nothing_that_is_not_their_app() {
    let product = Product::with_engine();
    let neighbour = Neighbour::start();
    let host = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = host.local_addr().unwrap().port();
    // A datagram socket that is connected asks for a way and sends nothing.
    let reach = format!(
        r#"
import errno, glob, os, pathlib, pytest, socket

ADDRESSES = {addresses:?} + {gateways:?} + ["169.254.169.254"]

@pytest.mark.parametrize("address", ADDRESSES)
def test_no_way_to(address):
    with pytest.raises(OSError) as refused:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect((address, {port}))
    assert refused.value.errno == errno.ENETUNREACH

@pytest.mark.parametrize("address", {gateways:?})
def test_no_service_of_the_host(address):
    with pytest.raises(OSError):
        socket.create_connection((address, {port}), timeout=2)

def test_no_name_of_the_neighbour():
    with pytest.raises(OSError):
        socket.gethostbyname("{name}")

def test_no_raw_sockets():
    for family, kind in ((socket.AF_INET, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW)):
        with pytest.raises(PermissionError):
            socket.socket(family, kind, 1)

def test_no_engine_socket():
    assert not [path for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock") if os.path.exists(path)]
    assert not [path for path in glob.glob("/run/**", recursive=True) + glob.glob("/var/run/**", recursive=True) if pathlib.Path(path).is_socket()]

def test_no_path_of_the_host():
    given = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
    for line in open("/proc/self/mountinfo"):
        root, point, kind = line.split()[3], line.split()[4], line.split(" - ")[1].split()[0]
        assert kind in ("overlay", "proc", "tmpfs", "devpts", "sysfs", "mqueue", "cgroup", "cgroup2") or point in given, line
    for path in ("/dev/sda", "/dev/vda", "/dev/mem", "/dev/kmsg"):
        assert not os.path.exists(path)

def test_nothing_can_be_written():
    for path in ("/tests/x", "/etc/x", "/usr/x", "/run/cc-ci/x", "/run/cc-ci/secrets/x", "/proc/sys/kernel/hostname", "/sys/x"):
        with pytest.raises(OSError):
            open(path, "w").write("x")
    with pytest.raises(OSError):
        os.chmod("/tests/custom", 0o777)

def test_no_rights():
    status = open("/proc/self/status").read()
    assert os.getuid() == 65534 and "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
    with pytest.raises(PermissionError):
        os.setuid(0)
    with pytest.raises(OSError):
        os.kill(1, 9)

def test_no_secret_in_what_others_can_see():
    secrets = [open(path).read() for path in glob.glob("/run/cc-ci/secrets/*")]
    seen = "".join(open(path, errors="replace").read() for path in glob.glob("/proc/[0-9]*/cmdline") + ["/proc/self/environ"])
    assert secrets and not [secret for secret in secrets if secret in seen]

def test_no_other_run():
    # What the install test of this very run left.
    assert sorted(os.listdir("/state")) == ["server"]
"#,
        addresses = neighbour.addresses(),
        gateways = gateways(),
        name = neighbour.name,
    );
    assert_eq!(neighbour.addresses().len(), 2, "the neighbour is on its network and on the bridge");
    let run = attempts(&product, &[("tests/custom/test_reach.py", &reach), AFTER], 60);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(docker(&["inspect", "--format", "{{.State.Running}}", &neighbour.name]), "true");
}

#[test]
#[ignore = "real engine: make nightly"]
fn hostile_tests_are_ended_at_their_bounds_and_the_report_says_which() {
    let product = Product::with_engine();
    let files = [
        ("tests/custom/a_bomb.sh", "#!/bin/bash\nbomb() { bomb | bomb & }\nbomb\nwhile :; do :; done\n"),
        ("tests/custom/b_output.sh", "#!/bin/sh\nexec head -c 10000000000 /dev/zero\n"),
        ("tests/custom/c_state.sh", "#!/bin/sh -e\nhead -c 10000000000 /dev/zero >\"$CC_CI_STATE_DIR/big\"\n"),
        ("tests/custom/d_tmp.sh", "#!/bin/sh -e\nhead -c 10000000000 /dev/zero >/tmp/big\n"),
        (
            "tests/custom/e_sleep.sh",
            "#!/bin/sh\ntrap '' TERM INT HUP\n(setsid sleep infinity &)\nwhile :; do sleep 600; done\n",
        ),
        (
            "tests/custom/f_memory.sh",
            "#!/usr/bin/env python3\nx = bytearray(4 << 30)\nfor at in range(0, len(x), 4096): x[at] = 1\n",
        ),
        (
            "tests/custom/g_kills.sh",
            "#!/bin/bash\nfor p in $(seq 1 400); do kill -9 $p 2>/dev/null; done; kill -9 -1; setsid sleep 300 &\n",
        ),
        (
            "tests/custom/h_signals.sh",
            "#!/bin/bash\nkill -STOP $PPID; kill -TERM $PPID; kill -KILL $PPID; exec sleep 300\n",
        ),
        (
            "tests/custom/i_left.sh",
            "#!/bin/sh\nfor i in 1 2 3; do (setsid sleep 300 >/dev/null 2>&1 &); done\nrm -f \"$CC_CI_STATE_DIR/big\" /tmp/big\n",
        ),
        (
            "tests/custom/j_alone.sh",
            "#!/bin/bash\nn=0; for p in /proc/[0-9]*; do [ \"$(tr '\\0' ' ' <$p/cmdline 2>/dev/null)\" = 'sleep 300 ' ] && n=$((n+1)); done\necho \"$n left\"; [ $n = 0 ]\n",
        ),
        AFTER,
    ];
    let run = attempts(&product, &files, 5);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("recipe")), "{}", run.all());
    let said = |name: &str| found(&run, &format!("custom/custom/{name}")).to_owned();
    let bomb = said("a_bomb.sh");
    assert!(bomb.ends_with("it wanted more than 256 processes"), "{bomb}");
    assert_eq!(said("b_output.sh"), "custom/b_output.sh was ended: it wrote more than 1024 KiB");
    assert!(said("c_state.sh").contains("No space left on device"), "{}", said("c_state.sh"));
    assert!(said("d_tmp.sh").contains("No space left on device"), "{}", said("d_tmp.sh"));
    assert_eq!(said("e_sleep.sh"), "custom/e_sleep.sh did not end within 5 s");
    let memory = said("f_memory.sh");
    assert!(memory.ends_with("it wanted more than 512 MiB of memory"), "{memory}");
    assert!(said("g_kills.sh").starts_with("custom/g_kills.sh was killed"), "{}", said("g_kills.sh"));
    assert!(said("h_signals.sh").starts_with("custom/h_signals.sh "), "{}", said("h_signals.sh"));
    assert_eq!(step(&run, "custom/custom/i_left.sh")["status"], "pass", "{}", run.all());
    assert_eq!(step(&run, "custom/custom/j_alone.sh")["note"], "0 left", "{}", run.all());
    assert_eq!(step(&run, "custom/custom/z_after.hurl")["status"], "pass", "{}", run.all());
    for words in ["256 processes", "1024 KiB", "did not end within 5 s", "512 MiB"] {
        assert!(run.out.contains(words), "the summary does not say {words}: {}", run.out);
    }
}
