//! A registry that asks for a password: a run pulls and deploys with the credentials it is given, and shows them to nobody.

use crate::product::{Product, text, until};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PASSWORD: &str = "correct-horse";

/// `somebody` and the password, as a registry keeps it.
const ENTRY: &str = "somebody:$2b$04$r1lKPPgLk14PUajK5Ut8Pe6wWcftTkff8R8Qff4fyPK5r76myLhO.\n";

/// The same as `auth` of a Docker configuration.
const AUTH: &str = "c29tZWJvZHk6Y29ycmVjdC1ob3JzZQ==";

/// A registry on this machine's own address, which ends with this value.
struct Registry {
    process: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Registry {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let (home, config) = (folder.path().display(), folder.path().join("config.yml"));
        std::fs::write(folder.path().join("users"), ENTRY).unwrap();
        let settings = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {home}/data }} }}\nhttp: {{ addr: \"{address}\" }}\n\
             auth: {{ htpasswd: {{ realm: test, path: {home}/users }} }}\n"
        );
        std::fs::write(&config, settings).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("`sh setup/registry.sh start` installs docker-registry");
        let registry = Self { process, address, folder };
        until("the registry's answer", Duration::from_secs(20), || {
            std::net::TcpStream::connect(&registry.address).is_ok()
        });
        let auths = serde_json::json!({ "auths": { registry.address.as_str(): { "auth": AUTH } } });
        std::fs::write(registry.credentials(), auths.to_string()).unwrap();
        registry
    }

    /// A configuration of Docker that knows the password.
    fn credentials(&self) -> std::path::PathBuf {
        self.folder.path().join("config.json")
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself, which the test says in its own words.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
}

/// A copy of a recipe whose image comes from another place.
fn recipe(from: &Path, to: &Path, image: &str) {
    succeeds(Command::new("git").args(["clone", "--quiet"]).arg(from).arg(to));
    let file = to.join("compose.yml");
    let written = std::fs::read_to_string(&file).unwrap();
    let changed = written.replace("cc-ci/nginx:1.26", image);
    assert_ne!(written, changed, "the recipe's image is another one now");
    std::fs::write(&file, changed).unwrap();
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    succeeds(Command::new("git").arg("-C").arg(to).args(who).args(["commit", "--quiet", "--all", "-m", "image"]));
}

#[test]
#[ignore = "real engine: make nightly"]
fn an_image_behind_a_password_is_pulled_with_it_and_only_with_it() {
    let product = Product::with_engine();
    let registry = Registry::start();
    let image = format!("{}/nginx:1.26", registry.address);
    let config = registry.folder.path();
    succeeds(Command::new("docker").args(["tag", "cc-ci/nginx:1.26", &image]));
    succeeds(Command::new("docker").arg("--config").arg(config).args(["push", "--quiet", &image]));
    succeeds(Command::new("docker").args(["image", "rm", &image]));
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("static-site");
    recipe(&product.recipe("static-site"), &repository, &image);

    let asked = ["--stages", "install", "--no-upgrade"];
    let without = product.run(&repository, &asked);
    assert_eq!(without.code, 10, "{}", without.all());
    assert!(without.out.contains(&format!("image `{image}` cannot be pulled")), "{}", without.all());

    let file = registry.credentials();
    let with = product.run(&repository, &[&asked[..], &["--registry-auth", file.to_str().unwrap()]].concat());
    assert_eq!(with.code, 0, "{}", with.all());
    succeeds(Command::new("docker").args(["image", "rm", &image]));
    for word in [PASSWORD, AUTH.trim_end_matches('=')] {
        let found = Command::new("grep").args(["-rlF", word]).arg(&with.folder).output().unwrap();
        assert!(found.stdout.is_empty(), "{word} is in {}", text(&found.stdout));
        assert!(!with.all().contains(word));
    }
    assert!(!with.folder.join("trees").exists());
}
