//! Real processes: what they say, how they end, and that nothing of them stays.

use super::*;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

fn shell(script: &str) -> Command {
    Command::new("sh").args(["-c", script])
}

fn never() -> CancellationToken {
    CancellationToken::new()
}

/// Waits for a condition of the outside world; fails the test after a minute.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(Duration::from_secs(60), wait).await.is_ok(), "never came: {what}");
}

fn pid_in(file: &Path) -> Option<i32> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Whether a process exists and is not merely waiting to be collected by its parent.
fn alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z')))
}

/// A script that starts a grandchild, writes both pids, and waits for ever.
fn family(dir: &Path) -> Command {
    shell("sleep 1000 & echo $! > grandchild; echo $$ > child; wait").cwd(dir).deadline(Duration::from_secs(60))
}

async fn family_up(dir: &Path) -> (i32, i32) {
    until("both pids", || pid_in(&dir.join("child")).is_some() && pid_in(&dir.join("grandchild")).is_some()).await;
    (pid_in(&dir.join("child")).unwrap(), pid_in(&dir.join("grandchild")).unwrap())
}

#[tokio::test]
async fn output_code_and_streams_are_apart() {
    let output = run(&shell("echo out; echo err >&2; exit 7"), &never()).await.unwrap();
    assert_eq!(output.ended, Ended::Exited(7));
    assert_eq!((output.stdout_text().as_str(), output.stderr_text().as_str()), ("out\n", "err\n"));
    assert!(!output.truncated && !output.success());
}

#[tokio::test]
async fn a_foreign_signal_is_not_an_exit_code() {
    let output = run(&shell("kill -TERM $$"), &never()).await.unwrap();
    assert_eq!((output.ended, output.code()), (Ended::Signalled(15), None));
}

#[tokio::test]
async fn the_environment_is_exactly_what_was_given() {
    let command = Command::new("/usr/bin/env").clear_env().env("ONLY", "this");
    assert_eq!(run(&command, &never()).await.unwrap().stdout_text(), "ONLY=this\n");
}

#[tokio::test]
async fn stdin_is_fed_while_output_is_read() {
    let bytes = vec![b'x'; 3 * 1024 * 1024];
    let output = run(&Command::new("cat").stdin(bytes.clone()), &never()).await.unwrap();
    assert!(output.success() && output.stdout == bytes);
}

#[tokio::test]
async fn a_program_that_ignores_its_input_is_fine() {
    let output = run(&Command::new("true").stdin(vec![b'x'; 1024 * 1024]), &never()).await.unwrap();
    assert!(output.success());
}

#[tokio::test]
async fn big_output_is_cut_at_the_cap_and_the_program_still_ends() {
    let command = shell("head -c 5000000 /dev/zero; exit 3").output_cap(1000);
    let output = run(&command, &never()).await.unwrap();
    assert_eq!((output.stdout.len(), output.truncated, output.ended), (1000, true, Ended::Exited(3)));
}

#[tokio::test]
async fn success_with_output_cut_off_is_an_error_where_all_of_it_is_needed() {
    let command = shell("echo 12345").output_cap(3);
    let error = run(&command, &never()).await.unwrap().require_success(&command).unwrap_err();
    assert_eq!(error.to_string(), "`sh` wrote more than 3 bytes");
}

#[tokio::test]
async fn the_deadline_kills_grandchildren() {
    let dir = tempfile::tempdir().unwrap();
    let command = family(dir.path()).deadline(Duration::from_secs(2));
    let output = run(&command, &never()).await.unwrap();
    assert_eq!(output.ended, Ended::TimedOut);
    assert!(output.took < Duration::from_secs(60), "{:?}", output.took);
    let (child, grandchild) = family_up(dir.path()).await;
    until("child gone", || !alive(child)).await;
    until("grandchild gone", || !alive(grandchild)).await;
    let error = output.require_success(&command).unwrap_err();
    assert_eq!(error.to_string(), "`sh` did not end within 2 s and was killed");
}

#[tokio::test]
async fn cancelling_kills_grandchildren() {
    let dir = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    let (command, token) = (family(dir.path()), cancel.clone());
    let running = tokio::spawn(async move { run(&command, &token).await });
    let (child, grandchild) = family_up(dir.path()).await;
    cancel.cancel();
    assert!(matches!(running.await.unwrap(), Err(ProcessError::Cancelled { .. })));
    until("child gone", || !alive(child)).await;
    until("grandchild gone", || !alive(grandchild)).await;
}

#[tokio::test]
async fn dropping_kills_grandchildren_and_leaves_no_zombie() {
    let dir = tempfile::tempdir().unwrap();
    let command = family(dir.path());
    let running = tokio::spawn(async move { run(&command, &never()).await });
    let (child, grandchild) = family_up(dir.path()).await;
    running.abort();
    until("grandchild gone", || !alive(grandchild)).await;
    // The child is ours to collect: not even a zombie of it may stay.
    until("child collected", || !Path::new(&format!("/proc/{child}")).exists()).await;
}

#[tokio::test]
async fn what_a_command_leaves_in_the_background_dies_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(&shell("sleep 1000 & echo $! > grandchild").cwd(dir.path()), &never()).await.unwrap();
    assert!(output.success() && output.took < Duration::from_secs(60), "{:?}", output.took);
    let grandchild = pid_in(&dir.path().join("grandchild")).unwrap();
    until("grandchild gone", || !alive(grandchild)).await;
}

#[tokio::test]
async fn lines_come_as_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let (send, mut lines) = tokio::sync::mpsc::unbounded_channel();
    let command =
        shell("echo first; while [ ! -e go ]; do sleep 0.01; done; echo >&2 second; printf last").cwd(dir.path());
    let running = tokio::spawn(async move {
        let mut on_line = |stream, line: &str| send.send((stream, line.to_owned())).unwrap();
        run_lines(&command, &never(), &mut on_line).await
    });
    // The program waits for the file, so this line can only have come while it ran.
    assert_eq!(lines.recv().await.unwrap(), (Stream::Out, "first".to_owned()));
    std::fs::write(dir.path().join("go"), "").unwrap();
    let mut rest = vec![lines.recv().await.unwrap(), lines.recv().await.unwrap()];
    rest.sort_by_key(|(_, line)| line.clone());
    assert_eq!(rest, [(Stream::Out, "last".to_owned()), (Stream::Err, "second".to_owned())]);
    assert!(running.await.unwrap().unwrap().success());
}

#[tokio::test]
async fn a_missing_program_says_what_to_install() {
    let dir = tempfile::tempdir().unwrap();
    let error = run(&Command::new("docker").clear_env().env("PATH", dir.path()), &never()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot start `docker`: no such program in PATH; install Docker (Debian: `apt install docker.io`) or run \
         `cc-ci doctor --fix`"
    );
}

#[tokio::test]
async fn a_missing_directory_is_not_a_missing_program() {
    let error = run(&Command::new("true").cwd("/nonexistent/dir"), &never()).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot start `true`: there is no directory /nonexistent/dir");
}

#[tokio::test]
async fn failure_carries_the_last_words_but_no_arguments() {
    let command = Command::new("sh").args(["-c", "echo reason >&2; exit 4", "s3cret-argument"]);
    let error = run(&command, &never()).await.unwrap().require_success(&command).unwrap_err();
    assert_eq!(error.to_string(), "`sh` ended with code 4: reason");
}

/// Set for the process that plays the parent in the test below.
const PARENT: &str = "CC_CI_TEST_PARENT_DIR";

#[tokio::test]
async fn a_killed_parent_takes_its_child_along() {
    let name = "process::tests::a_killed_parent_takes_its_child_along";
    if let Some(dir) = std::env::var_os(PARENT) {
        let output = run(&shell("echo $$ > child; exec sleep 1000").cwd(dir), &never()).await;
        panic!("the parent outlived its test: {output:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    let own = std::env::current_exe().unwrap();
    let command = Command::new(own).args(["--exact", name]).env(PARENT, dir.path());
    let parent = tokio::spawn(async move { run(&command, &never()).await });
    until("the child's pid", || pid_in(&dir.path().join("child")).is_some()).await;
    let child = pid_in(&dir.path().join("child")).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap();
    let parent_pid: i32 = stat.rsplit(") ").next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(parent_pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    assert_eq!(parent.await.unwrap().unwrap().ended, Ended::Signalled(9));
    until("child gone", || !alive(child)).await;
}

#[tokio::test]
async fn a_program_that_wants_a_terminal_has_one_and_all_it_says_is_read() {
    let asks = "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && (: </dev/tty) && stty size; echo err >&2; exit 3";
    let output = run(&shell(asks).on_a_terminal(), &never()).await.unwrap();
    assert_eq!((output.ended, output.stdout_text().as_str()), (Ended::Exited(3), "200 500\r\nerr\r\n"));
    let without = run(&shell("[ -t 0 ] || [ -t 1 ] || [ -t 2 ] || echo none"), &never()).await.unwrap();
    assert_eq!(without.stdout_text(), "none\n");
}

#[tokio::test]
async fn a_question_on_a_terminal_ends_with_the_deadline_and_stays_readable() {
    let question = shell("printf 'Continue? '; read answer").on_a_terminal().deadline(Duration::from_secs(2));
    let output = run(&question, &never()).await.unwrap();
    assert_eq!((output.ended, output.stdout_text().as_str()), (Ended::TimedOut, "Continue? "));
}

#[tokio::test]
async fn what_is_left_in_the_background_of_a_terminal_dies_with_its_leader() {
    let dir = tempfile::tempdir().unwrap();
    let command = shell("trap '' HUP; sleep 1000 & echo $! > grandchild").cwd(dir.path()).on_a_terminal();
    let output = timeout(Duration::from_secs(60), run(&command, &never())).await.unwrap().unwrap();
    assert!(output.success(), "{}", output.stdout_text());
    let pid = pid_in(&dir.path().join("grandchild")).unwrap();
    until("the end of the grandchild", || !alive(pid)).await;
}

/// A script that leaves a process in a session of its own, two forks away, with an environment that names nobody.
fn hides(dir: &Path) -> Command {
    let hidden = "echo $$ > hidden; exec sleep 1000";
    let script =
        format!("(setsid env -i sh -c '{hidden}' </dev/null >/dev/null 2>&1 &) ; until [ -s hidden ]; do :; done");
    shell(&script).cwd(dir).deadline(Duration::from_secs(60))
}

#[tokio::test]
async fn what_hides_in_a_session_of_its_own_is_ended_with_the_program_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(&hides(dir.path()).with_everything_it_starts(), &never()).await.unwrap();
    let hidden = pid_in(&dir.path().join("hidden")).unwrap();
    assert!(output.success() && !alive(hidden));
    let [named] = &output.left_running.ended[..] else { panic!("{:?}", output.left_running) };
    assert!(named.ends_with(&format!("(process {hidden})")), "{named}");
    assert_eq!(output.left_running.survived, Vec::<String>::new());
}

#[tokio::test]
async fn what_hides_is_ended_at_the_deadline_and_when_nobody_waits_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut late = hides(dir.path()).with_everything_it_starts().deadline(Duration::from_secs(3));
    late.args[1].push("; sleep 1000");
    let output = run(&late, &never()).await.unwrap();
    assert_eq!(output.ended, Ended::TimedOut);
    assert!(!alive(pid_in(&dir.path().join("hidden")).unwrap()));

    let dir = tempfile::tempdir().unwrap();
    let mut dropped = hides(dir.path()).with_everything_it_starts();
    dropped.args[1].push("; sleep 1000");
    let up = until("the hidden one", || pid_in(&dir.path().join("hidden")).is_some());
    let cancel = never();
    tokio::select! {
        _ = run(&dropped, &cancel) => panic!("it ended"),
        () = up => {}
    }
    let hidden = pid_in(&dir.path().join("hidden")).unwrap();
    until("the end of the hidden one", || !alive(hidden)).await;
}

#[tokio::test]
async fn two_at_once_end_only_what_they_started_themselves() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ends = hides(first.path()).with_everything_it_starts();
    let mut goes_on = hides(second.path()).with_everything_it_starts();
    goes_on.args[1].push("; sleep 0.3; kill -0 $(cat hidden) && echo alive");
    let cancel = never();
    let (ends, goes_on) = tokio::join!(run(&ends, &cancel), run(&goes_on, &cancel));
    let (ends, goes_on) = (ends.unwrap(), goes_on.unwrap());
    assert_eq!(goes_on.stdout_text(), "alive\n");
    for (output, dir) in [(ends, &first), (goes_on, &second)] {
        let hidden = pid_in(&dir.path().join("hidden")).unwrap();
        let [named] = &output.left_running.ended[..] else { panic!("{:?}", output.left_running) };
        assert!(named.ends_with(&format!("(process {hidden})")), "{named}");
    }
}

#[tokio::test]
async fn who_waits_for_the_other_program_can_be_cancelled() {
    let long = shell("sleep 1000").with_everything_it_starts();
    let (never, cancel) = (never(), CancellationToken::new());
    let holds = run(&long, &never);
    let waits = async {
        let second = run(&long, &cancel);
        tokio::join!(second, async { cancel.cancel() }).0
    };
    tokio::select! {
        _ = holds => panic!("it ended"),
        waited = waits => assert!(matches!(waited, Err(ProcessError::Cancelled { .. })), "{waited:?}"),
    }
}

#[tokio::test]
async fn other_programs_of_ours_go_on() {
    let other = shell("read line; echo \"$line\"; sleep 0.3; echo still").stdin("here\n".as_bytes());
    let cancel = never();
    let ends = shell("sleep 1000 & sleep 0.1").with_everything_it_starts();
    let (other, ends) = tokio::join!(run(&other, &cancel), run(&ends, &cancel));
    assert!(ends.unwrap().success());
    assert_eq!(other.unwrap().stdout_text(), "here\nstill\n");
}
