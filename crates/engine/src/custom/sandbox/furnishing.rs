//! What is put into a sandbox: tests, secrets and facts, as one archive.

use super::Size;
use crate::custom::Facts;
use crate::custom::contract::{HURL_SECRETS, HURL_VARIABLES, SECRETS};
use crate::custom::folder::{FileMode, TestFile};
use crate::custom::hurl;
use std::collections::BTreeMap;

/// What a sandbox is made of.
#[derive(Debug)]
pub struct Furnishing {
    /// The tools image, or the browser's.
    pub image: String,
    /// What it is for.
    pub size: Size,
    /// Networks to join, by name: the `proxy` network and those of the stack that can be joined.
    pub networks: Vec<String>,
    /// The tests folder.
    pub files: Vec<TestFile>,
    /// The app's secrets by id.
    pub secrets: BTreeMap<String, String>,
    /// The run's certificate authority, PEM; empty when the route needs none.
    pub authority: String,
}

/// Everything that goes into the sandbox, as one archive: nothing secret is ever an argument or a variable.
pub(super) fn archive(facts: &Facts, furnishing: &Furnishing) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for TestFile { path, mode, bytes } in &furnishing.files {
        let mode = match mode {
            FileMode::Executable => 0o755,
            FileMode::Plain => 0o644,
        };
        append(&mut archive, &format!("tests/{path}"), mode, bytes)?;
    }
    for (id, value) in &furnishing.secrets {
        append(&mut archive, &format!("{}/{id}", &SECRETS[1..]), 0o644, value.as_bytes())?;
    }
    append(&mut archive, "run/cc-ci/authority.pem", 0o644, furnishing.authority.as_bytes())?;
    append(&mut archive, &HURL_VARIABLES[1..], 0o644, hurl_variables(facts).as_bytes())?;
    // A value of more than one line cannot be told in this format; it is there as a file.
    let secrets = furnishing.secrets.iter().filter(|(id, value)| hurl::is_variable(id) && !value.contains('\n'));
    let secrets: Vec<String> = secrets.map(|(id, value)| format!("secret_{id}={value}\n")).collect();
    append(&mut archive, &HURL_SECRETS[1..], 0o644, secrets.concat().as_bytes())?;
    archive.into_inner()
}

/// The environment's facts as Hurl names them: `CC_CI_BASE_VERSION` is `base_version`.
fn hurl_variables(facts: &Facts) -> String {
    let fixed = [
        ("base_url".to_owned(), facts.base_url.as_str()),
        ("domain".to_owned(), facts.domain.as_str()),
        ("stack".to_owned(), facts.stack.as_str()),
    ];
    let more = facts
        .more
        .iter()
        .map(|(name, value)| (name.strip_prefix("CC_CI_").unwrap_or(name).to_ascii_lowercase(), value.as_str()));
    let all = fixed.into_iter().chain(more).filter(|(name, value)| hurl::is_variable(name) && !value.contains('\n'));
    all.map(|(name, value)| format!("{name}={value}\n")).collect::<Vec<_>>().concat()
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, bytes: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    archive.append_data(&mut header, path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::ids::{Domain, StackName};
    use std::io::Read;

    #[test]
    fn secrets_travel_as_files_and_each_file_keeps_its_mode() {
        let stack = StackName::observed("mini-1");
        let more = BTreeMap::from([("CC_CI_BASE_VERSION".to_owned(), "1.0.0".to_owned())]);
        let domain = Domain::of_stack(&stack, "cc-ci.test");
        let facts = Facts { base_url: format!("https://{domain}"), domain, stack, more };
        let files = [TestFile { path: "custom/a.sh".into(), mode: FileMode::Executable, bytes: b"#!/bin/sh".to_vec() }];
        let secrets = BTreeMap::from([
            ("db_password".to_owned(), "p=w d".to_owned()),
            ("key".to_owned(), "two\nlines".to_owned()),
        ]);
        let authority = "PEM".to_owned();
        let furnishing = Furnishing {
            image: String::new(),
            size: Size::Ordinary,
            networks: vec![],
            files: files.into(),
            secrets,
            authority,
        };
        let mut text = String::new();
        let bytes = archive(&facts, &furnishing).unwrap();
        for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let head = format!("{:o} {}: ", entry.header().mode().unwrap(), entry.path().unwrap().display());
            text.push_str(&head);
            entry.read_to_string(&mut text).unwrap();
            text.push('\n');
        }
        assert_eq!(
            text,
            "755 tests/custom/a.sh: #!/bin/sh\n\
             644 run/cc-ci/secrets/db_password: p=w d\n\
             644 run/cc-ci/secrets/key: two\nlines\n\
             644 run/cc-ci/authority.pem: PEM\n\
             644 run/cc-ci/hurl.variables: base_url=https://mini-1.cc-ci.test\ndomain=mini-1.cc-ci.test\nstack=mini-1\nbase_version=1.0.0\n\n\
             644 run/cc-ci/hurl.secrets: secret_db_password=p=w d\n\n"
        );
    }
}
