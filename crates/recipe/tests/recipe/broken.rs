//! Texts put together at random: whatever they are, reading them ends with problems and not with a panic.

use crate::loading::{app_env, files};
use crate::malformed::{GOOD, SAMPLE, shown};
use proptest::prelude::*;

/// Words from which broken compose files are put together: likelier to get far than arbitrary letters.
const WORDS: [&str; 40] = [
    "services:",
    "  app:",
    "    image: a",
    "    image:",
    "    deploy:",
    "      labels:",
    "        - backupbot.backup=true",
    "        backupbot.backup.path: /",
    "        backupbot.backup.volumes.d.path: ','",
    "    volumes:",
    "      - d:/d",
    "      - d:",
    "volumes:",
    "  d:",
    "  d: {name: ''}",
    "    environment: &e",
    "      A: 0755",
    "    environment: *e",
    "      <<: *e",
    "    ports: ['0-65535:0-65535']",
    "    ports: [':']",
    "    secrets: [s]",
    "secrets:",
    "  s: {name: _, external: true}",
    "  s: ~",
    "    command: 'a",
    "    command: \"'\"",
    "    healthcheck: {interval: 99999999999999h}",
    "    networks: {é: }",
    "networks: ~",
    "---",
    "...",
    "    image: ${É}",
    "    image: $",
    "\t",
    "    init: ${A:-true}",
    "    x: [[[[",
    "? a",
    "!!binary x",
    "    - ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(compose in "(?s).{0,200}", sample in "(?s).{0,200}", script in "(?s).{0,200}") {
        shown(&files(&[("compose.yml", &compose), (".env.sample", &sample), ("abra.sh", &script)]), &app_env("malformed"));
    }

    #[test]
    fn broken_compose_files_never_panic(lines in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..30)) {
        let compose = lines.join("\n");
        shown(&files(&[("compose.yml", &compose), SAMPLE]), &app_env("malformed"));
    }

    #[test]
    fn broken_samples_never_panic(lines in prop::collection::vec("[A-Z#'\"$={}: \\\\\n-]{0,12}é?", 0..12)) {
        let text = lines.join("\n");
        shown(&files(&[(".env.sample", &text), ("abra.sh", &format!("export {text}")), ("compose.yml", GOOD)]), &app_env("malformed"));
    }
}
