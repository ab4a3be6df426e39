//! Machines, queues, and who begins.

use super::*;

const MIB: u64 = 1 << 20;
const NEED: Need = Need { millicores: CORE, memory: 512 * MIB, disk: 512 * MIB, subnets: 2 };

fn run(id: &str) -> RunId {
    RunId::parse(id).unwrap()
}

fn one(id: &str, turn: u64, stage: PlaceStage) -> Reserved {
    Reserved { run: run(id), turn, need: NEED, stage }
}

fn waits(id: &str, turn: u64) -> Reserved {
    one(id, turn, PlaceStage::Waiting)
}

/// Enough of everything for all that is tried here, but for cores.
fn machine(cores: u64) -> Machine {
    Machine { cores, free: Room { memory: Some(20 << 30), disk: Some(90 << 30), subnets: Some(60_000) } }
}

fn with_memory(mib: u64) -> Machine {
    let machine = machine(8);
    Machine { free: Room { memory: Some(mib * MIB + 256 * MIB), ..machine.free }, ..machine }
}

fn begins(own: &str, written: &[Reserved], machine: &Machine) -> bool {
    decide(&run(own), written, machine) == Admission::Begins { lacks: None }
}

/// What a run waits for, in words.
fn told(own: &str, written: &[Reserved], machine: &Machine) -> String {
    match decide(&run(own), written, machine) {
        Admission::Waits(lack) => format!("waiting for {lack}"),
        Admission::Begins { lacks } => format!("begins: {lacks:?}"),
    }
}

#[test]
fn as_many_runs_as_cores() {
    let going = [one("r1", 1, PlaceStage::Admitted), one("r2", 2, PlaceStage::Up { memory: 9 })];
    let with = |more: &[Reserved]| [going.as_slice(), more].concat();
    assert!(begins("r3", &with(&[waits("r3", 3)]), &machine(3)));
    assert_eq!(
        told("r3", &with(&[waits("r3", 3)]), &machine(2)),
        "waiting for a place: 2 runs (r1, r2) go on here, and 2 cores have room for 2"
    );
    // Cores that cannot be told are one.
    let first = [one("r1", 1, PlaceStage::Admitted), waits("r2", 2)];
    assert_eq!(
        told("r2", &first, &machine(0)),
        "waiting for a place: 1 run (r1) goes on here, and 1 core has room for 1"
    );
}

#[test]
fn cores_that_swarm_sets_aside_count() {
    let large = Reserved { need: Need { millicores: 1500, ..NEED }, ..one("r1", 1, PlaceStage::Admitted) };
    let said = "waiting for a place: 1 run (r1) goes on here, and 2 cores have room for no more: 1.5 are taken, and this run takes 1";
    assert_eq!(told("r2", &[large.clone(), waits("r2", 2)], &machine(2)), said);
    assert!(begins("r2", &[large, waits("r2", 2)], &machine(3)));
}

#[test]
fn memory_that_is_in_use_is_not_counted_twice() {
    let beside = |stage| [one("r1", 1, stage), waits("r2", 2)];
    // 700 MiB are free, of which the first may still take what it has not taken yet.
    assert_eq!(
        told("r2", &beside(PlaceStage::Admitted), &with_memory(700)),
        "waiting for 324 MiB of memory: it needs 512 MiB, 700 MiB are free, and 1 run (r1) may still take 512 MiB"
    );
    assert!(begins("r2", &beside(PlaceStage::Up { memory: 400 * MIB }), &with_memory(700)));
    assert!(!begins("r2", &beside(PlaceStage::Up { memory: 300 * MIB }), &with_memory(700)));
    // Who took more than it said owes nothing, and is owed nothing.
    assert!(begins("r2", &beside(PlaceStage::Up { memory: 9000 * MIB }), &with_memory(512)));
    assert!(!begins("r2", &beside(PlaceStage::Up { memory: 9000 * MIB }), &with_memory(511)));
}

#[test]
fn disk_and_subnets_are_waited_for() {
    let both = [one("r1", 1, PlaceStage::Admitted), waits("r2", 2)];
    let has = |free| Machine { free, ..machine(8) };
    assert_eq!(
        told("r2", &both, &has(Room { disk: Some((1 << 30) + 1000 * MIB), ..Room::default() })),
        "waiting for 24 MiB of disk: it needs 512 MiB, 1000 MiB are free, and 1 run (r1) may still take 512 MiB"
    );
    let few = has(Room { subnets: Some(7), ..Room::default() });
    let said =
        "waiting for 1 subnet of the swarm's address pool: it needs 2, 3 are free, and 1 run (r1) may still take 2";
    assert_eq!(told("r2", &both, &few), said);
    let up = [one("r1", 1, PlaceStage::Up { memory: 1 }), waits("r2", 2)];
    assert!(begins("r2", &up, &few), "the subnets of an app that is up are no longer free");
    assert!(begins("r2", &both, &has(Room::default())), "what cannot be told keeps nobody waiting");
}

#[test]
fn a_run_alone_begins_however_small_the_machine_and_says_what_it_lacks() {
    let alone = [waits("r1", 1)];
    let Admission::Begins { lacks: Some(lack) } = decide(&run("r1"), &alone, &with_memory(100)) else { panic!() };
    assert_eq!(lack.to_string(), "412 MiB of memory: it needs 512 MiB, 100 MiB are free");
    let large = Reserved { need: Need { millicores: 9000, memory: u64::MAX, ..NEED }, ..waits("r1", 1) };
    let Admission::Begins { lacks: Some(lack) } = decide(&run("r1"), &[large], &machine(2)) else { panic!() };
    assert_eq!(lack.to_string(), "cores: it takes 9, and the machine has 2");
}

#[test]
fn first_come_first_served() {
    // Whoever is first is asked for, whatever the ids or the order of files.
    let both = [waits("a", 7), waits("b", 3)];
    assert!(begins("b", &both, &machine(1)));
    assert_eq!(told("a", &both, &machine(1)), "waiting for a place: 1 run (b) goes on here, and 1 core has room for 1");
    assert!(begins("a", &both, &machine(2)), "who has not noticed yet that it may begin keeps nobody waiting");
}

#[test]
fn a_small_run_never_takes_what_a_large_one_waits_for() {
    let large = Reserved { need: Need { memory: 2048 * MIB, ..NEED }, ..waits("large", 2) };
    let queue = [one("r1", 1, PlaceStage::Admitted), large, waits("small", 3)];
    let machine = with_memory(2000);
    assert_eq!(told("small", &queue, &machine), "waiting for its turn: large came before it and waits, too");
    // The large one gets its place when it is alone, and then the small one is looked at again.
    assert!(matches!(decide(&run("large"), &queue[1..], &machine), Admission::Begins { lacks: Some(_) }));
    assert!(told("small", &queue[1..], &machine).starts_with("waiting for 560 MiB of memory"));
}

#[test]
fn never_more_than_cores_whatever_order_the_queue_wakes_in() {
    for cores in 1..4 {
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1]] {
            let mut written: Vec<Reserved> = (0..5).map(|at| waits(&format!("r{at}"), at)).collect();
            for at in order {
                let own = written[at].run.clone();
                if matches!(decide(&own, &written, &machine(cores)), Admission::Begins { .. }) {
                    written[at].stage = PlaceStage::Admitted;
                }
            }
            let went: Vec<u64> =
                written.iter().filter(|one| one.stage != PlaceStage::Waiting).map(|one| one.turn).collect();
            assert_eq!(went, (0..cores).collect::<Vec<_>>(), "the first ones, and as many as there are cores");
        }
    }
}

#[test]
fn a_reason_is_told_again_only_when_it_is_another() {
    let lack = |mib| match decide(&run("r2"), &[one("r1", 1, PlaceStage::Admitted), waits("r2", 2)], &with_memory(mib))
    {
        Admission::Waits(lack) => lack,
        Admission::Begins { .. } => panic!(),
    };
    assert!(lack(700).is_as(&lack(699)));
    assert!(!lack(700).is_as(&Lack::Turn { behind: run("r1") }));
}
