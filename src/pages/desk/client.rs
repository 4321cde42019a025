//! Whoever stands at the desk or calls, and the meal that is offered to them.

use chrono::{Datelike, Days};
use maud::{Markup, html};

use super::Desk;
use crate::{
    access::{ActingFor, Caller},
    clock::At,
    db::Conn,
    ids::{MenuId, ReservationId, ResidentId},
    menus::{self, Item, Menu, MenuStatus, Pick},
    money::Fen,
    pages::{
        everyone::canteens::{is_sold_out, public_menus},
        forms::{Fields, address, hidden},
        resident::{
            Sitting, meal_name,
            wish::{Wish, on_record, usual},
        },
        say,
        texts::desk as texts,
    },
    problem::{Code, Fail},
    reservations::{self, Reservation},
    residents::{self, Resident},
    subsidies::{
        self, Meal,
        http::{DeskQuote, QuoteAnswer},
    },
    text::CardNumber,
    words::{ItemKind, Lang, MealClass, Period},
};

/// How many days ahead meals are offered.
const DAYS_AHEAD: u64 = 14;

/// Whom the desk acts for: a resident who is registered here, or one from elsewhere who presents their card.
pub struct Client {
    pub resident: Resident,
    pub acting: ActingFor,
    /// The card that was presented, of a resident from elsewhere.
    pub card: Option<CardNumber>,
}

impl Client {
    /// The resident with this id; `fields` may say which card they presented.
    ///
    /// Fails with `resident_not_found` for somebody from elsewhere without their card.
    pub fn of(
        conn: &mut Conn,
        caller: &Caller,
        desk: &Desk,
        id: ResidentId,
        fields: &Fields,
    ) -> Result<Client, Fail> {
        let registered = residents::registered(conn, id)?;
        let resident = residents::find(conn, id)?;
        let card = CardNumber::parse(fields.get("card")).ok();
        let card = card.filter(|card| card.as_str() == resident.card_number);
        let acting = match card {
            Some(_) => caller.acting_for_card(&desk.duty, &registered),
            None => caller.acting_for(conn, &registered)?,
        };
        Ok(Client { resident, acting, card })
    }

    /// The page on which meals are reserved for them.
    pub fn page(&self, desk: &Desk) -> String {
        page_of(desk, self.resident.id)
    }

    /// An address that remembers the card.
    pub fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let card = self.card.iter().map(|card| ("card", card.as_str()));
        address(path, more.iter().copied().chain(card))
    }

    /// The card that was presented, as it goes along unseen.
    pub fn hidden(&self) -> Markup {
        html! { @if let Some(card) = &self.card { (hidden("card", card.as_str())) } }
    }

    pub fn name(&self, lang: Lang) -> Markup {
        say::recorded(lang, &self.resident.full_name)
    }
}

pub fn page_of(desk: &Desk, resident: ResidentId) -> String {
    format!("{}/people/{resident}", desk.home())
}

/// As much of somebody as tells two of one name apart.
pub fn who(lang: Lang, resident: &Resident) -> String {
    let born = texts::BORN_IN.with(lang, &[("year", &resident.born_on.year())]);
    let card = texts::CARD.with(lang, &[("number", &resident.card_number)]);
    let phone = resident.phone.as_deref().map(|phone| {
        let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
        let last: String = digits[digits.len().saturating_sub(4)..].iter().collect();
        texts::PHONE_ENDS.with(lang, &[("digits", &last)])
    });
    say::row(lang, [born, card].into_iter().chain(phone))
}

/// A reservation that stands for a meal that is not over, and its menu; the next first.
pub fn upcoming(conn: &mut Conn, client: &Client, now: At) -> Result<Vec<(Reservation, Menu)>, Fail> {
    let open = reservations::open_of_resident(conn, client.resident.id)?;
    let ids: Vec<_> = open.iter().map(|reservation| reservation.menu_id).collect();
    let menus = menus::by_ids(conn, &ids)?;
    let with_menu = |reservation: Reservation| {
        let menu = menus.iter().find(|menu| menu.id == reservation.menu_id)?.clone();
        (menu.closes_at() > now).then_some((reservation, menu))
    };
    let mut coming: Vec<_> = open.into_iter().filter_map(with_menu).collect();
    coming.sort_by_key(|(_, menu)| menu.serves_from_at);
    Ok(coming)
}

/// The menus of this canteen that the desk can still reserve from, which it may after the cut-off too (BR-21).
pub fn open_menus(conn: &mut Conn, desk: &Desk, now: At) -> Result<Vec<Menu>, Fail> {
    let today = desk.canteen.today(now);
    let mut menus = public_menus(conn, &desk.canteen, today..=today + Days::new(DAYS_AHEAD))?;
    menus.retain(|menu| menu.status == MenuStatus::Published && menu.serves_to_at > now);
    Ok(menus)
}

/// The meal that nearly everybody comes for: the next lunch that is open and not reserved, else whatever is next, and at
/// last what is past its cut-off.
pub fn next_meal<'m>(menus: &'m [Menu], reserved: &[MenuId], now: At) -> Option<&'m Menu> {
    let free = |menu: &&Menu| !reserved.contains(&menu.id) && menu.places_left() > 0 && !menu.is_full();
    let in_time = |menu: &&Menu| menu.cutoff_at >= now;
    let mut open = menus.iter().filter(free).filter(in_time);
    let lunch = menus.iter().filter(free).filter(in_time).find(|menu| menu.period == Period::Lunch);
    lunch.or_else(|| open.next()).or_else(|| menus.iter().find(free))
}

/// A meal that is offered to somebody: what they would have of it, and what they would pay.
pub struct Offer {
    pub sitting: Sitting,
    pub wish: Wish,
    pub quote: DeskQuote,
}

impl Offer {
    /// The meal that the fields ask for; what they leave open is what the resident has reserved, or usually has.
    ///
    /// None when nothing on the menu is left that they may eat. Fails with `menu_not_found` for another canteen's menu.
    pub fn of(
        conn: &mut Conn,
        desk: &Desk,
        client: &Client,
        menu: MenuId,
        fields: &Fields,
    ) -> Result<Option<Offer>, Fail> {
        let sitting = sitting(conn, desk, client, menu)?;
        let Some(wish) = wish(conn, client, &sitting, fields)? else { return Ok(None) };
        let quote = quote(conn, client, &sitting, &wish)?;
        Ok(Some(Offer { sitting, wish, quote }))
    }

    /// Whether somebody else has the last place, or stands before.
    pub fn is_full(&self) -> bool {
        is_full(&self.sitting)
    }

    pub fn name(&self, lang: Lang, now: At) -> String {
        say::sentence(&meal_name(lang, &self.sitting.menu, &self.sitting.canteen, now))
    }
}

/// Whether a menu has no place for whoever has none yet.
pub fn is_full(sitting: &Sitting) -> bool {
    sitting.reserved.is_none() && (sitting.menu.places_left() == 0 || sitting.menu.is_full())
}

/// A meal of this canteen, and what the client has reserved of it.
///
/// Fails with `menu_not_found` for another canteen's menu and for one that is not public.
pub fn sitting(conn: &mut Conn, desk: &Desk, client: &Client, menu: MenuId) -> Result<Sitting, Fail> {
    let menu = menus::find(conn, menu)?;
    if menu.canteen_id != desk.canteen.id || !menu.is_public() {
        return Err(Code::MenuNotFound.into());
    }
    let reserved = reservations::active_of(conn, menu.id, client.resident.id)?;
    Ok(Sitting { menu, canteen: desk.canteen.clone(), reserved })
}

/// What the fields say, or else what is reserved, or usual, or the first set that is left and that they may eat.
pub fn wish(
    conn: &mut Conn,
    client: &Client,
    sitting: &Sitting,
    fields: &Fields,
) -> Result<Option<Wish>, Fail> {
    let (menu, resident) = (&sitting.menu, &client.resident);
    let asked = Some(Wish::of(fields, menu)).filter(|wish| !wish.picks.is_empty());
    let known = match asked.or_else(|| sitting.reserved.as_ref().and_then(|kept| still_offered(menu, kept))) {
        Some(known) => Some(known),
        None => usual(conn, menu, resident)?.or_else(|| first_safe(menu, resident, is_full(sitting))),
    };
    let mode = menu.modes.first().copied();
    Ok(known.map(|wish| Wish { mode: wish.mode.or(mode), ..wish }))
}

/// What was reserved, without what was taken off the menu since.
fn still_offered(menu: &Menu, reserved: &Reservation) -> Option<Wish> {
    let mut wish = Wish::reserved(reserved);
    wish.picks.retain(|pick| menu.offered().any(|item| item.id == pick.item_id));
    Some(wish).filter(|wish| !wish.picks.is_empty())
}

/// Whoever waits for a place waits for what is sold out, too.
fn first_safe(menu: &Menu, resident: &Resident, waits: bool) -> Option<Wish> {
    let is_left = |item: &Item| waits || !is_sold_out(item);
    let mut safe: Vec<&Item> =
        menu.offered().filter(|item| on_record(item, resident).is_empty() && is_left(item)).collect();
    safe.sort_by_key(|item| item.kind != ItemKind::Set);
    let picks = vec![Pick { item_id: safe.first()?.id, portions: 1 }];
    Some(Wish { picks, mode: None, confirmed: Vec::new() })
}

/// What the meal costs and what is due for it; the desk hears no more (BR-45).
fn quote(conn: &mut Conn, client: &Client, sitting: &Sitting, wish: &Wish) -> Result<DeskQuote, Fail> {
    let menu = &sitting.menu;
    let mode = wish.mode.ok_or(Code::ModeNotOffered)?;
    menu.check_picks(&wish.picks)?;
    let order = menu.order(&wish.picks, mode, MealClass::Meal);
    let meal = Meal { resident: &client.resident, menu, area: &sitting.canteen.area, order };
    let present = sitting.reserved.as_ref().map(|reservation| reservation.quote_id);
    let (_, quote) = subsidies::preview(conn, &meal, present)?;
    Ok(heard(&QuoteAnswer::of(conn, &quote, &client.acting, None)?))
}

/// As much of a price as is said at the desk.
pub fn heard(answer: &QuoteAnswer) -> DeskQuote {
    match answer {
        QuoteAnswer::Desk(quote) => quote.clone(),
        QuoteAnswer::Whole(quote) => DeskQuote { charge_fen: quote.charge_fen, due_fen: quote.resident_fen },
    }
}

/// A reservation at this desk, with its meal and what was promised.
pub struct Booked {
    pub client: Client,
    pub reservation: Reservation,
    pub sitting: Sitting,
    pub due_fen: Fen,
}

impl Booked {
    /// A meal of this canteen, whoever registered the resident; or one elsewhere, of a resident registered here.
    ///
    /// Fails with `reservation_not_found` for any other.
    pub fn of(conn: &mut Conn, caller: &Caller, desk: &Desk, id: ReservationId) -> Result<Booked, Fail> {
        let reservation = reservations::find(conn, id)?;
        let menu = menus::find(conn, reservation.menu_id)?;
        let registered = residents::registered(conn, reservation.resident_id)?;
        let canteen = crate::canteens::find(conn, menu.canteen_id)?;
        let is_here = menu.canteen_id == desk.canteen.id;
        let acting = match is_here {
            true => caller.acting_for_card(&desk.duty, &registered),
            false => caller.acting_for(conn, &registered).map_err(|_| Code::ReservationNotFound)?,
        };
        let resident = residents::find(conn, registered.id)?;
        let from_elsewhere = registered.site.id != desk.canteen.id;
        let card = from_elsewhere.then(|| CardNumber::parse(&resident.card_number).ok()).flatten();
        let due_fen = subsidies::find(conn, reservation.quote_id)?.quote.resident_fen;
        let sitting = Sitting { menu, canteen, reserved: None };
        Ok(Booked { client: Client { resident, acting, card }, reservation, sitting, due_fen })
    }

    pub fn name(&self, lang: Lang, now: At) -> String {
        meal_name(lang, &self.sitting.menu, &self.sitting.canteen, now)
    }

    /// Whether the desk can still change and cancel it.
    pub fn is_open(&self, desk: &Desk, now: At) -> bool {
        let menu = &self.sitting.menu;
        let in_time = menu.cutoff_at >= now || menu.canteen_id == desk.canteen.id;
        !self.reservation.served && in_time && menu.closes_at() > now
    }
}
