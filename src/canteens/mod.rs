//! Canteens (食堂 · 助餐点): where they lie, which meals they serve when, up to when one may order, when they are closed.
//!
//! The cut-off of a meal (BR-21) is so many *service days* before it, at a local time. A service day is a day on which
//! the canteen serves at all: its weekday is served by some period and no closure covers the whole of it. So an order
//! for Monday closes on Friday where nobody cooks at weekends, and a holiday in between moves it further.

pub mod http;
mod store;
mod zone;

use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use diesel::QueryResult;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    access::{Actor, Officer, OnDuty, Scope, Site},
    clock::At,
    db::Conn,
    ids::{CanteenId, ClosureId},
    money::Fen,
    problem::{Code, Fail, Problem},
    text::ClockTime,
    words::{Area, Bilingual, Mode, Period, Weekday},
};

pub use zone::Zone;

/// How many days before a meal a cut-off is looked for.
const LOOK_BACK_DAYS: u64 = 60;

/// The most days that one closure covers.
const LONGEST_CLOSURE_DAYS: i64 = 366;

/// How far ahead a closure may be recorded, in days.
const FARTHEST_CLOSURE_DAYS: u64 = 2 * 366;

/// A place that serves meals, with its meal periods in the order of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canteen {
    pub id: CanteenId,
    pub name: String,
    pub area: Area,
    pub address: String,
    pub phone: String,
    pub zone: Zone,
    /// What a delivery costs on top of the food.
    pub delivery_fee_fen: Fen,
    /// Under which programs elsewhere know it that take whole numbers only; it never changes.
    pub number: i32,
    /// At most one of each.
    pub periods: Vec<MealPeriod>,
    pub version: i32,
}

/// What an officer enters about a canteen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    pub name: String,
    pub area: Area,
    pub address: String,
    pub phone: String,
    pub zone: Zone,
    pub delivery_fee_fen: Fen,
    pub periods: Vec<MealPeriod>,
}

/// How a canteen serves one meal of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct MealPeriod {
    pub period: Period,
    /// When serving begins, on the canteen's clock.
    pub serves_from: ClockTime,
    /// When serving ends, later the same day.
    pub serves_to: ClockTime,
    pub cutoff: Cutoff,
    /// How many meals a new menu offers.
    #[schemars(range(min = 1, max = 5000))]
    pub default_capacity: i32,
    #[schemars(length(min = 1, max = 3))]
    pub modes: Vec<Mode>,
    /// The days of the week on which this meal is served.
    #[schemars(length(min = 1, max = 7))]
    pub weekdays: Vec<Weekday>,
}

/// The last moment to order, change or cancel without staff (BR-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Cutoff {
    /// Service days before the day of the meal; 0 is the day itself.
    #[schemars(range(min = 0, max = 14))]
    pub service_days_before: i32,
    /// On the canteen's clock.
    pub at: ClockTime,
}

/// Days on which a canteen does not serve, as they were recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    pub id: ClosureId,
    pub canteen_id: CanteenId,
    pub from_on: NaiveDate,
    /// The last day.
    pub to_on: NaiveDate,
    /// Which meal; without one, the whole day.
    pub period: Option<Period>,
    pub reason: String,
    pub created_at: At,
    /// Who closed it.
    pub by: Actor,
}

/// A closure to be recorded.
#[derive(Clone, Debug)]
pub struct NewClosure {
    pub from_on: NaiveDate,
    pub to_on: NaiveDate,
    pub period: Option<Period>,
    pub reason: String,
}

/// The instants of one meal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MealTimes {
    pub serves_from_at: At,
    pub serves_to_at: At,
    pub cutoff_at: At,
}

// Acts ----------------------------------------------------------------------------------------------------------------

/// Records a canteen. Fails with `bad_canteen`, or with `canteen_exists` for a namesake in the same area.
pub fn create(conn: &mut Conn, _officer: &Officer, details: Details, now: At) -> Result<Canteen, Fail> {
    check(&details)?;
    store::insert(conn, &details, now)?.ok_or_else(|| Code::CanteenExists.into())
}

/// Replaces what is recorded of the canteen that was read as `seen`. Menus that exist keep the times they were made with.
///
/// `_officer` proves office over the area that the canteen is to lie in. Fails like [`create`], and with `stale` when
/// somebody edited the canteen meanwhile.
pub fn edit(
    conn: &mut Conn,
    _officer: &Officer,
    id: CanteenId,
    seen: i32,
    details: Details,
) -> Result<Canteen, Fail> {
    check(&details)?;
    if store::has_namesake(conn, id, &details)? {
        return Err(Code::CanteenExists.into());
    }
    store::update(conn, id, seen, &details)?.ok_or_else(|| Code::Stale.into())
}

/// Records that the canteen does not serve from one day to another (BR-28). Fails with `bad_closure`.
///
/// What was reserved for these days is not touched here: whoever composes the act cancels it in the same transaction.
pub fn close(conn: &mut Conn, duty: &OnDuty, new: NewClosure, now: At) -> Result<Closure, Fail> {
    let today = find(conn, duty.canteen())?.today(now);
    check_closure(&new, today)?;
    Ok(store::insert_closure(conn, duty.canteen(), new, duty.actor(), now)?)
}

/// The canteen with this id and its periods; `canteen_not_found` without.
pub fn find(conn: &mut Conn, id: CanteenId) -> Result<Canteen, Fail> {
    store::find(conn, id)?.ok_or_else(|| Code::CanteenNotFound.into())
}

/// The canteen with this number and its periods; `canteen_not_found` without.
pub fn by_number(conn: &mut Conn, number: i32) -> Result<Canteen, Fail> {
    store::by_number(conn, number)?.ok_or_else(|| Code::CanteenNotFound.into())
}

/// At most `limit` canteens with these numbers, or of all, after the first `offset`, by number; and how many there are.
pub fn numbered(
    conn: &mut Conn,
    numbers: Option<&[i32]>,
    offset: i64,
    limit: i64,
) -> Result<(Vec<Canteen>, i64), Fail> {
    Ok(store::numbered(conn, numbers, offset, limit)?)
}

/// The canteen with this id as rights see it; `canteen_not_found` without.
pub fn site(conn: &mut Conn, id: CanteenId) -> Result<Site, Fail> {
    store::site(conn, id)?.ok_or_else(|| Code::CanteenNotFound.into())
}

/// The time zone of a canteen that exists.
pub fn zone(conn: &mut Conn, id: CanteenId) -> QueryResult<Zone> {
    store::zone(conn, id)
}

/// Every canteen in these parts of the world, with its periods, by id.
pub fn all_in(conn: &mut Conn, scopes: &[Scope]) -> Result<Vec<Canteen>, Fail> {
    Ok(store::all_in(conn, scopes)?)
}

/// Every canteen in these parts of the world as rights see it, by id.
pub fn sites_in(conn: &mut Conn, scopes: &[Scope]) -> Result<Vec<Site>, Fail> {
    Ok(store::sites_in(conn, scopes)?)
}

/// At most `limit` canteens after the one with the id `after`, in the city of this name if one is given, by id.
pub fn list(
    conn: &mut Conn,
    city: Option<&Area>,
    after: Option<CanteenId>,
    limit: i64,
) -> Result<Vec<Canteen>, Fail> {
    Ok(store::list(conn, city, after, limit)?)
}

/// At most `limit` closures that end on this day or later, after the one with the id `after`, by id.
pub fn closures_from(
    conn: &mut Conn,
    id: CanteenId,
    from_on: NaiveDate,
    after: Option<ClosureId>,
    limit: i64,
) -> Result<Vec<Closure>, Fail> {
    Ok(store::closures_from(conn, id, from_on, after, limit)?)
}

/// The closures that touch these days (both included), by their first day.
pub fn closures_between(
    conn: &mut Conn,
    id: CanteenId,
    from_on: NaiveDate,
    to_on: NaiveDate,
) -> Result<Vec<Closure>, Fail> {
    Ok(store::closures_between(conn, id, from_on, to_on)?)
}

/// The closures that decide about the [`MealTimes`] of a meal on this day, by their first day.
pub fn closures_around(conn: &mut Conn, id: CanteenId, on: NaiveDate) -> Result<Vec<Closure>, Fail> {
    let from_on = on.checked_sub_days(Days::new(LOOK_BACK_DAYS)).unwrap_or(on);
    closures_between(conn, id, from_on, on)
}

/// The closure by which the canteen does not serve this meal, if there is one.
pub fn closure_for(
    conn: &mut Conn,
    canteen: CanteenId,
    on: NaiveDate,
    period: Period,
) -> Result<Option<Closure>, Fail> {
    let closures = closures_between(conn, canteen, on, on)?;
    Ok(closures.into_iter().find(|closure| closure.covers(on, period)))
}

// Rules ---------------------------------------------------------------------------------------------------------------

impl Canteen {
    /// This canteen as rights see it.
    pub fn site(&self) -> Site {
        Site { id: self.id, area: self.area.clone() }
    }

    /// The civil day that it is at the canteen.
    pub fn today(&self, now: At) -> NaiveDate {
        self.zone.day_of(now)
    }

    /// When the next civil day begins at the canteen.
    pub fn tomorrow(&self, now: At) -> At {
        self.zone.instant(self.today(now) + Days::new(1), NaiveTime::MIN)
    }

    /// How this meal is served; `period_not_served` when it never is.
    pub fn period(&self, period: Period) -> Result<&MealPeriod, Problem> {
        self.periods
            .iter()
            .find(|meal| meal.period == period)
            .ok_or_else(|| Problem::new(Code::PeriodNotServed))
    }

    /// When this meal is served on this day, and when one had to order (BR-21).
    ///
    /// `closures` are those of this canteen that touch the day and the `LOOK_BACK_DAYS` before it. When fewer service
    /// days than the cut-off counts lie in them, it counts calendar days. Fails with `period_not_served` or
    /// `canteen_closed`.
    pub fn meal_times(
        &self,
        period: Period,
        on: NaiveDate,
        closures: &[Closure],
    ) -> Result<MealTimes, Problem> {
        let meal = self.period(period)?;
        if !meal.weekdays.contains(&on.weekday().into()) {
            return Err(Code::PeriodNotServed.into());
        }
        if let Some(closure) = closures.iter().find(|closure| closure.covers(on, period)) {
            return Err(Problem::new(Code::CanteenClosed).with("reason", &closure.reason));
        }
        let cutoff_on = self.days_before(on, meal.cutoff.service_days_before, closures);
        let instant = |on: NaiveDate, time: ClockTime| self.zone.instant(on, time.0);
        Ok(MealTimes {
            serves_from_at: instant(on, meal.serves_from),
            serves_to_at: instant(on, meal.serves_to),
            cutoff_at: instant(cutoff_on, meal.cutoff.at),
        })
    }

    /// The day that is so many service days before `on`.
    fn days_before(&self, on: NaiveDate, count: i32, closures: &[Closure]) -> NaiveDate {
        let count = u64::try_from(count).unwrap_or(0);
        let Some(last) = usize::try_from(count).ok().and_then(|count| count.checked_sub(1)) else {
            return on;
        };
        let mut service_days = std::iter::successors(on.pred_opt(), NaiveDate::pred_opt)
            .take(LOOK_BACK_DAYS as usize)
            .filter(|day| self.is_service_day(*day, closures));
        service_days.nth(last).or_else(|| on.checked_sub_days(Days::new(count))).unwrap_or(on)
    }

    fn is_service_day(&self, on: NaiveDate, closures: &[Closure]) -> bool {
        let weekday = on.weekday().into();
        self.periods.iter().any(|meal| meal.weekdays.contains(&weekday))
            && !closures.iter().any(|closure| closure.period.is_none() && closure.touches(on))
    }
}

impl Closure {
    /// Whether the canteen does not serve this meal because of it.
    pub fn covers(&self, on: NaiveDate, period: Period) -> bool {
        self.touches(on) && self.period.is_none_or(|closed| closed == period)
    }

    fn touches(&self, on: NaiveDate) -> bool {
        (self.from_on..=self.to_on).contains(&on)
    }
}

/// Whether these details can be those of a canteen. Fails with `bad_canteen`, which names every fault.
fn check(details: &Details) -> Result<(), Problem> {
    let faults: Vec<Fault> = details
        .periods
        .iter()
        .enumerate()
        .flat_map(|(at, meal)| {
            let earlier = details.periods[..at].iter().any(|other| other.period == meal.period);
            let twice = earlier
                .then(|| fault("period", "twice", "同一餐段出现了两次", "a meal period appears twice"));
            period_faults(meal)
                .into_iter()
                .chain(twice)
                .map(move |fault| Fault { pointer: format!("/periods/{at}/{}", fault.pointer), ..fault })
        })
        .collect();
    refusal(Code::BadCanteen, faults)
}

struct Fault {
    pointer: String,
    word: &'static str,
    said: Bilingual,
}

fn fault(pointer: &str, word: &'static str, zh: &str, en: &str) -> Fault {
    Fault { pointer: pointer.into(), word, said: Bilingual::new(zh, en) }
}

/// Nothing when there is no fault; else the refusal that gives the first as its reason and names them all.
fn refusal(code: Code, faults: Vec<Fault>) -> Result<(), Problem> {
    let Some(first) = faults.first() else { return Ok(()) };
    let problem = Problem::new(code).with("reason", &first.said);
    Err(faults
        .into_iter()
        .fold(problem, |problem, fault| problem.field(fault.pointer, fault.word, fault.said)))
}

fn period_faults(meal: &MealPeriod) -> Vec<Fault> {
    let same_day = meal.cutoff.service_days_before == 0;
    let rules = [
        (
            meal.serves_from < meal.serves_to,
            fault("serves_to", "ends_before_start", "供餐结束要晚于开始", "serving ends after it starts"),
        ),
        (
            (0..=14).contains(&meal.cutoff.service_days_before),
            fault(
                "cutoff/service_days_before",
                "out_of_range",
                "截止提前 0 到 14 个供餐日",
                "a cut-off is 0 to 14 service days before",
            ),
        ),
        (
            !same_day || meal.cutoff.at <= meal.serves_to,
            fault(
                "cutoff/at",
                "after_serving",
                "当天截止不能晚于供餐结束",
                "a cut-off on the same day is not after the end of serving",
            ),
        ),
        (
            (1..=5000).contains(&meal.default_capacity),
            fault("default_capacity", "out_of_range", "默认名额是 1 到 5000", "a capacity is 1 to 5000"),
        ),
        (
            is_set(&meal.modes),
            fault(
                "modes",
                "not_a_set",
                "至少一种就餐方式，不重复",
                "at least one way of serving, none twice",
            ),
        ),
        (
            is_set(&meal.weekdays),
            fault("weekdays", "not_a_set", "至少一个星期几，不重复", "at least one weekday, none twice"),
        ),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault).collect()
}

/// Whether there is at least one, and none twice.
fn is_set<T: PartialEq>(words: &[T]) -> bool {
    !words.is_empty() && words.iter().enumerate().all(|(at, word)| !words[..at].contains(word))
}

/// Whether a closure of these days may be recorded today. Fails with `bad_closure`.
fn check_closure(new: &NewClosure, today: NaiveDate) -> Result<(), Problem> {
    let farthest = today.checked_add_days(Days::new(FARTHEST_CLOSURE_DAYS)).unwrap_or(NaiveDate::MAX);
    let rules = [
        (
            new.from_on <= new.to_on,
            fault("/to_on", "ends_before_start", "结束日期早于开始日期", "it ends before it starts"),
        ),
        (new.to_on >= today, fault("/to_on", "over", "这些日期已过", "these days are over")),
        (
            (new.to_on - new.from_on).num_days() < LONGEST_CLOSURE_DAYS && new.to_on <= farthest,
            fault(
                "/to_on",
                "too_long",
                "一次停餐最长一年，且在两年以内",
                "a closure is at most a year long, and within two years",
            ),
        ),
    ];
    refusal(Code::BadClosure, rules.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn clock(text: &str) -> ClockTime {
        serde_json::from_value(text.into()).unwrap()
    }

    fn lunch(service_days_before: i32, at: &str, weekdays: &[Weekday]) -> MealPeriod {
        MealPeriod {
            period: Period::Lunch,
            serves_from: clock("11:00"),
            serves_to: clock("13:00"),
            cutoff: Cutoff { service_days_before, at: clock(at) },
            default_capacity: 100,
            modes: vec![Mode::DineIn],
            weekdays: weekdays.to_vec(),
        }
    }

    fn canteen(zone: &str, lunch: MealPeriod) -> Canteen {
        let now = At::new(chrono::DateTime::UNIX_EPOCH);
        Canteen {
            id: Id::new(now),
            name: "Jinyuan".into(),
            area: Area::new(["Guiyang"]).unwrap(),
            address: "1 Jinyuan Road".into(),
            phone: "0851-5550100".into(),
            zone: Zone(zone.parse().unwrap()),
            delivery_fee_fen: Fen(100),
            number: 1,
            periods: vec![lunch],
            version: 1,
        }
    }

    fn closed(from_on: &str, to_on: &str, period: Option<Period>) -> Closure {
        let now = At::new(chrono::DateTime::UNIX_EPOCH);
        Closure {
            id: Id::new(now),
            canteen_id: Id::new(now),
            from_on: day(from_on),
            to_on: day(to_on),
            period,
            reason: "power cut".into(),
            created_at: now,
            by: Actor::SYSTEM,
        }
    }

    fn cutoff(canteen: &Canteen, on: &str, closures: &[Closure]) -> String {
        canteen.meal_times(Period::Lunch, day(on), closures).unwrap().cutoff_at.to_string()
    }

    const WORKDAYS: &[Weekday] = &[Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

    #[test]
    fn an_order_for_monday_closes_on_friday_where_nobody_cooks_at_weekends() {
        let canteen = canteen("Asia/Shanghai", lunch(1, "16:00", WORKDAYS));
        assert_eq!(cutoff(&canteen, "2026-11-23", &[]), "2026-11-20T08:00:00Z");
        assert_eq!(cutoff(&canteen, "2026-11-24", &[]), "2026-11-23T08:00:00Z");
    }

    #[test]
    fn a_day_that_is_closed_as_a_whole_is_no_service_day() {
        let canteen = canteen("Asia/Shanghai", lunch(1, "16:00", Weekday::ALL));
        let holiday = closed("2026-10-01", "2026-10-07", None);
        assert_eq!(cutoff(&canteen, "2026-10-08", &[holiday]), "2026-09-30T08:00:00Z");
        let no_lunch = closed("2026-10-07", "2026-10-07", Some(Period::Lunch));
        assert_eq!(cutoff(&canteen, "2026-10-08", &[no_lunch]), "2026-10-07T08:00:00Z");
    }

    #[test]
    fn after_a_long_closure_the_cut_off_counts_calendar_days() {
        let canteen = canteen("Asia/Shanghai", lunch(1, "16:00", Weekday::ALL));
        let winter = closed("2026-11-01", "2027-02-28", None);
        assert_eq!(cutoff(&canteen, "2027-03-01", &[winter]), "2027-02-28T08:00:00Z");
    }

    #[test]
    fn a_cut_off_on_the_day_itself_needs_no_earlier_service_day() {
        let canteen = canteen("Asia/Shanghai", lunch(0, "09:00", &[Weekday::Mon]));
        assert_eq!(cutoff(&canteen, "2026-11-23", &[]), "2026-11-23T01:00:00Z");
    }

    #[test]
    fn a_cut_off_is_on_the_canteens_own_clock_when_clocks_change() {
        let canteen = canteen("America/New_York", lunch(1, "02:30", Weekday::ALL));
        // 02:30 never comes on the 8th, and an hour less lies between the 7th and the 9th.
        assert_eq!(cutoff(&canteen, "2026-03-09", &[]), "2026-03-08T07:00:00Z");
        assert_eq!(cutoff(&canteen, "2026-03-08", &[]), "2026-03-07T07:30:00Z");
        assert_eq!(cutoff(&canteen, "2026-03-10", &[]), "2026-03-09T06:30:00Z");
        let times = canteen.meal_times(Period::Lunch, day("2026-03-08"), &[]).unwrap();
        assert_eq!(times.serves_from_at.to_string(), "2026-03-08T15:00:00Z");
    }

    #[test]
    fn a_meal_that_is_not_served_has_no_times() {
        let canteen = canteen("Asia/Shanghai", lunch(1, "16:00", WORKDAYS));
        let refused = |period, on, closures: &[Closure]| {
            canteen.meal_times(period, day(on), closures).unwrap_err().code
        };
        assert_eq!(refused(Period::Dinner, "2026-11-23", &[]), Code::PeriodNotServed);
        assert_eq!(refused(Period::Lunch, "2026-11-22", &[]), Code::PeriodNotServed);
        let today = closed("2026-11-23", "2026-11-23", Some(Period::Lunch));
        assert_eq!(refused(Period::Lunch, "2026-11-23", &[today]), Code::CanteenClosed);
    }

    #[test]
    fn what_cannot_be_a_meal_period_is_refused_and_every_fault_named() {
        let meal = MealPeriod {
            serves_to: clock("10:00"),
            default_capacity: 0,
            modes: vec![Mode::DineIn, Mode::DineIn],
            weekdays: vec![],
            ..lunch(15, "16:00", WORKDAYS)
        };
        let Canteen { name, area, address, phone, zone, delivery_fee_fen, .. } =
            canteen("Asia/Shanghai", meal.clone());
        let periods = vec![lunch(0, "09:00", WORKDAYS), meal];
        let refused =
            check(&Details { name, area, address, phone, zone, delivery_fee_fen, periods }).unwrap_err();
        assert_eq!(refused.code, Code::BadCanteen);
        let pointers: Vec<&str> = refused.fields().iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/periods/1/serves_to",
                "/periods/1/cutoff/service_days_before",
                "/periods/1/default_capacity",
                "/periods/1/modes",
                "/periods/1/weekdays",
                "/periods/1/period"
            ]
        );
        assert_eq!(
            refused.detail(crate::words::Lang::En),
            "The canteen is not right: serving ends after it starts. Mend it and send it again."
        );
    }

    #[test]
    fn a_closure_lies_ahead_and_is_not_endless() {
        let judged = |from_on: &str, to_on: &str| {
            let new =
                NewClosure { from_on: day(from_on), to_on: day(to_on), period: None, reason: "flood".into() };
            check_closure(&new, day("2026-11-22")).map_err(|problem| problem.code)
        };
        assert_eq!(judged("2026-11-20", "2026-11-22"), Ok(()));
        for (from_on, to_on) in [
            ("2026-11-20", "2026-11-21"),
            ("2026-11-24", "2026-11-23"),
            ("2026-11-24", "2027-11-25"),
            ("2036-11-24", "2036-11-24"),
        ] {
            assert_eq!(judged(from_on, to_on), Err(Code::BadClosure), "{from_on} {to_on}");
        }
    }
}
