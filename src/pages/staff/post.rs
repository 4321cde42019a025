//! Posting: what each kind of person would pay for the drafts, and the button that publishes all of them in one act.

use std::collections::BTreeMap;

use actix_web::web::Path;
use chrono::NaiveDate;
use maud::{Markup, html};

use super::{meal_title, menu_of, menu_page, on_duty, sets_first, span, staff_page, week_of, week_page};
use crate::{
    access::act,
    api::Answer,
    canteens::Canteen,
    clock::At,
    db::Conn,
    ids::{CanteenId, MenuId},
    menus::{
        self, Menu, MenuStatus, Pick,
        http::{DraftsToPublish, SeenDraft, publish_drafts},
    },
    money::Fen,
    pages::{
        everyone::canteens,
        forms::{Errors, Sent, address, button, form, hidden},
        say,
        shell::Page,
        texts::{shell, staff as texts},
        visit::{Look, Shown, Visit, go},
    },
    policies,
    pricing::TypicalPrice,
    problem::{Code, Fail, Problem},
    words::{ItemKind, Lang, MealClass, Mode, Period},
};

/// What is to be published: every draft of a week, or one.
#[derive(Clone, Copy, Debug)]
enum What {
    Week(NaiveDate),
    One(MenuId),
}

impl What {
    /// The drafts whose meals are still to come.
    fn drafts(self, conn: &mut Conn, canteen: &Canteen, now: At) -> Result<Vec<Menu>, Fail> {
        let mut drafts = match self {
            What::Week(on) => {
                let days = week_of(on)?;
                menus::between(conn, canteen.id, days[0], days[6])?
            }
            What::One(id) => vec![menu_of(conn, canteen, id)?],
        };
        drafts.retain(|menu| menu.status == MenuStatus::Draft && menu.serves_to_at > now);
        Ok(drafts)
    }

    fn back(self, canteen: CanteenId) -> String {
        match self {
            What::Week(on) => week_page(canteen, on),
            What::One(id) => menu_page(canteen, id),
        }
    }
}

/// `GET /staff/{id}/week/{monday}/post`
pub async fn week_form(visit: Visit<act::EditMenus>, path: Path<(CanteenId, NaiveDate)>) -> Shown {
    let (id, on) = path.into_inner();
    show(&visit, id, What::Week(on), Errors::none()).await
}

/// `POST /staff/{id}/week/{monday}/post`
pub async fn week(visit: Visit<act::EditMenus>, path: Path<(CanteenId, NaiveDate)>, sent: Sent) -> Shown {
    let (id, on) = path.into_inner();
    publish(&visit, id, What::Week(on), &sent).await
}

/// `GET /staff/{id}/menus/{menu}/publish`
pub async fn one_form(visit: Visit<act::EditMenus>, path: Path<(CanteenId, MenuId)>) -> Shown {
    let (id, menu) = path.into_inner();
    show(&visit, id, What::One(menu), Errors::none()).await
}

/// `POST /staff/{id}/menus/{menu}/publish`
pub async fn one(visit: Visit<act::EditMenus>, path: Path<(CanteenId, MenuId)>, sent: Sent) -> Shown {
    let (id, menu) = path.into_inner();
    publish(&visit, id, What::One(menu), &sent).await
}

async fn show(visit: &Visit<act::EditMenus>, id: CanteenId, what: What, errors: Errors) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let (canteen, _) = on_duty(conn, caller, id)?;
            let drafts = what.drafts(conn, &canteen, caller.now)?;
            page(conn, look, &canteen, what, &drafts, caller.now, errors)
        })
        .await
}

fn page(
    conn: &mut Conn,
    look: &Look,
    canteen: &Canteen,
    what: What,
    drafts: &[Menu],
    now: At,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let prices = Prices::of(conn, canteen, drafts)?;
    let content = html! {
        @if drafts.is_empty() { p .lead { (texts::POST_NOTHING.of(lang)) } }
        @else {
            p .lead { (texts::POST_LEAD.of(lang)) }
            (prices.shown(lang, canteen, now))
            h2 { (texts::POST_WHAT.of(lang)) }
            div .meals { @for draft in drafts { section .meal {
                h3 { (meal_title(lang, draft, canteen, now)) }
                (canteens::items(lang, draft))
                p .hint {
                    (texts::PLACES.with(lang, &[("taken", &draft.taken), ("capacity", &draft.capacity)])) " "
                    (texts::CUTOFF.with(lang, &[
                        ("until", &say::moment(lang, canteen.zone, draft.cutoff_at, now)),
                    ]))
                }
                p { a .quiet href=(menu_page(canteen.id, draft.id)) { (shell::CHANGE.of(lang))
                    span .hidden { ": " (meal_title(lang, draft, canteen, now)) } } }
            } } }
            (form(look, html! {
                div #drafts tabindex="-1" {
                    @for draft in drafts { (hidden("draft", &format!("{} {}", draft.id, draft.version))) }
                }
                p { (texts::POST_MEANS.of(lang)) }
                (button(&texts::POST_BUTTON.with(lang, &[("count", &drafts.len())])))
            }))
        }
    };
    let about = match what {
        What::Week(on) => {
            let days = week_of(on)?;
            span(lang, days[0], days[6], canteen.today(now))
        }
        What::One(_) => drafts.first().map(|draft| meal_title(lang, draft, canteen, now)).unwrap_or_default(),
    };
    Ok(staff_page(lang, texts::POST_TITLE, canteen, content)
        .about(format!("{about} · {}", canteen.name))
        .back(what.back(canteen.id))
        .errors(errors))
}

/// Publishes the drafts that were looked at: all of them or none.
async fn publish(visit: &Visit<act::EditMenus>, id: CanteenId, what: What, sent: &Sent) -> Shown {
    let drafts: Option<Vec<SeenDraft>> = sent.fields.all("draft").map(seen).collect();
    let drafts = drafts.filter(|drafts| !drafts.is_empty()).ok_or(Code::Stale)?;
    let wish = sent.keyed(DraftsToPublish { drafts });
    match publish_drafts(visit.api(), Path::from(id), wish).await.and_then(Answer::into_body) {
        Ok(posted) => {
            let on = posted.items.first().map(|menu| menu.served_on);
            let to = on.map_or_else(|| what.back(id), |on| week_page(id, on));
            Ok(go(&address(&to, [("posted", posted.items.len().to_string())])))
        }
        Err(problem) if can_be_mended(&problem) => {
            show(visit, id, what, Errors::of("drafts", &problem, visit.lang())).await
        }
        Err(problem) => Err(problem),
    }
}

/// A draft and its version, as the form has them.
fn seen(text: &str) -> Option<SeenDraft> {
    let (id, version) = text.split_once(' ')?;
    Some(SeenDraft { id: id.parse().ok()?, version: version.parse().ok()? })
}

fn can_be_mended(problem: &Problem) -> bool {
    matches!(problem.code, Code::BadMenu | Code::CanteenClosed | Code::MenuInPast)
}

/// What typical persons would pay for what is on some menus.
pub struct Prices {
    /// The meals of one price: period, list price and the days on which everybody pays the same for it.
    columns: Vec<Column>,
    rows: Vec<TypicalPrice>,
}

struct Column {
    period: Period,
    price: Fen,
    days: Vec<NaiveDate>,
    /// Where it stands in each row.
    at: usize,
}

impl Prices {
    pub fn of(conn: &mut Conn, canteen: &Canteen, menus: &[Menu]) -> Result<Prices, Fail> {
        let mut asked: BTreeMap<(Period, Fen, NaiveDate), crate::pricing::Order> = BTreeMap::new();
        for menu in menus {
            let mode = menu.modes.first().copied().unwrap_or(Mode::DineIn);
            for item in priced(menu) {
                let order = menu.order(&[Pick { item_id: item, portions: 1 }], mode, MealClass::Meal);
                asked.entry((menu.period, order.charge(), menu.served_on)).or_insert(order);
            }
        }
        let orders = asked.iter().map(|((_, _, on), order)| (*on, order.clone())).collect();
        let rows = policies::typical_prices(conn, &canteen.area, orders)?;
        let mut columns: Vec<Column> = Vec::new();
        for (at, (period, price, on)) in asked.into_keys().enumerate() {
            let same = |column: &&mut Column| {
                (column.period, column.price) == (period, price)
                    && rows.iter().all(|row| row.pays[column.at] == row.pays[at])
            };
            match columns.iter_mut().find(same) {
                Some(column) => column.days.push(on),
                None => columns.push(Column { period, price, days: vec![on], at }),
            }
        }
        Ok(Prices { columns, rows })
    }

    pub fn shown(&self, lang: Lang, canteen: &Canteen, now: At) -> Markup {
        html! {
            @if !self.columns.is_empty() {
                h2 { (texts::PRICES_TITLE.of(lang)) }
                div .scroll tabindex="0" role="region" aria-label=(texts::PRICES_TITLE.of(lang)) { table .prices {
                    caption { (texts::PRICES_CAPTION.of(lang)) }
                    thead { tr {
                        th scope="col" { (texts::WHO.of(lang)) }
                        @for column in &self.columns { th .amount scope="col" { (column.title(lang, canteen, now)) } }
                    } }
                    tbody { @for row in &self.rows { tr {
                        th scope="row" { (say::sentence(row.who.get(lang))) }
                        @for column in &self.columns { td .amount { (say::money(lang, row.pays[column.at])) } }
                    } } }
                } }
                p .hint { (texts::PRICES_HINT.of(lang)) }
            }
        }
    }
}

impl Column {
    fn title(&self, lang: Lang, canteen: &Canteen, now: At) -> Markup {
        let today = canteen.today(now);
        let (first, last) = (self.days[0], self.days[self.days.len() - 1]);
        let days = match self.days.len() {
            1 => say::date(lang, first, chrono::Datelike::year(&today)),
            count => texts::DAYS_FROM.with(
                lang,
                &[("count", &count), ("from", &say::short_date(first)), ("to", &say::short_date(last))],
            ),
        };
        html! {
            (say::sentence(say::period(self.period).of(lang))) br;
            (texts::LISTED.with(lang, &[("price", &say::money(lang, self.price))])) br;
            span .hint { (days) }
        }
    }
}

/// The items whose prices are shown: the set meals, or the dishes where there are none.
fn priced(menu: &Menu) -> Vec<crate::ids::MenuItemId> {
    let items = sets_first(menu);
    let sets: Vec<_> = items.iter().filter(|item| item.kind == ItemKind::Set).map(|item| item.id).collect();
    if sets.is_empty() { items.iter().map(|item| item.id).collect() } else { sets }
}
