//! Whole folders of tests: what runs, what is refused, and what is told.

use super::*;

const FILES: [(&str, bool); 25] = [
    ("login.hurl", false),
    ("install.hurl", false),
    ("install.sh", true),
    ("upgrade.py", true),
    ("backup.sh", false),
    ("restore", true),
    ("custom.hurl", false),
    ("README.md", false),
    ("custom/b.hurl", false),
    ("custom/a_login", true),
    ("custom/data.json", false),
    ("custom/late.sh", false),
    ("custom/deep/x.hurl", false),
    ("hooks/pre_upgrade", true),
    ("hooks/pre_custom", true),
    ("hooks/backup_verify.hurl", false),
    ("hooks/install_steps", true),
    ("hooks/install_steps.sh", true),
    ("hooks/host/pre_upgrade", true),
    ("hooks/host/pre_restore.hurl", false),
    ("test_upgrade.py", false),
    ("test_login.py", false),
    ("custom/test_feeds.py", false),
    ("custom/browser_login.py", false),
    ("custom/conftest.py", false),
];

#[test]
fn tests_are_sorted_by_tier() {
    let found = OwnTests::find(FILES);
    let text: Vec<String> = found.tests.iter().map(|(tier, paths)| format!("{tier}: {}", paths.join(" "))).collect();
    assert_eq!(
        text,
        [
            "install: install.hurl install.sh",
            "upgrade: test_upgrade.py upgrade.py",
            "restore: restore",
            "custom: custom/a_login custom/b.hurl custom/browser_login.py custom/test_feeds.py"
        ]
    );
    let hooks: Vec<String> =
        found.hooks.iter().map(|((time, place), path)| format!("{time} {place:?}: {path}")).collect();
    assert_eq!(
        hooks,
        [
            "install_steps Sandbox: hooks/install_steps",
            "pre_upgrade Host: hooks/host/pre_upgrade",
            "pre_upgrade Sandbox: hooks/pre_upgrade",
            "backup_verify Sandbox: hooks/backup_verify.hurl",
        ]
    );
}

#[test]
fn a_second_folder_adds_to_the_first() {
    let more = [("install.hurl", false), ("custom/z.sh", true), ("hooks/pre_upgrade", true), ("backup.sh", false)];
    let both = OwnTests::find(FILES).and("catalogue", OwnTests::find(more));
    assert_eq!(both.tests[&Tier::Install], ["install.hurl", "install.sh", "catalogue/install.hurl"]);
    assert_eq!(
        both.tests[&Tier::Custom],
        ["custom/a_login", "custom/b.hurl", "custom/browser_login.py", "custom/test_feeds.py", "catalogue/custom/z.sh"]
    );
    assert_eq!(both.hooks[&(HookTime::PreUpgrade, HookPlace::Sandbox)], "catalogue/hooks/pre_upgrade");
    let ignored: Vec<&str> = both.ignored.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(ignored, ["hooks/install_steps.sh", "hooks/pre_upgrade"]);
    assert!(both.refused.iter().any(|problem| problem.file == "tests/catalogue/backup.sh"));
}

#[test]
fn what_will_not_run_is_said() {
    let mut found = OwnTests::find(FILES);
    insta::assert_snapshot!(found.apply(&Approval::No).join("\n"), @r"
    tests/hooks/install_steps.sh does not run: another hook for the same moment comes first
    tests/hooks/host/pre_upgrade was denied and does not run: hooks run on the host only with --trust-hooks, or where policy.toml has `host-hooks = true` for the recipe
    ");
    assert_eq!(found.hooks.len(), 3);
    insta::assert_debug_snapshot!(found.manifest(&Approval::No), @r#"
    {
        "hook backup_verify": "hooks/backup_verify.hurl",
        "hook install_steps": "hooks/install_steps",
        "hook pre_upgrade": "hooks/pre_upgrade",
        "hook pre_upgrade on the host": "hooks/host/pre_upgrade, denied",
    }
    "#);
    let (mut trusted, by) = (OwnTests::find(FILES), Approval::By("--trust-hooks".to_owned()));
    assert_eq!(trusted.apply(&by).len(), 1);
    let manifest = trusted.manifest(&by);
    assert_eq!(manifest["hook pre_upgrade on the host"], "hooks/host/pre_upgrade, approved by --trust-hooks");
}

#[test]
fn a_hook_that_cannot_run_is_refused() {
    let files = [("hooks/pre_backup", false), ("hooks/words.txt", false), ("hooks/pre_upgrad", true)];
    let found = OwnTests::find(FILES).and("catalogue", OwnTests::find(files));
    let hooks = found.refused.iter().filter(|problem| problem.file.contains("hooks/"));
    let text: Vec<String> = hooks.map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"), @r"
    tests/hooks/host/pre_restore.hurl: Hurl files do not run on the host
    hint: put it into `hooks`: there it runs in the sandbox
    tests/hooks/pre_custom: no moment has the name `pre_custom`
    hint: the moments are pre_install, install_steps, pre_upgrade, pre_backup, backup_verify, pre_restore
    tests/catalogue/hooks/pre_backup: a hook that is not executable
    hint: make it so with `chmod +x`; git keeps that bit
    tests/catalogue/hooks/pre_upgrad: no moment has the name `pre_upgrad`
    hint: did you mean `pre_upgrade`?
    ");
}

#[test]
fn a_file_that_looks_like_a_test_and_does_not_run_is_refused() {
    let files = [
        ("Install.hurl", false),
        ("backup.sh", false),
        ("custom.sh", true),
        ("custom/a.sh", false),
        ("custom/b_test.py", false),
        ("custom/deep/x.hurl", false),
        ("elsewhere/test_a.py", false),
        ("login.hurl", false),
        ("test_install.sh", true),
        ("test_login.py", false),
    ];
    let found = OwnTests::find(files);
    let refused: Vec<&str> = found.refused.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(refused, files.map(|(path, _)| format!("{FOLDER}/{path}")));
    insta::assert_snapshot!(found.refused[3], @"
    tests/custom/a.sh: looks like a test and does not run: not executable
    hint: make it so with `chmod +x`; git keeps that bit. A file that tests read belongs into a folder of its own
    ");
    // Modules and data that tests read beside them.
    let beside = [
        "signon.py",
        "schema",
        "ci.toml",
        "custom/helpers.py",
        "custom/conftest.py",
        "custom/latest.json",
        "lib/run.sh",
    ];
    assert_eq!(OwnTests::find(beside.map(|path| (path, false))).refused, []);
    assert_eq!(OwnTests::find([("contest.sh", true), ("session", true)]).refused, []);
}

#[test]
fn a_file_is_run_by_its_name() {
    let of = |path: &str| Runner::of(path);
    assert_eq!((of("custom/test_a.py"), of("test_upgrade.py")), (Runner::Pytest, Runner::Pytest));
    assert_eq!((of("custom/browser_a.py"), of("a.hurl")), (Runner::Browser, Runner::Hurl));
    assert_eq!(
        (of("test_a.sh"), of("custom/a.py"), of("test_/a")),
        (Runner::Executable, Runner::Executable, Runner::Executable)
    );
}

/// What is refused of a folder with these files: path, whether it is executable, text.
fn refused(files: &[(&str, bool, &str)]) -> Vec<String> {
    let texts = files.iter().map(|(path, _, text)| (*path, *text)).collect();
    let found = OwnTests::find(files.iter().map(|(path, executable, _)| (*path, *executable))).with_texts(&texts);
    found.refused.iter().map(|problem| problem.file.clone()).collect()
}

const FAILS: &str = "#!/bin/sh\nexit 1\n";

#[test]
fn a_program_that_nothing_runs_is_refused() {
    for path in [
        "install/check.sh",
        "customs/login",
        "custom/more/login.sh",
        "e2e/login.sh",
        "hook/pre_upgrade",
        "hooks/more/pre_upgrade",
        "installs.sh",
        "post_install.sh",
    ] {
        assert_eq!(refused(&[(path, true, FAILS)]), [format!("{FOLDER}/{path}")]);
    }
    for path in [
        "custom/login",
        "install",
        "custom/Test_login.py",
        "custom/loginTest.py",
        "custom/login.HURL",
        "e2e/login.spec.ts",
    ] {
        assert_eq!(refused(&[(path, false, FAILS)]), [format!("{FOLDER}/{path}")]);
    }
}

#[test]
fn a_program_that_others_use_is_not() {
    let by = |user: &'static str, text: &'static str, used: &'static str| {
        refused(&[(user, true, text), (used, true, FAILS), ("custom/deep/data.json", true, "{}")])
    };
    assert_eq!(by("install.sh", "#!/bin/sh\nsh lib/login.sh\n", "lib/login.sh"), [""; 0]);
    assert_eq!(by("custom/all", "#!/bin/sh\nrun-parts e2e\n", "e2e/login"), [""; 0]);
    assert_eq!(by("custom/all", "#!/bin/sh\nfor t in e2e/*; do $t; done\n", "e2e/login"), [""; 0]);
    assert_eq!(by("custom/all.py", "for t in Path(\"e2e\").glob(\"*\"): run(t)\n", "e2e/login"), [""; 0]);
    assert_eq!(by("custom/all", "#!/bin/sh\ncd e2e && ./login\n", "e2e/login"), [""; 0]);
    assert_eq!(by("test_install.py", "from lib import login\nlogin.go()\n", "lib/login.py"), [""; 0]);
    assert_eq!(by("hooks/pre_upgrade", "#!/bin/sh\n./wait-for\n", "wait-for"), [""; 0]);
    // A longer name is another one, and what is told to people is run by nobody.
    let two = by("install.sh", "#!/bin/sh\nsh lib/login.sh.old lib/relogin.sh my-login.sh\n", "lib/login.sh");
    assert_eq!(two, ["tests/lib/login.sh"]);
    let told = refused(&[("README.md", false, "Run `lib/login.sh` by hand.\n"), ("lib/login.sh", true, FAILS)]);
    assert_eq!(told, ["tests/lib/login.sh"]);
    // Words that a folder is called by, too.
    assert_eq!(by("custom/all", "#!/bin/sh\necho \"no more\"\n", "custom/more/login"), ["tests/custom/more/login"]);
    assert_eq!(by("custom/all", "#!/bin/sh\necho 'after the install'\n", "install/login"), ["tests/install/login"]);
    assert_eq!(by("custom/all", "#!/bin/sh\nrun-parts lib\n", "e2e/login"), ["tests/e2e/login"]);
    // Two that only name each other.
    let pair = [("lib/a.sh", true, "#!/bin/sh\n./b.sh\n"), ("lib/b.sh", true, "#!/bin/sh\n./a.sh\n")];
    assert_eq!(refused(&pair), ["tests/lib/a.sh", "tests/lib/b.sh"]);
    assert_eq!(refused(&[pair[0], pair[1], ("install.sh", true, "#!/bin/sh\nlib/a.sh\n")]), [""; 0]);
    // What a package manager or a cache left.
    assert_eq!(refused(&[("js/node_modules/.bin/x", true, FAILS), ("__pycache__/a.sh", true, FAILS)]), [""; 0]);
}

#[test]
fn tests_that_were_taken_out_are_gone_and_those_of_another_name_are_not() {
    let of = |files: &[(&str, bool)]| OwnTests::find(files.iter().copied());
    let before = of(&[("custom/a.sh", true), ("custom/b.hurl", false), ("upgrade.sh", true)]);
    let gone = |now: OwnTests| now.gone_since(&before).into_values().flatten().collect::<Vec<_>>().join(" ");
    assert_eq!(gone(of(&[])), "upgrade.sh custom/a.sh custom/b.hurl");
    assert_eq!(gone(of(&[("custom/a.sh", true), ("upgrade.hurl", false)])), "custom/b.hurl");
    assert_eq!(gone(of(&[("custom/c.sh", true), ("custom/b.hurl", false), ("upgrade.sh", true)])), "");
    // Tests of the catalogue stand in for none of the recipe's.
    let catalogue = of(&[("custom/a.sh", true), ("custom/b.hurl", false)]);
    assert_eq!(gone(of(&[("upgrade.sh", true)]).and("catalogue", catalogue)), "custom/a.sh custom/b.hurl");
    assert!(before.gone_since(&of(&[])).is_empty());
}

#[test]
fn hooks_that_were_taken_out_are_gone_and_those_that_may_not_run_are_not() {
    let of = |files: &[(&str, bool)]| OwnTests::find(files.iter().copied());
    let before = of(&[("hooks/backup_verify", true), ("hooks/host/pre_upgrade", true)]);
    let gone = |now: &OwnTests| now.hooks_gone_since(&before).collect::<Vec<_>>().join(" ");
    assert_eq!(gone(&of(&[])), "hooks/host/pre_upgrade hooks/backup_verify");
    let mut now = of(&[("hooks/backup_verify.hurl", false), ("hooks/host/pre_upgrade.sh", true)]);
    assert_eq!(gone(&now), "");
    now.apply(&Approval::No);
    assert_eq!(gone(&now), "");
}
