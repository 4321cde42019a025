//! A disk that is full or broken at the nth write or sync of SQLite: nothing acknowledged is lost, nothing is half done,
//! reads go on, and the service goes on by itself when the disk does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use fastrand::Rng;
use leling::db::Kind;
use tempfile::TempDir;

use crate::{
    load::{self, Load, RESIDENTS},
    size,
    support::{Plan, TestDb, Town, directory},
};

/// Which calls fail, and how: the errno, and whether it lasts until the disk is mended.
#[derive(Clone, Copy, Debug)]
struct Fault {
    calls: i32,
    errno: i32,
    lasting: bool,
}

const WRITES: i32 = 1;
const SYNCS: i32 = 2;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

const FAULTS: [Fault; 6] = [
    Fault { calls: WRITES, errno: ENOSPC, lasting: true },
    Fault { calls: WRITES, errno: EIO, lasting: true },
    Fault { calls: SYNCS, errno: EIO, lasting: true },
    Fault { calls: WRITES, errno: ENOSPC, lasting: false },
    Fault { calls: WRITES, errno: EIO, lasting: false },
    Fault { calls: SYNCS, errno: EIO, lasting: false },
];

/// The disk under a service.
struct Disk {
    directory: TempDir,
    library: PathBuf,
}

impl Disk {
    fn new() -> Disk {
        let directory = directory();
        let library = directory.path().join("disk_faults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proof/disk_faults.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl");
        assert!(compiler.status().expect("a C compiler").success());
        let disk = Disk { directory, library };
        disk.say([0; 5]);
        disk
    }

    fn control(&self) -> PathBuf {
        self.directory.path().join("faults")
    }

    fn say(&self, numbers: [i32; 5]) {
        let bytes = numbers.map(i32::to_ne_bytes).concat();
        // In place: the service has it mapped.
        let file =
            fs::OpenOptions::new().write(true).create(true).truncate(false).open(self.control()).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &bytes, 0).unwrap();
    }

    fn breaks(&self, fault: Fault, after: i32) {
        self.say([fault.calls, after, fault.errno, i32::from(fault.lasting), 0]);
    }

    /// Heals it, and says how many calls failed.
    fn heals(&self) -> i32 {
        let bytes = fs::read(self.control()).unwrap();
        self.say([0; 5]);
        i32::from_ne_bytes(bytes[16..20].try_into().unwrap())
    }
}

on_sqlite! {
    async fn a_disk_that_fails_costs_nothing_that_was_acknowledged(db: TestDb) {
        drop(db);
        let (seed, rounds) = (size::seeds(1, 1)[0], size::rounds(12, 600));
        let mut dice = Rng::with_seed(seed);
        let disk = Disk::new();
        let settings = vec![
            ("LD_PRELOAD".to_owned(), disk.library.display().to_string()),
            ("FAULTS".to_owned(), disk.control().display().to_string()),
        ];
        let plan = Plan { residents: RESIDENTS, ..Plan::USUAL };
        let open = || Load::of(Town::open_with(TestDb::fresh(Kind::Sqlite), plan, settings.clone()));
        let (mut failed, mut reads) = (0, 0);
        let told = load::rounds(rounds, open, |load, round| {
            let path = load.menu_path();
            let fault = FAULTS[round as usize % FAULTS.len()];
            let after = dice.i32(0..60);
            // Some die with what they have.
            let dies = round % 4 == 3;
            load.round(|town, progress| {
                disk.breaks(fault, after);
                let reader = town.servers[0].client("");
                while !progress.is_over() {
                    reader.try_get(&path).expect("an answer").expect(200);
                    reads += 1;
                    thread::sleep(Duration::from_millis(2));
                }
            }, |town| {
                failed += disk.heals();
                if dies {
                    town.restart();
                }
            });
        });
        assert!(failed > 0 && told.acknowledged < told.requests, "the disk never failed while it was at work");
        size::figure(&format!(
            "disk: {rounds} faults at a random write or sync (SEED={seed}), {failed} calls failed, {told}; {reads} reads \
             meanwhile, all answered"
        ));
    }
}
