//! OpenMensa v2 over HTTP: its names, its numbers, its pages.

use actix_web::web::Path;
use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Day, Meal, feed};
use crate::{
    access::{Allowed, act},
    api::{Answer, Done, File, Query, Xml},
    canteens::{self, Canteen},
    money::Fen,
    problem::{Code, Problem},
    text::Whole,
    words::Level,
};

/// How many items a page has where nothing is said, and at most.
const USUAL_PAGE: i32 = 100;

/// How many days are told with their meals.
const WEEK_DAYS: u64 = 7;

/// A page of a list.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
struct Pages {
    page: Option<Whole<1, 100_000>>,
    limit: Option<Whole<1, 100>>,
}

impl Pages {
    fn page(self) -> i64 {
        i64::from(self.page.map_or(1, Whole::get))
    }

    fn limit(self) -> i64 {
        i64::from(self.limit.map_or(USUAL_PAGE, Whole::get))
    }

    fn offset(self) -> i64 {
        (self.page() - 1) * self.limit()
    }

    /// The answer with the headers by which programs find the other pages of the list at this path.
    fn answer<T>(self, items: Vec<T>, count: i64, path: &str, filters: &str) -> Done<Vec<T>> {
        let (page, limit) = (self.page(), self.limit());
        let last = ((count + limit - 1) / limit).max(1);
        let link =
            |page: i64, rel: &str| format!("<{path}?{filters}page={page}&limit={limit}>; rel=\"{rel}\"");
        let mut links = vec![link(1, "first"), link(last, "last")];
        links.extend((page > 1).then(|| link((page - 1).min(last), "prev")));
        links.extend((page < last).then(|| link(page + 1, "next")));
        Answer::new(items)
            .header("X-Total-Pages", last.to_string())
            .header("X-Total-Count", count.to_string())
            .header("X-Current-Page", page.to_string())
            .header("X-Per-Page", limit.to_string())
            .header("Link", links.join(", "))
    }
}

/// A canteen.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OpenMensaCanteen")]
pub struct CanteenBody {
    /// A number of its own, which never changes.
    pub id: i32,
    pub name: String,
    pub city: String,
    pub address: String,
    /// Latitude and longitude; null, as none are kept.
    pub coordinates: Option<[f64; 2]>,
}

impl From<Canteen> for CanteenBody {
    fn from(canteen: Canteen) -> CanteenBody {
        CanteenBody {
            id: canteen.number,
            name: canteen.name,
            city: canteen.area.name(Level::City).unwrap_or_default().to_owned(),
            address: canteen.address,
            coordinates: None,
        }
    }
}

/// A day of which something is known.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OpenMensaDay")]
pub struct DayBody {
    pub date: NaiveDate,
    pub closed: bool,
}

impl From<&Day> for DayBody {
    fn from(day: &Day) -> DayBody {
        DayBody { date: day.on, closed: day.closed }
    }
}

/// What a meal costs each role, in yuan. OpenMensa knows no elders: the list price is that of the others.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OpenMensaPrices")]
pub struct PricesBody {
    pub students: Option<f64>,
    pub employees: Option<f64>,
    pub pupils: Option<f64>,
    pub others: f64,
}

/// Something that can be ordered.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OpenMensaMeal")]
pub struct MealBody {
    /// Always the same for the same item.
    pub id: i64,
    pub name: String,
    /// The meal of the day.
    pub category: String,
    pub prices: PricesBody,
    /// Allergens, diet tags, ways of serving, and the menu's note.
    pub notes: Vec<String>,
}

impl From<Meal> for MealBody {
    fn from(meal: Meal) -> MealBody {
        let Meal { number, name, category, price, notes } = meal;
        let prices = PricesBody { students: None, employees: None, pupils: None, others: yuan(price) };
        MealBody { id: number, name, category, prices, notes }
    }
}

/// OpenMensa has prices as decimal numbers; none is ever read back.
fn yuan(price: Fen) -> f64 {
    price.0 as f64 / 100.0
}

/// A day with its meals.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OpenMensaDayWithMeals")]
pub struct FullDayBody {
    pub date: NaiveDate,
    pub closed: bool,
    pub meals: Vec<MealBody>,
}

/// Which canteens to list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteensQuery {
    /// Only these, by their numbers with commas.
    #[schemars(length(max = 999), regex(pattern = "^[0-9]{1,9}(,[0-9]{1,9}){0,99}$"))]
    pub ids: Option<String>,
    /// Which page, from 1.
    pub page: Option<Whole<1, 100_000>>,
    /// How many on a page; 100 where nothing is said.
    pub limit: Option<Whole<1, 100>>,
}

/// `GET /openmensa/canteens`
pub async fn canteens(
    allowed: Allowed<act::ReadCanteens>,
    Query(query): Query<CanteensQuery>,
) -> Result<Done<Vec<CanteenBody>>, Problem> {
    let pages = Pages { page: query.page, limit: query.limit };
    let filters = query.ids.as_ref().map_or_else(String::new, |ids| format!("ids={ids}&"));
    let numbers: Option<Vec<i32>> =
        query.ids.map(|ids| ids.split(',').filter_map(|number| number.parse().ok()).collect());
    allowed
        .read(move |conn, _| {
            let (found, count) = canteens::numbered(conn, numbers.as_deref(), pages.offset(), pages.limit())?;
            let items = found.into_iter().map(CanteenBody::from).collect();
            Ok(pages.answer(items, count, "/api/v1/openmensa/canteens", &filters))
        })
        .await
}

/// `GET /openmensa/canteens/{number}`
pub async fn canteen(
    allowed: Allowed<act::ReadCanteens>,
    path: Path<CanteenPath>,
) -> Result<Done<CanteenBody>, Problem> {
    allowed.read(move |conn, _| Ok(Answer::new(canteens::by_number(conn, path.number)?.into()))).await
}

/// A canteen by its number.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct CanteenPath {
    #[schemars(range(min = 1))]
    pub number: i32,
}

/// A day of a canteen.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct DayPath {
    #[schemars(range(min = 1))]
    pub number: i32,
    pub date: NaiveDate,
}

/// A meal of a day.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct MealPath {
    #[schemars(range(min = 1))]
    pub number: i32,
    pub date: NaiveDate,
    #[schemars(range(min = 1))]
    pub meal: i64,
}

/// From which day on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DaysQuery {
    /// Today where nothing is said.
    pub start: Option<NaiveDate>,
    /// Which page, from 1.
    pub page: Option<Whole<1, 100_000>>,
    /// How many on a page; 100 where nothing is said.
    pub limit: Option<Whole<1, 100>>,
}

/// `GET /openmensa/canteens/{number}/days`
pub async fn days(
    allowed: Allowed<act::ReadCanteens>,
    path: Path<CanteenPath>,
    Query(query): Query<DaysQuery>,
) -> Result<Done<Vec<DayBody>>, Problem> {
    let pages = Pages { page: query.page, limit: query.limit };
    allowed
        .read(move |conn, caller| {
            let canteen = canteens::by_number(conn, path.number)?;
            let start = query.start.unwrap_or_else(|| canteen.today(caller.now));
            let found = super::days_from(conn, &canteen, start, caller.lang)?;
            let (offset, limit) = (pages.offset() as usize, pages.limit() as usize);
            let items = found.iter().skip(offset).take(limit).map(DayBody::from).collect();
            let list = format!("/api/v1/openmensa/canteens/{}/days", canteen.number);
            Ok(pages.answer(items, found.len() as i64, &list, &format!("start={start}&")))
        })
        .await
}

/// `GET /openmensa/canteens/{number}/days/{date}`
pub async fn day(allowed: Allowed<act::ReadCanteens>, path: Path<DayPath>) -> Result<Done<DayBody>, Problem> {
    let day = of_day(&allowed, *path).await?;
    Ok(Answer::new(DayBody::from(&day)))
}

/// `GET /openmensa/canteens/{number}/days/{date}/meals`
pub async fn meals(
    allowed: Allowed<act::ReadCanteens>,
    path: Path<DayPath>,
) -> Result<Done<Vec<MealBody>>, Problem> {
    let day = of_day(&allowed, *path).await?;
    Ok(Answer::new(day.meals.into_iter().map(MealBody::from).collect()))
}

/// `GET /openmensa/canteens/{number}/days/{date}/meals/{meal}`
pub async fn meal(
    allowed: Allowed<act::ReadCanteens>,
    path: Path<MealPath>,
) -> Result<Done<MealBody>, Problem> {
    let day = of_day(&allowed, DayPath { number: path.number, date: path.date }).await?;
    let meal =
        day.meals.into_iter().find(|meal| meal.number == path.meal).ok_or(Problem::new(Code::NotFound))?;
    Ok(Answer::new(meal.into()))
}

/// The day, `not_found` where nothing is known of it.
async fn of_day(allowed: &Allowed<act::ReadCanteens>, path: DayPath) -> Result<Day, Problem> {
    allowed
        .read(move |conn, caller| {
            let canteen = canteens::by_number(conn, path.number)?;
            Ok(super::day_on(conn, &canteen, path.date, caller.lang)?.ok_or(Code::NotFound)?)
        })
        .await
}

/// From which day on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeekQuery {
    /// Today where nothing is said.
    pub start: Option<NaiveDate>,
}

/// `GET /openmensa/canteens/{number}/meals`
pub async fn week(
    allowed: Allowed<act::ReadCanteens>,
    path: Path<CanteenPath>,
    Query(query): Query<WeekQuery>,
) -> Result<Done<Vec<FullDayBody>>, Problem> {
    allowed
        .read(move |conn, caller| {
            let canteen = canteens::by_number(conn, path.number)?;
            let start = query.start.unwrap_or_else(|| canteen.today(caller.now));
            let end = start.checked_add_days(Days::new(WEEK_DAYS)).unwrap_or(start);
            let days = super::days_from(conn, &canteen, start, caller.lang)?;
            let told = days.into_iter().take_while(|day| day.on < end).map(|day| FullDayBody {
                date: day.on,
                closed: day.closed,
                meals: day.meals.into_iter().map(MealBody::from).collect(),
            });
            Ok(Answer::new(told.collect()))
        })
        .await
}

/// `GET /openmensa/canteens/{number}/feed.xml`
pub async fn feed(
    allowed: Allowed<act::ReadCanteens>,
    path: Path<CanteenPath>,
) -> Result<File<Xml>, Problem> {
    let (canteen, days) = allowed
        .read(move |conn, caller| {
            let canteen = canteens::by_number(conn, path.number)?;
            let today = canteen.today(caller.now);
            let days = super::days_from(conn, &canteen, today, caller.lang)?;
            Ok((canteen, days))
        })
        .await?;
    let feed = feed::write(&canteen, &days).map_err(|error| {
        tracing::error!(%error, "a feed cannot be written");
        Problem::new(Code::Internal)
    })?;
    Ok(File::new(feed))
}
