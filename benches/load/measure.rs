//! What is asked of which server, and what came of it.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use crate::{
    client::{Answers, ask},
    limits,
    postgres::Cluster,
    server::{Server, Way},
    world::{Progress, Size, World},
};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Ask {
    /// A canteen's three menus of the day, by anybody.
    Menus,
    /// What a meal costs a resident.
    Quote,
    /// A meal reserved, with every kind of rule.
    Reserve,
    /// A reserved meal served.
    CheckIn,
    /// Who is expected, 900 of them.
    DoorList,
    /// How many to cook for, of 900.
    Headcount,
    /// With a password.
    SignIn,
}

/// Whom it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum On {
    /// actix-web alone, with the same bytes.
    Bare,
    /// The service over SQLite.
    Sqlite,
    /// The same, where each act is a transaction of its own.
    SqliteOneByOne,
    /// The service over SQLite on a disk whose syncs take 2 ms longer.
    SlowSqlite,
    /// The same, where each act is a transaction of its own.
    SlowSqliteOneByOne,
    /// The service over PostgreSQL.
    Postgres,
}

/// How much longer a sync takes on the slow disk.
pub const SLOWER_US: u32 = 2000;

/// What is said of a measurement by its row of the table.
pub type Row = (Ask, On, usize);

/// One measurement.
#[derive(Clone, Copy)]
pub struct Sample {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Processor time of the service for one request, and of PostgreSQL.
    pub service_us: f64,
    pub database_us: f64,
    /// How many were told to come back.
    pub busy: f64,
    /// Memory of the service afterwards.
    pub memory_mib: f64,
}

/// Everything that was measured, a sample for each round.
#[derive(Default)]
pub struct Measured {
    pub samples: BTreeMap<Row, Vec<Sample>>,
    /// Bare rows committed one by one, a second.
    pub commits: Vec<f64>,
    /// The same where syncs are slower.
    pub slow_commits: Vec<f64>,
}

/// What is to be measured.
pub struct Plan {
    pub asks: Vec<Ask>,
    pub on: Vec<On>,
    pub clients: Vec<usize>,
    pub rounds: usize,
    pub long: Duration,
}

/// A district in which a door list has 900 people.
pub const DISTRICT: Size = Size { canteens: 4, residents: 1000, days: 4, reserved_today: 900 };

/// The same district on each database, as it was made, to be copied for each round.
pub struct Seeds<'a> {
    directory: &'a Path,
    pub sqlite: Option<World>,
    pub postgres: Option<(World, Cluster)>,
    slow_sync: Option<std::path::PathBuf>,
}

impl<'a> Seeds<'a> {
    pub fn make(directory: &'a Path, on: &[On], size: Size, slower_us: u32) -> Seeds<'a> {
        let log = directory.join("seed.log");
        remove_file(&directory.join("seed.db"));
        let sqlite = on.iter().any(|on| !matches!(on, On::Postgres)).then(|| {
            let url = format!("sqlite:{}", directory.join("seed.db").display());
            World::make(&url, size, &log)
        });
        let cluster = if on.contains(&On::Postgres) { Cluster::start(directory) } else { None };
        let postgres = cluster.map(|cluster| {
            cluster.create("seed", "template0");
            let world = World::make(&cluster.url("seed"), size, &log);
            cluster.vacuum("seed");
            (world, cluster)
        });
        let slow = on.iter().any(|on| matches!(on, On::SlowSqlite | On::SlowSqliteOneByOne));
        let slow_sync = slow.then(|| crate::server::slow_sync(directory, slower_us));
        Seeds { directory, sqlite, postgres, slow_sync }
    }

    /// The database as it was made.
    pub fn url(&self, on: On) -> Option<String> {
        match on {
            On::Postgres => self.postgres.as_ref().map(|(_, cluster)| cluster.url("seed")),
            On::Bare | On::Sqlite | On::SqliteOneByOne | On::SlowSqlite | On::SlowSqliteOneByOne => {
                Some(format!("sqlite:{}", self.directory.join("seed.db").display()))
            }
        }
    }

    /// The district in it.
    pub fn world(&self, on: On) -> &World {
        let postgres = self.postgres.as_ref().filter(|_| on == On::Postgres).map(|(world, _)| world);
        postgres.or(self.sqlite.as_ref()).expect("it was made")
    }

    pub fn world_mut(&mut self, on: On) -> &mut World {
        let postgres = self.postgres.as_mut().filter(|_| on == On::Postgres).map(|(world, _)| world);
        postgres.or(self.sqlite.as_mut()).expect("it was made")
    }

    /// The world and a server over a new copy of it; none where there is no PostgreSQL.
    fn open(&self, on: On, round: usize) -> Option<(&World, Server)> {
        let log = self.directory.join("served.log");
        let way = |one_act_a_commit, slow: bool| Way {
            one_act_a_commit,
            slow_sync: self.slow_sync.as_deref().filter(|_| slow),
        };
        let way = match on {
            On::Bare => {
                let world = self.sqlite.as_ref()?;
                let server = Server::start(&self.copied_file(), Way::default(), &log);
                let body = self.directory.join("menus.json");
                fs::write(&body, server.one(world.some_menus()).to_string()).expect("a file can be written");
                server.stop();
                return Some((world, Server::start_bare(&body, &log)));
            }
            On::Postgres => {
                let (world, cluster) = self.postgres.as_ref()?;
                let name = format!("round_{round}");
                cluster.create(&name, "seed");
                return Some((world, Server::start(&cluster.url(&name), Way::default(), &log)));
            }
            On::Sqlite => way(false, false),
            On::SqliteOneByOne => way(true, false),
            On::SlowSqlite => way(false, true),
            On::SlowSqliteOneByOne => way(true, true),
        };
        Some((self.sqlite.as_ref()?, Server::start(&self.copied_file(), way, &log)))
    }

    /// The URL of a new copy of the file, in the place of the one before.
    fn copied_file(&self) -> String {
        let file = self.directory.join("round.db");
        remove_file(&file);
        fs::copy(self.directory.join("seed.db"), &file).expect("a file can be copied");
        format!("sqlite:{}", file.display())
    }

    fn close(&self, on: On, round: usize, server: Server) {
        server.stop();
        if let (On::Postgres, Some((_, cluster))) = (on, &self.postgres) {
            cluster.sql("postgres", &format!("DROP DATABASE round_{round} WITH (FORCE)"));
        }
    }
}

impl Plan {
    /// Runs the plan, all servers in each round, so that what the machine does besides falls on all alike.
    pub fn run(&self, seeds: &Seeds<'_>) -> Measured {
        let mut measured = Measured::default();
        for round in 1..=self.rounds {
            eprintln!("round {round} of {}", self.rounds);
            let file = seeds.directory.join("bare.db");
            measured.commits.push(limits::commits_per_second(&file, self.long));
            let slow = seeds.slow_sync.as_deref();
            let slowed = slow.map(|slow| limits::commits_per_second_slowed(&file, self.long, slow));
            measured.slow_commits.extend(slowed);
            for on in &self.on {
                let Some((world, server)) = seeds.open(*on, round) else { continue };
                self.ask_all(*on, world, &server, seeds, &mut measured);
                seeds.close(*on, round, server);
            }
        }
        measured
    }

    fn ask_all(&self, on: On, world: &World, server: &Server, seeds: &Seeds<'_>, measured: &mut Measured) {
        let mut progress = Progress::default();
        for (ask, clients) in self.asks_of(on) {
            // What a server and its connections to the database do only once is done before.
            self.ask(ask, world, server, clients, self.long / 4, &mut progress);
            let before = (server.processor_s(), seeds.database_s());
            let mut answers = self.ask(ask, world, server, clients, self.long, &mut progress);
            let after = (server.processor_s(), seeds.database_s());
            assert!(answers.others == 0, "{ask:?} on {on:?}: {} refused", answers.others);
            let count = (answers.took_us.len() + answers.busy) as f64;
            let us = |seconds: f64| seconds * 1e6 / count;
            let sample = Sample {
                per_second: answers.per_second(),
                p50_ms: answers.within_ms(0.5),
                p99_ms: answers.within_ms(0.99),
                service_us: us(after.0 - before.0),
                database_us: us(after.1 - before.1),
                memory_mib: server.memory_mib(),
                busy: answers.busy as f64,
            };
            measured.samples.entry((ask, on, clients)).or_default().push(sample);
        }
    }

    fn ask(
        &self,
        what: Ask,
        world: &World,
        server: &Server,
        clients: usize,
        long: Duration,
        progress: &mut Progress,
    ) -> Answers {
        // Of what there is only so much to do, each time gets its part.
        let part = world.check_ins() / (2 * self.clients.len());
        let mut taps = 0;
        ask(server.address, clients, long, &mut || match what {
            Ask::Menus => Some(world.some_menus()),
            Ask::Quote => Some(world.some_quote()),
            Ask::Reserve => world.next_reservation(progress),
            Ask::CheckIn => {
                taps += 1;
                if taps <= part { world.next_check_in(progress) } else { None }
            }
            Ask::DoorList => Some(world.door_list()),
            Ask::Headcount => Some(world.headcount()),
            Ask::SignIn => Some(world.some_sign_in()),
        })
    }

    /// What is asked there, by how many at once: of those that are there for comparison, only what is compared.
    fn asks_of(&self, on: On) -> Vec<(Ask, usize)> {
        let compared: &[Ask] = match on {
            On::Bare => &[Ask::Menus],
            On::SqliteOneByOne | On::SlowSqlite | On::SlowSqliteOneByOne => &[Ask::Reserve],
            On::Sqlite | On::Postgres => &self.asks,
        };
        let asks = self.asks.iter().filter(|ask| compared.contains(ask));
        asks.flat_map(|ask| self.clients.iter().map(|clients| (*ask, *clients))).collect()
    }
}

impl Seeds<'_> {
    fn database_s(&self) -> f64 {
        self.postgres.as_ref().map_or(0.0, |(_, cluster)| cluster.processor_s())
    }
}

/// Removes a database of SQLite's, if it is there.
fn remove_file(file: &Path) {
    for part in ["", "-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{part}", file.display())));
    }
}

/// The middle of some values.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
