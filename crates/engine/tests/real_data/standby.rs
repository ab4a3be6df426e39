//! A command that becomes a process which waited for it ends as it would have ended by itself.

use crate::world::World;
use cc_ci_engine::exec::{ExecCommand, ExecStatus, Overflow};
use std::time::Duration;

#[tokio::test]
#[ignore = "real engine: make test"]
async fn a_command_ends_the_same_whether_a_process_waited_for_it_or_not() {
    in_world!(world, {
        let bench = world.bench(&[]).await;
        let container = bench.container().to_owned();
        let node = world.doors.node.clone();
        let script =
            r#"printf '%s|%s|%s' "$SECRET" "$1" "$2"; printf 'no\n' >&2; read -r line; printf '|%s' "$line"; exit 7"#;
        let commands = [
            ExecCommand::new(["bash", "-c", script, "name", "a b\n\"c\" $HOME", ""]).env("SECRET", "x=y 'z'\n$(id)"),
            ExecCommand::new(["bash", "-c", "tr '\\0' ' ' </proc/self/cmdline"]).env("SECRET", "hidden"),
            ExecCommand::new(["seq", "100000"]).cap(1000, Overflow::Discard),
            ExecCommand::new(["yes"]).cap(1000, Overflow::Stop),
            ExecCommand::new(["bash", "-c", "kill -9 $$"]),
        ];
        for command in &commands {
            let waiting = node.stand_by(&container).await.expect("nothing waits in a bench");
            let (one, other) = (waiting.run(command).await.unwrap(), node.exec(&container, command).await.unwrap());
            assert_eq!((one.status, &one.stdout, &one.stderr), (other.status, &other.stdout, &other.stderr));
        }
        // What waits is not seen before, and a command has its own time from when it is told.
        let late = node.stand_by(&container).await.expect("nothing waits in a bench");
        let processes = node.exec(&container, &ExecCommand::new(["bash", "-c", "cat /proc/[0-9]*/environ"])).await;
        assert!(!processes.unwrap().text().contains("hidden"));
        let slow = ExecCommand::new(["sleep", "20"]).limit(Duration::from_millis(300));
        assert_eq!(late.run(&slow).await.unwrap().status, ExecStatus::TimedOut);
        // More commands than wait for one.
        for number in 0..6 {
            let said = bench.exec(&ExecCommand::new(["echo", &number.to_string()])).await.unwrap();
            assert_eq!(said.text(), format!("{number}\n"));
        }
        world.kill(&container).await;
        assert!(node.stand_by(&container).await.is_none());
        assert!(bench.exec(&ExecCommand::new(["true"])).await.is_err());
    });
}
