//! The live stream of a canteen's headcounts: whoever listens hears the day's counts whenever they change.
//!
//! Each event is whole, so nothing is lost by hearing only the newest: whoever reads slowly skips some, and whoever
//! comes back says which was the last and gets the newest if it is another. An event's id is made from the same numbers
//! as the tag of the headcounts, so it is the same in every process.
//!
//! One watcher serves all who listen to a canteen's day in this process. It looks once a second while somebody listens,
//! and looks at numbers that every act counts in its own transaction, so it misses nothing that another process wrote.
//! At each look every listener's rights are read again: a stream ends with the right, with the session, and when the
//! access token runs out that opened it; its client refreshes and comes back.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::{rt, web};
use chrono::NaiveDate;
use futures_util::{Stream, stream};
use tokio::{
    sync::{oneshot, watch},
    time::{MissedTickBehavior, interval},
};

use super::http::Day;
use crate::{
    access::{Role, Standing},
    app::State,
    canteens,
    db::Conn,
    ids::CanteenId,
    problem::{Code, Fail, Problem},
};

/// How often a watcher looks.
const LOOK: Duration = Duration::from_secs(1);

/// So many listen to one process at most.
const MOST_LISTENERS: usize = 256;

/// What is listened to: a canteen, and a day, or whatever day it is there; and as what, for not all see the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Watched {
    pub canteen: CanteenId,
    pub on: Option<NaiveDate>,
    pub eyes: Role,
}

/// The day's headcounts, ready to be sent.
#[derive(Debug)]
struct Snapshot {
    id: String,
    json: String,
}

/// Everybody in this process who listens.
#[derive(Debug, Default)]
pub struct Live(Mutex<Rooms>);

#[derive(Debug, Default)]
struct Rooms {
    closed: bool,
    listeners: usize,
    next: u64,
    rooms: HashMap<Watched, Room>,
}

/// Those who listen to the same.
#[derive(Debug)]
struct Room {
    /// Only the newest is kept, however slowly anybody reads.
    newest: watch::Sender<Option<Arc<Snapshot>>>,
    /// By what right, and what ends the stream when it is dropped.
    listeners: HashMap<u64, (Standing, oneshot::Sender<()>)>,
}

/// Somebody who listens; gone when dropped.
struct Listening {
    live: Arc<Live>,
    watched: Watched,
    id: u64,
    newest: watch::Receiver<Option<Arc<Snapshot>>>,
    ended: oneshot::Receiver<()>,
    /// The id of the last event that was heard.
    heard: Option<String>,
}

/// Listens from now on: the newest headcounts if they are not those of `heard`, and then each change, as (id, JSON).
///
/// Fails with `busy` when too many listen, and while the service stops.
pub fn listen(
    state: &web::Data<State>,
    watched: Watched,
    standing: Standing,
    heard: Option<String>,
) -> Result<impl Stream<Item = (String, String)> + use<>, Problem> {
    let (listening, is_first) = state.live.enter(watched, standing, heard)?;
    if is_first {
        rt::spawn(watch(state.clone(), watched));
    }
    Ok(stream::unfold(listening, |mut listening| async move {
        let heard = listening.next().await?;
        Some((heard, listening))
    }))
}

impl Listening {
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            tokio::select! {
                biased;
                _ = &mut self.ended => return None,
                changed = self.newest.changed() => changed.ok()?,
            }
            let newest = self.newest.borrow_and_update().clone();
            if let Some(newest) = newest.filter(|newest| self.heard.as_ref() != Some(&newest.id)) {
                self.heard = Some(newest.id.clone());
                return Some((newest.id.clone(), newest.json.clone()));
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut rooms = self.live.rooms();
        rooms.listeners -= 1;
        if let Some(room) = rooms.rooms.get_mut(&self.watched) {
            room.listeners.remove(&self.id);
        }
    }
}

impl Live {
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new listener, and whether a watcher is to be started for them.
    fn enter(
        self: &Arc<Live>,
        watched: Watched,
        standing: Standing,
        heard: Option<String>,
    ) -> Result<(Listening, bool), Problem> {
        let mut rooms = self.rooms();
        if rooms.closed || rooms.listeners >= MOST_LISTENERS {
            return Err(Code::Busy.into());
        }
        rooms.listeners += 1;
        rooms.next += 1;
        let id = rooms.next;
        let is_first = !rooms.rooms.contains_key(&watched);
        let room = rooms
            .rooms
            .entry(watched)
            .or_insert_with(|| Room { newest: watch::Sender::new(None), listeners: HashMap::new() });
        let (end, ended) = oneshot::channel();
        room.listeners.insert(id, (standing, end));
        let mut newest = room.newest.subscribe();
        newest.mark_changed();
        Ok((Listening { live: self.clone(), watched, id, newest, ended, heard }, is_first))
    }

    /// Those who listen there; none any more takes the room away, and its watcher with it.
    fn listeners(&self, watched: Watched) -> Option<Vec<(u64, Standing)>> {
        let mut rooms = self.rooms();
        let room = rooms.rooms.get(&watched)?;
        if room.listeners.is_empty() {
            rooms.rooms.remove(&watched);
            return None;
        }
        Some(room.listeners.iter().map(|(id, (standing, _))| (*id, standing.clone())).collect())
    }

    /// Ends the streams of these, and tells the others what is new.
    fn tell(&self, watched: Watched, seen: Seen) {
        if let Some(room) = self.rooms().rooms.get_mut(&watched) {
            for id in seen.ended {
                room.listeners.remove(&id);
            }
            if let Some(snapshot) = seen.changed {
                room.newest.send_replace(Some(Arc::new(snapshot)));
            }
        }
    }

    /// Ends every stream, and lets nobody listen any more: the service stops.
    pub fn close(&self) {
        let mut rooms = self.rooms();
        rooms.closed = true;
        rooms.rooms.clear();
    }
}

/// What came of a look.
struct Seen {
    /// Who may not listen any more.
    ended: Vec<u64>,
    changed: Option<Snapshot>,
}

/// Looks as long as somebody listens. What fails is tried again at the next look.
async fn watch(state: web::Data<State>, watched: Watched) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = None;
    loop {
        looks.tick().await;
        let Some(listeners) = state.live.listeners(watched) else { return };
        let (now, before) = (state.clock.now(), known.clone());
        let seen = state.db.read(move |conn| look(conn, watched, &listeners, before.as_deref(), now)).await;
        match seen {
            Ok(seen) => {
                if let Some(snapshot) = &seen.changed {
                    known = Some(snapshot.id.clone());
                }
                state.live.tell(watched, seen);
            }
            Err::<_, Problem>(problem) => tracing::warn!(%problem, "the live headcounts were not looked at"),
        }
    }
}

fn look(
    conn: &mut Conn,
    watched: Watched,
    listeners: &[(u64, Standing)],
    known: Option<&str>,
    now: crate::clock::At,
) -> Result<Seen, Fail> {
    let site = canteens::site(conn, watched.canteen)?;
    let mut ended = Vec::new();
    for (id, standing) in listeners {
        match standing.caller(conn, now).and_then(|caller| caller.on_duty(&site)) {
            Ok(duty) if duty.role() == watched.eyes => {}
            Ok(_) | Err(Fail::Refused(_)) => ended.push(*id),
            Err(fail) => return Err(fail),
        }
    }
    if ended.len() == listeners.len() {
        return Ok(Seen { ended, changed: None });
    }
    let on = match watched.on {
        Some(on) => on,
        None => now.in_zone(canteens::zone(conn, site.id)?.0).date_naive(),
    };
    let day = Day::now(site.id, watched.eyes, on, now);
    let id = day.tag(conn)?.about().to_owned();
    if known == Some(id.as_str()) {
        return Ok(Seen { ended, changed: None });
    }
    let body = serde_json::to_string(&day.headcounts(conn)?).map_err(|_| Problem::new(Code::Internal))?;
    Ok(Seen { ended, changed: Some(Snapshot { id, json: body }) })
}
