//! Menus over HTTP. Everybody reads what is published; staff write.

use actix_web::web;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Copied, Item, ItemPlan, Mark, Menu, MenuPlan, MenuStatus};
use crate::{
    access::{Allowed, Caller, OnDuty, Role, act, acts},
    api::{Answer, Body, Created, Done, ETag, Held, IfMatch, Keyed, Query, memory::Asked},
    attendance,
    audit::{self, Deed, Entry, Subject, SubjectKind},
    canteens,
    clock::At,
    db::Conn,
    ids::{CanteenId, MenuId, MenuItemId},
    money::Fen,
    problem::{Code, Fail, Problem},
    reservations::{self, ToCall, standing, waiting},
    subsidies,
    text::{Note, Whole},
    words::{ItemKind, Mode, Period},
};

/// A menu.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Menu")]
pub struct MenuBody {
    pub id: MenuId,
    pub canteen_id: CanteenId,
    pub served_on: NaiveDate,
    pub period: Period,
    pub status: MenuStatus,
    /// How many persons it is made for.
    pub capacity: i32,
    /// How many places are left: none while somebody waits. Nobody is promised one before they reserve.
    pub places_left: i32,
    /// How many wait for a place.
    pub waiting: i32,
    pub modes: Vec<Mode>,
    pub delivery_fee_fen: Fen,
    pub note: String,
    /// The last instant to reserve, change or cancel without staff.
    pub cutoff_at: At,
    pub serves_from_at: At,
    pub serves_to_at: At,
    pub published_at: Option<At>,
    pub closed_at: Option<At>,
    /// Counts the changes since it was published.
    pub edition: i32,
    pub items: Vec<ItemBody>,
}

/// An item of a menu.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MenuItem")]
pub struct ItemBody {
    pub id: MenuItemId,
    pub name: String,
    pub kind: ItemKind,
    pub price_fen: Fen,
    /// How many portions there are; unlimited without.
    pub portions: Option<i32>,
    pub portions_left: Option<i32>,
    pub allergens: Vec<String>,
    pub diet_tags: Vec<String>,
}

impl From<Menu> for MenuBody {
    fn from(menu: Menu) -> MenuBody {
        MenuBody {
            items: menu.offered().map(ItemBody::from).collect(),
            id: menu.id,
            canteen_id: menu.canteen_id,
            served_on: menu.served_on,
            period: menu.period,
            status: menu.status,
            capacity: menu.capacity,
            places_left: menu.places_left(),
            waiting: menu.waiting,
            modes: menu.modes,
            delivery_fee_fen: menu.delivery_fee_fen,
            note: menu.note,
            cutoff_at: menu.cutoff_at,
            serves_from_at: menu.serves_from_at,
            serves_to_at: menu.serves_to_at,
            published_at: menu.published_at,
            closed_at: menu.closed_at,
            edition: menu.edition,
        }
    }
}

impl From<&Item> for ItemBody {
    fn from(item: &Item) -> ItemBody {
        ItemBody {
            id: item.id,
            name: item.name.clone(),
            kind: item.kind,
            price_fen: item.price_fen,
            portions: item.portions,
            portions_left: item.portions.map(|portions| (portions - item.taken).max(0)),
            allergens: item.allergens.clone(),
            diet_tags: item.diet_tags.clone(),
        }
    }
}

/// A menu to be drafted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMenu {
    pub served_on: NaiveDate,
    pub period: Period,
    /// For how many persons; the canteen's usual number without.
    #[serde(default)]
    pub capacity: Option<Whole<1, 5000>>,
    /// The canteen's usual ways without.
    #[serde(default)]
    #[schemars(length(max = 3))]
    pub modes: Option<Vec<Mode>>,
    #[serde(default)]
    pub note: Option<Note<300>>,
    #[schemars(length(max = 60))]
    pub items: Vec<ItemPlan>,
    /// Whether to publish it at once.
    #[serde(default)]
    pub publish: bool,
}

/// The menus of a week, posted in one act: all of them or none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWeek {
    #[schemars(length(min = 1, max = 42))]
    pub menus: Vec<NewMenu>,
}

/// What a menu is to be from now on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuChange {
    #[serde(default)]
    pub capacity: Option<Whole<1, 5000>>,
    #[serde(default)]
    #[schemars(length(max = 3))]
    pub modes: Option<Vec<Mode>>,
    #[serde(default)]
    pub note: Option<Note<300>>,
    /// All items: those with an `id` are kept and changed, those without are new, those left out are struck.
    #[schemars(length(max = 60))]
    pub items: Vec<ItemPlan>,
}

/// Which menus to copy where.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyMenus {
    /// The first day to copy from.
    pub from_on: NaiveDate,
    /// The day that it is copied to; the following days follow.
    pub to_on: NaiveDate,
    /// How many days: 1 for a day, 7 for a week.
    pub days: Whole<1, 31>,
    /// Whether to publish them at once.
    #[serde(default)]
    pub publish: bool,
}

/// A draft as it was seen.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenDraft {
    pub id: MenuId,
    /// The version in its `ETag`; `stale` when somebody has changed it since.
    pub version: i32,
}

/// The drafts to publish in one act: all of them or none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftsToPublish {
    #[schemars(length(min = 1, max = 42))]
    pub drafts: Vec<SeenDraft>,
}

/// A menu that was not copied, and why.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SkippedMenu {
    pub served_on: NaiveDate,
    pub period: Period,
    pub code: String,
    pub detail: String,
}

/// Menus that were made, and those that were not.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MenusMade {
    pub items: Vec<MenuBody>,
    pub skipped: Vec<SkippedMenu>,
}

/// A list of menus.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Menus {
    pub items: Vec<MenuBody>,
}

/// The days to list.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, at most 62 days later.
    pub to: NaiveDate,
}

/// A menu after a change, and the reservations that it touches: an allergen on the resident's record came in (BR-13).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ChangedMenu {
    pub menu: MenuBody,
    pub touched: Vec<ToCall>,
}

/// A menu that was withdrawn or closed, and whom to call.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EndedMenu {
    pub menu: MenuBody,
    /// Whose reservations were cancelled by it, or who did not come.
    pub to_call: Vec<ToCall>,
}

type CanteenPath = web::Path<CanteenId>;
type MenuPath = web::Path<MenuId>;

fn plan(
    capacity: Option<Whole<1, 5000>>,
    modes: &Option<Vec<Mode>>,
    note: &Option<Note<300>>,
    items: &[ItemPlan],
) -> MenuPlan {
    MenuPlan {
        capacity: capacity.map(Whole::get),
        modes: modes.clone(),
        note: note.as_ref().map(|note| note.as_str().to_owned()).unwrap_or_default(),
        items: items.to_vec(),
    }
}

fn make(conn: &mut Conn, caller: &Caller, canteen: CanteenId, new: &NewMenu) -> Result<Menu, Fail> {
    let canteen = canteens::find(conn, canteen)?;
    let duty = caller.on_duty(&canteen.site())?;
    let plan = plan(new.capacity, &new.modes, &new.note, &new.items);
    let menu = super::draft(conn, &duty, &canteen, new.served_on, new.period, &plan, caller.now)?;
    if new.publish { publish_now(conn, &duty, menu.id, caller.now) } else { Ok(menu) }
}

/// Publishes a menu, and reserves from it what stands ordered, the oldest order first.
fn publish_now(conn: &mut Conn, duty: &OnDuty, id: MenuId, now: At) -> Result<Menu, Fail> {
    let menu = super::publish(conn, duty, id, now)?;
    standing::place_for_menu(conn, &menu, now)?;
    super::find(conn, id)
}

/// `GET /canteens/{id}/menus`
pub async fn list(
    allowed: Allowed<act::ReadCanteens>,
    canteen: CanteenPath,
    Query(days): Query<Days>,
    held: Held,
    asked: Asked,
) -> Result<Done<Menus>, Problem> {
    allowed
        .read_public(asked, move |conn, caller| {
            subsidies::http::check_span(days.from, days.to)?;
            let span = (days.to - days.from).num_days();
            if !(0..=62).contains(&span) {
                return Err(Code::BadSpan.into());
            }
            let site = canteens::site(conn, *canteen)?;
            let drafts = sees_drafts(caller, &site);
            let marks = super::marks(conn, site.id, days.from, days.to)?;
            let seen = marks.iter().filter(|mark| drafts || mark.is_public());
            let tag = ETag::of(seen.map(|mark| (mark.id, mark.changes)).collect::<Vec<_>>());
            held.or_make(tag, || {
                let menus = super::between(conn, site.id, days.from, days.to)?;
                let seen = menus.into_iter().filter(|menu| drafts || menu.is_public());
                Ok(Menus { items: seen.map(MenuBody::from).collect() })
            })
        })
        .await
}

/// Whether the caller may see what is not published: whoever a grant there lets read drafts.
fn sees_drafts(caller: &Caller, site: &crate::access::Site) -> bool {
    caller.grants().any(|grant| match acts::reach(grant.role, acts::Act::ReadDrafts) {
        acts::Reach::Canteen => grant.canteen_id == Some(site.id),
        acts::Reach::Area => grant.area.as_ref().is_some_and(|area| area.contains(&site.area)),
        acts::Reach::Everywhere => true,
        acts::Reach::No | acts::Reach::Own | acts::Reach::Linked => false,
    })
}

/// `POST /canteens/{id}/menus`
pub async fn create(
    allowed: Allowed<act::EditMenus>,
    canteen: CanteenPath,
    request: Keyed<NewMenu>,
) -> Result<Created<MenuBody>, Problem> {
    allowed
        .once(request, move |conn, caller, new| {
            let menu = make(conn, caller, *canteen, new)?;
            let tag = tag(menu.version, menu.changes);
            Ok(Answer::new(menu.into()).tagged(tag))
        })
        .await
}

/// `POST /canteens/{id}/menus/week`
pub async fn create_week(
    allowed: Allowed<act::EditMenus>,
    canteen: CanteenPath,
    request: Keyed<NewWeek>,
) -> Result<Created<Menus>, Problem> {
    allowed
        .once(request, move |conn, caller, week| {
            let mut items = Vec::new();
            for (position, new) in week.menus.iter().enumerate() {
                let menu = make(conn, caller, *canteen, new).map_err(|fail| at("menus", position, fail))?;
                items.push(menu.into());
            }
            Ok(Answer::new(Menus { items }))
        })
        .await
}

/// Says which of several menus was refused.
fn at(list: &str, position: usize, fail: Fail) -> Fail {
    match fail {
        Fail::Refused(problem) => {
            let words = crate::words::Bilingual::new(
                problem.detail(crate::words::Lang::Zh),
                problem.detail(crate::words::Lang::En),
            );
            let code = problem.code.as_str();
            Fail::Refused(problem.field(format!("/{list}/{position}"), code, words))
        }
        Fail::Database(error) => Fail::Database(error),
    }
}

/// `POST /canteens/{id}/menus/copy`
pub async fn copy(
    allowed: Allowed<act::EditMenus>,
    canteen: CanteenPath,
    request: Keyed<CopyMenus>,
) -> Result<Created<MenusMade>, Problem> {
    allowed
        .once(request, move |conn, caller, wish| {
            let canteen = canteens::find(conn, *canteen)?;
            let duty = caller.on_duty(&canteen.site())?;
            let days = wish.days.get();
            let copied = super::copy(conn, &duty, &canteen, wish.from_on, wish.to_on, days, caller.now)?;
            let mut made = MenusMade { items: Vec::new(), skipped: Vec::new() };
            for copy in copied {
                match copy {
                    Copied::Made(menu) if wish.publish => {
                        made.items.push(publish_now(conn, &duty, menu.id, caller.now)?.into());
                    }
                    Copied::Made(menu) => made.items.push(menu.into()),
                    Copied::Skipped { served_on, period, why } => made.skipped.push(SkippedMenu {
                        served_on,
                        period,
                        code: why.code.as_str().into(),
                        detail: why.detail(caller.lang),
                    }),
                }
            }
            Ok(Answer::new(made))
        })
        .await
}

/// `GET /menus/{id}`
pub async fn read(
    allowed: Allowed<act::ReadCanteens>,
    id: MenuPath,
    held: Held,
    asked: Asked,
) -> Result<Done<MenuBody>, Problem> {
    allowed
        .read_public(asked, move |conn, caller| {
            let mark = seen_by(conn, caller, *id)?;
            held.or_make(tag(mark.version, mark.changes), || Ok(super::find(conn, *id)?.into()))
        })
        .await
}

/// The tag of a menu: its version to edit it by, and what counts the places that come and go.
fn tag(version: i32, changes: i64) -> ETag {
    ETag::of_version_and(version, changes)
}

/// The mark of a menu that the caller may see; `menu_not_found` without.
fn seen_by(conn: &mut Conn, caller: &Caller, id: MenuId) -> Result<Mark, Fail> {
    let mark = super::mark(conn, id)?;
    let site = canteens::site(conn, mark.canteen_id)?;
    if mark.is_public() || sees_drafts(caller, &site) { Ok(mark) } else { Err(Code::MenuNotFound.into()) }
}

/// `PUT /menus/{id}`
pub async fn change(
    allowed: Allowed<act::EditMenus>,
    id: MenuPath,
    IfMatch(version): IfMatch,
    Body(change): Body<MenuChange>,
) -> Result<Done<ChangedMenu>, Problem> {
    allowed
        .write(move |conn, caller| {
            let (changed, version, changes) = change_menu(conn, caller, *id, version, &change)?;
            Ok(Answer::new(changed).tagged(tag(version, changes)))
        })
        .await
}

/// The menu after the change, with its version and what counts its changes.
pub(crate) fn change_menu(
    conn: &mut Conn,
    caller: &Caller,
    id: MenuId,
    version: i32,
    change: &MenuChange,
) -> Result<(ChangedMenu, i32, i64), Fail> {
    let menu = super::find(conn, id)?;
    let duty = caller.on_duty_as(Role::Staff, &canteens::site(conn, menu.canteen_id)?)?;
    let plan = plan(change.capacity, &change.modes, &change.note, &change.items);
    super::change(conn, &duty, id, &plan, version, caller.now)?;
    // More places or portions go to those who wait.
    waiting::pass_on(conn, id, caller.now)?;
    let menu = super::find(conn, id)?;
    let touched = reservations::with_diet_conflicts(conn, &menu)?;
    let (version, changes) = (menu.version, menu.changes);
    Ok((ChangedMenu { menu: menu.into(), touched }, version, changes))
}

/// `POST /menus/{id}/publish`
pub async fn publish(
    allowed: Allowed<act::EditMenus>,
    id: MenuPath,
    request: Keyed<()>,
) -> Result<Done<MenuBody>, Problem> {
    allowed
        .once(request, move |conn, caller, ()| {
            let menu = super::find(conn, *id)?;
            let duty = caller.on_duty(&canteens::site(conn, menu.canteen_id)?)?;
            let menu = publish_now(conn, &duty, *id, caller.now)?;
            let tag = tag(menu.version, menu.changes);
            Ok(Answer::new(menu.into()).tagged(tag))
        })
        .await
}

/// `POST /canteens/{id}/menus/publish`
pub async fn publish_drafts(
    allowed: Allowed<act::EditMenus>,
    canteen: CanteenPath,
    request: Keyed<DraftsToPublish>,
) -> Result<Done<Menus>, Problem> {
    allowed
        .once(request, move |conn, caller, seen| {
            let duty = caller.on_duty(&canteens::site(conn, *canteen)?)?;
            let mut items = Vec::new();
            for (position, draft) in seen.drafts.iter().enumerate() {
                let menu = publish_seen(conn, &duty, *draft, caller.now)
                    .map_err(|fail| at("drafts", position, fail))?;
                items.push(menu.into());
            }
            Ok(Answer::new(Menus { items }))
        })
        .await
}

fn publish_seen(conn: &mut Conn, duty: &OnDuty, draft: SeenDraft, now: At) -> Result<Menu, Fail> {
    let menu = super::find(conn, draft.id)?;
    if menu.canteen_id != duty.canteen() {
        return Err(Code::MenuNotFound.into());
    }
    if menu.version != draft.version {
        return Err(Code::Stale.into());
    }
    publish_now(conn, duty, menu.id, now)
}

/// `POST /menus/{id}/withdraw`
pub async fn withdraw(
    allowed: Allowed<act::EditMenus>,
    id: MenuPath,
    request: Keyed<()>,
) -> Result<Done<EndedMenu>, Problem> {
    allowed
        .once(request, move |conn, caller, ()| {
            let menu = super::find(conn, *id)?;
            let site = canteens::site(conn, menu.canteen_id)?;
            let duty = caller.on_duty(&site)?;
            let menu = super::withdraw(conn, &duty, *id)?;
            let withdrawn = Subject::of(SubjectKind::Menu, menu.id);
            audit::record(conn, caller, Entry::of(Deed::MenuWithdrawn, withdrawn).at(&site))?;
            let to_call = reservations::cancel_for_menu(conn, &menu, duty.actor(), caller.now)?;
            Ok(Answer::new(EndedMenu { menu: super::find(conn, *id)?.into(), to_call }))
        })
        .await
}

/// `POST /menus/{id}/close`
pub async fn close(
    allowed: Allowed<act::EditMenus>,
    id: MenuPath,
    request: Keyed<()>,
) -> Result<Done<EndedMenu>, Problem> {
    allowed
        .once(request, move |conn, caller, ()| {
            let menu = super::find(conn, *id)?;
            caller.on_duty(&canteens::site(conn, menu.canteen_id)?)?;
            let menu = attendance::close_menu(conn, *id, caller.now)?;
            let to_call = reservations::no_shows(conn, &menu)?;
            Ok(Answer::new(EndedMenu { menu: super::find(conn, *id)?.into(), to_call }))
        })
        .await
}
