//! The week's menus: seven days, each meal in place; copying another week; the way to edit and to post.

use actix_web::web::Path;
use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use super::{badge, home, menu_page, monday_of, on_duty, sets_first, span, staff_page, week_of, week_page};
use crate::{
    access::act,
    api::Answer,
    canteens::{self, Canteen, Closure},
    db::Conn,
    ids::CanteenId,
    menus::{
        self, Menu, MenuStatus,
        http::{CopyMenus, copy},
    },
    pages::{
        everyone::canteens::is_sold_out,
        forms::{Asked, Choice, Errors, Fields, Legend, Sent, address, button, form, one_of},
        say,
        shell::Page,
        texts::{everyone, shell, staff as texts},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    text::Whole,
    words::{Lang, Period},
};

/// How many weeks back a week can be copied from.
const WEEKS_BACK: u64 = 5;

type OfWeek = Path<(CanteenId, NaiveDate)>;

/// `GET /staff/{id}/week`: this week.
pub async fn this(visit: Visit<act::ReadDrafts>, id: Path<CanteenId>) -> Shown {
    let today = visit
        .allowed()
        .read(move |conn, caller| {
            let (canteen, _) = on_duty(conn, caller, *id)?;
            Ok((canteen.id, canteen.today(caller.now)))
        })
        .await?;
    Ok(go(&week_page(today.0, today.1)))
}

/// `GET /staff/{id}/week/{monday}`
pub async fn show(visit: Visit<act::ReadDrafts>, path: OfWeek, Asked(query): Asked) -> Shown {
    let (id, on) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let (canteen, _) = on_duty(conn, caller, id)?;
            let week = Week::of(conn, canteen, on, caller.now)?;
            let content = html! {
                (done(lang, &query))
                (week.ways(lang))
                @for day in &week.days { (week.day(lang, *day)) }
            };
            let title = texts::WEEK_TITLE.of(lang);
            let about = format!("{} · {}", week.span(lang), week.canteen.name);
            Ok(staff_page(lang, texts::WEEK_TITLE, &week.canteen, content)
                .heading(html! { (title) ": " (week.span(lang)) })
                .about(about))
        })
        .await
}

/// A canteen's week.
struct Week {
    canteen: Canteen,
    days: Vec<NaiveDate>,
    menus: Vec<Menu>,
    closures: Vec<Closure>,
    now: crate::clock::At,
}

impl Week {
    fn of(conn: &mut Conn, canteen: Canteen, on: NaiveDate, now: crate::clock::At) -> Result<Week, Fail> {
        let days = week_of(on)?;
        let (first, last) = (days[0], days[days.len() - 1]);
        let mut menus = menus::between(conn, canteen.id, first, last)?;
        menus.retain(|menu| menu.status != MenuStatus::Withdrawn);
        let closures = canteens::closures_between(conn, canteen.id, first, last)?;
        Ok(Week { canteen, days, menus, closures, now })
    }

    fn monday(&self) -> NaiveDate {
        self.days[0]
    }

    fn today(&self) -> NaiveDate {
        self.canteen.today(self.now)
    }

    fn span(&self, lang: Lang) -> String {
        span(lang, self.monday(), self.days[self.days.len() - 1], self.today())
    }

    /// To other weeks, and what can be done with this one.
    fn ways(&self, lang: Lang) -> Markup {
        let page = week_page(self.canteen.id, self.monday());
        let week = |on: Option<NaiveDate>| on.map(|on| week_page(self.canteen.id, on));
        let earlier = week(self.monday().checked_sub_days(Days::new(7)));
        let later = week(self.monday().checked_add_days(Days::new(7)));
        let drafts = self.menus.iter().filter(|menu| menu.status == MenuStatus::Draft).count();
        html! {
            nav .tools aria-label=(texts::WEEKS.of(lang)) { ul {
                @if let Some(to) = earlier { li { a .quiet href=(to) { (texts::WEEK_EARLIER.of(lang)) } } }
                li { a .quiet href=(week_page(self.canteen.id, self.today())) { (texts::WEEK_THIS.of(lang)) } }
                @if let Some(to) = later { li { a .quiet href=(to) { (texts::WEEK_LATER.of(lang)) } } }
            } }
            p .acts {
                a .button href={ (page) "/copy" } { (texts::COPY_TITLE.of(lang)) }
                @if drafts > 0 {
                    " " a .button href={ (page) "/post" } { (texts::POST_LINK.with(lang, &[("count", &drafts)])) }
                }
                " " a .quiet href={ (home(self.canteen.id)) "/wall/" (self.monday()) } { (texts::TO_WALL.of(lang)) }
            }
        }
    }

    fn day(&self, lang: Lang, on: NaiveDate) -> Markup {
        let weekday = chrono::Datelike::weekday(&on).into();
        let served = self.canteen.periods.iter().filter(|meal| meal.weekdays.contains(&weekday));
        // What was made for a meal that is served no more is still there.
        let mut periods: Vec<Period> = served.map(|meal| meal.period).collect();
        periods.extend(self.menus.iter().filter(|menu| menu.served_on == on).map(|menu| menu.period));
        periods.sort_unstable();
        periods.dedup();
        html! {
            section .day {
                h2 { (say::sentence(&say::day(lang, on, self.today()))) }
                @if periods.is_empty() { p .hint { (texts::NOT_SERVED.of(lang)) } }
                div .meals { @for period in periods { (self.meal(lang, on, period)) } }
            }
        }
    }

    fn meal(&self, lang: Lang, on: NaiveDate, period: Period) -> Markup {
        let menu = self.menus.iter().find(|menu| menu.served_on == on && menu.period == period);
        let closure = self.closures.iter().find(|closure| closure.covers(on, period));
        let name = say::sentence(say::period(period).of(lang));
        html! {
            @if let Some(menu) = menu { (self.card(lang, &name, menu)) }
            @else {
                section .meal {
                    h3 { (name) }
                    @if let Some(closure) = closure {
                        p { (texts::CLOSED.marked(lang, &[("reason", say::recorded(lang, &closure.reason))])) }
                    } @else if on < self.today() {
                        p .hint { (texts::NO_MENU_WAS.of(lang)) }
                    } @else {
                        p { (texts::NO_MENU.of(lang)) }
                        p { a .quiet href=(new_page(self.canteen.id, on, period)) {
                            (texts::MAKE_MENU.of(lang))
                            span .hidden { ": " (name) " " (say::date(lang, on, 0)) }
                        } }
                    }
                }
            }
        }
    }

    fn card(&self, lang: Lang, name: &str, menu: &Menu) -> Markup {
        let cutoff = say::moment(lang, self.canteen.zone, menu.cutoff_at, self.now);
        html! {
            section .meal id={ "menu-" (menu.id) } {
                h3 { (name) " " (badge(lang, menu.status)) }
                ul .items .tight { @for item in sets_first(menu) { li {
                    span .item {
                        span { (say::recorded(lang, &item.name)) }
                        " " span .price { (say::money(lang, item.price_fen)) }
                    }
                    @if is_sold_out(item) { span .hint { (everyone::SOLD_OUT.of(lang)) } }
                } } }
                @if menu.offered().next().is_none() { p .warning { (texts::NO_ITEMS.of(lang)) } }
                p .hint {
                    (texts::PLACES.with(lang, &[("taken", &menu.taken), ("capacity", &menu.capacity)])) " "
                    (texts::CUTOFF.with(lang, &[("until", &cutoff)]))
                }
                p { a .quiet href=(menu_page(self.canteen.id, menu.id)) {
                    (texts::EDIT_MENU.of(lang))
                    span .hidden { ": " (name) " " (say::date(lang, menu.served_on, 0)) }
                } }
            }
        }
    }
}

/// Where a menu is made for a meal that has none.
fn new_page(canteen: CanteenId, on: NaiveDate, period: Period) -> String {
    address(
        &format!("{}/new-menu", home(canteen)),
        [("on", on.to_string()), ("period", period.as_str().to_owned())],
    )
}

/// What was just done with the week.
fn done(lang: Lang, query: &Fields) -> Markup {
    let count = |name: &str| query.get(name).parse::<u32>().ok();
    html! {
        @if let Some(copied) = count("copied") {
            p .notice role="status" {
                (texts::COPIED.with(lang, &[("count", &copied)]))
                @if let Some(skipped) = count("skipped").filter(|skipped| *skipped > 0) {
                    " " (texts::SKIPPED.with(lang, &[("count", &skipped)]))
                }
            }
        }
        @if let Some(posted) = count("posted") {
            p .notice role="status" { (texts::POSTED.with(lang, &[("count", &posted)])) }
        }
        @if !query.get("saved").is_empty() { p .notice role="status" { (texts::SAVED.of(lang)) } }
    }
}

/// `GET /staff/{id}/week/{monday}/copy`
pub async fn copy_form(visit: Visit<act::EditMenus>, path: OfWeek) -> Shown {
    let (id, on) = path.into_inner();
    visit
        .show(move |conn, caller, look| {
            let (canteen, _) = on_duty(conn, caller, id)?;
            copy_page(conn, look, canteen, on, caller.now, Errors::none())
        })
        .await
}

fn copy_page(
    conn: &mut Conn,
    look: &Look,
    canteen: Canteen,
    on: NaiveDate,
    now: crate::clock::At,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let week = Week::of(conn, canteen, on, now)?;
    let mut choices = Vec::new();
    for back in 1..=WEEKS_BACK {
        let Some(monday) = week.monday().checked_sub_days(Days::new(7 * back)) else { continue };
        let days = week_of(monday)?;
        let mut menus = menus::between(conn, week.canteen.id, days[0], days[6])?;
        menus.retain(|menu| menu.status != MenuStatus::Withdrawn);
        if !menus.is_empty() {
            let name = span(lang, days[0], days[6], week.today());
            let count = texts::MENUS.with(lang, &[("count", &menus.len())]);
            choices.push(Choice::new(monday.to_string(), html! { (name) }).hint(html! { (count) }));
        }
    }
    let newest = choices.first().map(|choice| choice.value.clone()).unwrap_or_default();
    let page = week_page(week.canteen.id, week.monday());
    let content = html! {
        p .lead { (texts::COPY_LEAD.with(lang, &[("week", &week.span(lang))])) }
        @if choices.is_empty() { p { (texts::COPY_NOTHING.of(lang)) } }
        @else {
            (form(look, html! {
                (one_of("from", Legend::Shown(texts::COPY_FROM.of(lang)), &choices, &newest, &errors))
                (button(texts::COPY_BUTTON.of(lang)))
            }))
        }
    };
    let about = format!("{} · {}", week.span(lang), week.canteen.name);
    Ok(staff_page(lang, texts::COPY_TITLE, &week.canteen, content).about(about).back(page).errors(errors))
}

/// `POST /staff/{id}/week/{monday}/copy`: makes drafts of the menus of another week.
pub async fn copy_week(visit: Visit<act::EditMenus>, path: OfWeek, sent: Sent) -> Shown {
    let (id, on) = path.into_inner();
    let lang = visit.lang();
    let to_on = monday_of(on);
    let from_on = sent.fields.get("from").parse::<NaiveDate>();
    let (Ok(from_on), Ok(days)) = (from_on, Whole::new(7)) else {
        let errors = Errors::at("from", shell::CHOOSE_ONE.of(lang));
        return copy_again(&visit, id, on, errors).await;
    };
    let wish = CopyMenus { from_on, to_on, days, publish: false };
    match copy(visit.api(), Path::from(id), sent.keyed(wish)).await.and_then(Answer::into_body) {
        Ok(made) => {
            let query =
                [("copied", made.items.len().to_string()), ("skipped", made.skipped.len().to_string())];
            Ok(go(&address(&week_page(id, to_on), query)))
        }
        Err(problem) if problem.code == Code::NothingToCopy => {
            copy_again(&visit, id, on, Errors::of("from", &problem, lang)).await
        }
        Err(problem) => Err(problem),
    }
}

async fn copy_again(visit: &Visit<act::EditMenus>, id: CanteenId, on: NaiveDate, errors: Errors) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let (canteen, _) = on_duty(conn, caller, id)?;
            copy_page(conn, look, canteen, on, caller.now, errors)
        })
        .await
}
