//! Puts the parts together; starts, stops gracefully.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;

use crate::{
    access::tokens::Tokens,
    accounts::passwords::Hasher,
    clock::{At, Clock},
    db::Db,
    problem::{Code, Fail},
};

/// How far the clock may be behind the newest record before writing stops.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// What every request may need: the database's doors, the clock, the keys.
pub struct State {
    pub db: Db,
    pub clock: Clock,
    pub tokens: Tokens,
    pub hasher: Hasher,
    /// The newest instant at which anything was written, in microseconds.
    newest_us: AtomicI64,
}

impl State {
    /// The instant of a write; `clock_behind` when the clock is more than five minutes behind the newest record.
    pub fn now_for_writing(&self) -> Result<At, Fail> {
        let now = self.clock.now();
        let newest_us = self.newest_us.fetch_max(now.utc().timestamp_micros(), Ordering::Relaxed);
        let behind_us = newest_us - now.utc().timestamp_micros();
        if behind_us > CLOCK_TOLERANCE.num_microseconds().unwrap_or(i64::MAX) {
            return Err(Code::ClockBehind.into());
        }
        Ok(now)
    }
}
