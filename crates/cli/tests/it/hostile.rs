//! Recipes made against whoever reads them, through the door: nothing of theirs reaches the terminal as an order, and what
//! cannot be read is said with its place.

use cc_ci_testkit::repo::Repo;
use std::fmt::Write as _;
use std::process::Command;
use tempfile::TempDir;

const COMPOSE: &str = "version: \"3.8\"\nservices:\n  app:\n    image: nginx:1.26\n    deploy:\n      labels:\n        \
                       - \"coop-cloud.${STACK_NAME}.version=1.0.0+1.26\"\n";
const SAMPLE: &str = "TYPE=shop\nDOMAIN=shop.example.com\n";

struct Hostile {
    folder: TempDir,
    repo: Repo,
}

impl Hostile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::create(folder.path(), "shop").unwrap();
        repo.write("compose.yml", COMPOSE).unwrap();
        repo.write(".env.sample", SAMPLE).unwrap();
        repo.write("abra.sh", "# none\n").unwrap();
        repo.commit("good").unwrap();
        Self { folder, repo }
    }

    fn with(path: &str, content: impl AsRef<[u8]>) -> Self {
        let hostile = Self::new();
        std::fs::write(hostile.repo.dir().join(path), content).unwrap();
        hostile.repo.commit("hostile").unwrap();
        hostile
    }

    /// What a command says on both streams, and its exit code.
    fn says(&self, args: &[&str]) -> (String, i32) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cc-ci"));
        command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.folder.path()).env("CC_CI_STATE", self.folder.path().join("state"));
        command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        let output = command.current_dir(self.repo.dir()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let odd = |byte: &&u8| **byte < 0x20 && !b"\n\t".contains(byte);
        assert_eq!(said.iter().find(odd), None, "{args:?}: {}", said.escape_ascii());
        (String::from_utf8(said).unwrap(), output.status.code().unwrap())
    }

    fn refused(path: &str, content: impl AsRef<[u8]>, expected: &str) {
        let hostile = Self::with(path, content);
        let (said, code) = hostile.says(&["plan"]);
        assert!(code == 21 && said.contains(expected), "[{code}] {said}");
        let (said, _) = hostile.says(&["lint"]);
        let place = expected.split(':').next().unwrap().replace(", line ", ":");
        assert!(said.contains(&place), "{place} is not in {said}");
    }
}

#[test]
fn no_order_of_a_recipe_reaches_the_terminal_from_any_command() {
    let evil = COMPOSE.replace(
        "    image: nginx:1.26\n",
        "    image: nginx:1.26\n    \"x-\\e[2Jevil\": 1\n    \"\\e[2Jevil\": 1\n    cap_add: [\"\\e]0;TITLE\\a\\u202e\"]\n",
    );
    let hostile = Hostile::with("compose.yml", evil);
    for args in [
        &["plan"][..],
        &["lint"],
        &["run"],
        &["plan", "--json"],
        &["lint", "--format", "json"],
        &["judge", "\u{1b}[2J"],
    ] {
        let (said, _) = hostile.says(args);
        assert!(!said.contains('\u{202e}'), "{args:?}: {said}");
    }
}

#[test]
fn a_tag_in_a_command_to_copy_is_one_word_of_the_shell() {
    let hostile = Hostile::new();
    hostile.repo.git(&["tag", "1.9.9+x';id>x;'"]).unwrap();
    let (said, _) = hostile.says(&["lint"]);
    assert!(said.contains(r"git tag -f -a '1.9.9+x'\'';id>x;'\''' "), "{said}");
}

#[test]
fn a_file_that_is_no_text_is_said_with_its_line_and_is_never_an_empty_one() {
    let latin = |text: &str| [text.as_bytes(), b"# caf\xe9\n"].concat();
    Hostile::refused("compose.yml", latin(COMPOSE), "compose.yml, line 8: is not UTF-8: byte 0xE9");
    Hostile::refused(".env.sample", latin(SAMPLE), ".env.sample, line 3: is not UTF-8: byte 0xE9");
    Hostile::refused("abra.sh", latin(""), "abra.sh, line 1: is not UTF-8: byte 0xE9");
    Hostile::refused("compose.yml", format!("{COMPOSE}# \0\n"), "compose.yml, line 8: holds a NUL byte");
    Hostile::refused(
        "compose.yml",
        format!("{COMPOSE}#{}\n", "x".repeat(1_100_000)),
        "compose.yml: is longer than 1 MiB",
    );
    let wide: Vec<u8> = std::iter::once(0xfeff).chain(COMPOSE.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    Hostile::refused("compose.yml", wide, "compose.yml: is UTF-16, not UTF-8");
    let conflict = format!("{COMPOSE}<<<<<<< HEAD\nx-a: 1\n=======\nx-a: 2\n>>>>>>> main\n");
    Hostile::refused("compose.yml", conflict, "compose.yml, line 8: holds the marks of a merge conflict");
    let deep = format!("{COMPOSE}x-deep: {}{}\n", "[".repeat(200), "]".repeat(200));
    Hostile::refused("compose.yml", deep, "compose.yml, line 8: nested more than 24 deep");
}

#[test]
fn aliases_that_unfold_to_more_than_a_recipe_holds_are_refused_in_every_file() {
    let mut bomb = "x-a: &a [l,l,l,l,l,l,l,l,l]\n".to_owned();
    for (below, name) in ["a", "b", "c", "d", "e"].iter().zip(["b", "c", "d", "e", "f"]) {
        writeln!(bomb, "x-{name}: &{name} [{}]", vec![format!("*{below}"); 9].join(",")).unwrap();
    }
    Hostile::refused("compose.yml", format!("{COMPOSE}{bomb}"), "aliases unfold to more than 5000 entries");
    let hostile = Hostile::new();
    for number in 0..20 {
        let overlay = format!("version: \"3.8\"\nservices: {{app: {{environment: [A=1]}}}}\n{bomb}");
        hostile.repo.write(&format!("compose.o{number}.yml"), &overlay).unwrap();
    }
    hostile.repo.commit("overlays").unwrap();
    assert_eq!(hostile.says(&["plan"]).1, 0, "they are not deployed by default");
    let (said, _) = hostile.says(&["lint"]);
    assert!(said.contains("compose.o0.yml: error CC001: was not read, nor were 19 more"), "{said}");
}

#[test]
fn a_config_that_is_no_text_is_compared_by_its_content() {
    let configs = "configs:\n  c:\n    name: ${STACK_NAME}_c_${C_VERSION}\n    file: c.conf\n";
    let used = COMPOSE.replace("    deploy:", "    configs: [{source: c, target: /c}]\n    deploy:");
    let hostile = Hostile::with("compose.yml", format!("{used}{configs}"));
    hostile.repo.write("abra.sh", "export C_VERSION=v1\n").unwrap();
    let conf =
        |limit: u8| std::fs::write(hostile.repo.dir().join("c.conf"), [b"caf\xe9 ".as_slice(), &[limit]].concat());
    conf(b'1').unwrap();
    hostile.repo.commit("published").unwrap();
    hostile.repo.git(&["tag", "-a", "1.0.0+1.26", "-m", "x"]).unwrap();
    conf(b'2').unwrap();
    hostile.repo.commit("changed").unwrap();
    let (said, _) = hostile.says(&["lint"]);
    assert!(said.contains("CC101") && said.contains("`c.conf` changed"), "{said}");
}
