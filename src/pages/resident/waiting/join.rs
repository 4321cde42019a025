//! Joining the waiting list of a full meal: what one would take, how it would be served, the check.

use actix_web::web::Path;
use maud::{Markup, html};

use super::{entries, entry_page, rule_words, wait_page, wanted};
use crate::{
    access::act,
    api::Answer,
    clock::At,
    db::Conn,
    ids::{MenuId, MenuItemId, ResidentId},
    menus::{self, Item, Menu, Pick},
    pages::{
        forms::{Asked, Choice, Errors, Fields, Legend, Sent, address, button, form, hidden, one_of},
        resident::{
            Person, Sitting,
            check::row,
            choose::{about, mode_choice},
            meal_page, reserve_page, takes_reservations,
            wish::on_record,
        },
        say,
        shell::Page,
        texts::{resident as texts, shell, waiting as words},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Fail},
    reservations::{
        ItemRule,
        waiting::{
            Demand, WaitingStatus,
            http::{NewWaiting, join as join_line},
        },
    },
    residents::Resident,
    words::{ItemKind, Lang, Mode},
};

type OfMenu = Path<(ResidentId, MenuId)>;

/// What somebody waits for, as it travels from page to page in the address.
struct Want {
    demand: Option<Demand>,
    mode: Option<Mode>,
}

impl Want {
    /// Reads the answers; where there is but one way of serving, it is the answer.
    fn of(fields: &Fields, menu: &Menu) -> Want {
        let want = fields.get("want");
        let rule = ItemRule::from_word(want).map(Demand::Rule);
        let item = || {
            let id: MenuItemId = want.parse().ok()?;
            let known = menu.offered().any(|item| item.id == id);
            known.then(|| Demand::Lines(vec![Pick { item_id: id, portions: 1 }]))
        };
        let only = if let [only] = menu.modes.as_slice() { Some(*only) } else { None };
        let mode = Mode::from_word(fields.get("mode")).filter(|mode| menu.modes.contains(mode)).or(only);
        Want { demand: rule.or_else(item), mode }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let want = self.demand.as_ref().and_then(|demand| match demand {
            Demand::Rule(rule) => Some(rule.to_string()),
            Demand::Lines(lines) => lines.first().map(|pick| pick.item_id.to_string()),
        });
        let want = want.map(|want| ("want", want));
        want.into_iter().chain(self.mode.map(|mode| ("mode", mode.to_string()))).collect()
    }

    fn hidden(&self) -> Markup {
        html! { @for (name, value) in self.pairs() { (hidden(name, &value)) } }
    }

    fn address(&self, path: &str) -> String {
        address(path, self.pairs())
    }
}

/// A full meal for which one can wait, or the page where one goes instead.
fn full(conn: &mut Conn, person: &Person, menu: MenuId, now: At) -> Result<Result<Sitting, String>, Fail> {
    let sitting = Sitting::of(conn, person, menu)?;
    let resident = person.resident.id;
    if let Some(reserved) = &sitting.reserved {
        return Ok(Err(meal_page(resident, reserved.id)));
    }
    let waits = entries(conn, person, now)?.into_iter().find(|queued| queued.menu.id == menu);
    if let Some(queued) = waits.filter(|queued| queued.entry.status == WaitingStatus::Waiting) {
        return Ok(Err(entry_page(resident, queued.entry.id)));
    }
    if takes_reservations(&sitting.menu, now) {
        return Ok(Err(reserve_page(resident, menu)));
    }
    sitting.refuse_over(now)?;
    Ok(Ok(sitting))
}

/// Shows a page about a full meal, or leads to where one goes instead.
async fn show_full<F>(visit: Visit<act::ReadReservations>, path: OfMenu, page: F) -> Shown
where
    F: FnOnce(&Look, &Person, &Sitting, At) -> Page + Send + 'static,
{
    let (id, menu) = path.into_inner();
    let elsewhere = visit.allowed().read(move |conn, caller| {
        let person = Person::of(conn, caller, id)?;
        Ok(full(conn, &person, menu, caller.now)?.err())
    });
    if let Some(to) = elsewhere.await? {
        return Ok(go(&to));
    }
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let sitting = Sitting::of(conn, &person, menu)?;
            Ok(page(look, &person, &sitting, caller.now))
        })
        .await
}

/// `GET /people/{id}/wait/{menu}`: what one would take.
pub async fn what(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    show_full(visit, path, move |look, person, sitting, now| {
        what_page(look, person, sitting, &Want::of(&query, &sitting.menu), now, Errors::none())
    })
    .await
}

fn what_page(look: &Look, person: &Person, sitting: &Sitting, want: &Want, now: At, errors: Errors) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let own = wait_page(person.resident.id, menu.id);
    let until = say::moment(lang, sitting.canteen.zone, menu.cutoff_at, now);
    let line = match menu.waiting {
        0 => words::ASK_NONE.of(lang).to_owned(),
        count => words::ASK_LINE.with(lang, &[("count", &count)]),
    };
    let choices = choices(lang, menu, &person.resident);
    let chosen = want.pairs().into_iter().find(|(name, _)| *name == "want").map(|(_, value)| value);
    let content = html! {
        p .lead { (words::ASK_LEAD.with(lang, &[("until", &until)])) }
        p { (line) }
        form method="get" action={ (own) "/how" } {
            @if let Some(mode) = want.mode { (hidden("mode", mode.as_str())) }
            (one_of("want", Legend::Shown(words::WANT.of(lang)), &choices, chosen.as_deref().unwrap_or_default(), &errors))
            button .button type="submit" { (shell::NEXT.of(lang)) }
        }
    };
    about(
        look,
        person,
        words::ASK_TITLE.with(lang, &[("meal", &say::sentence(&sitting.name(lang, now)))]),
        content,
    )
    .back(format!("{}/reserve", person.home()))
    .help_from(&sitting.canteen)
    .errors(errors)
    .read_aloud()
}

/// What one can wait for: by a rule, or one set meal that the record does not speak against.
fn choices(lang: Lang, menu: &Menu, resident: &Resident) -> Vec<Choice> {
    let plain = |rule: ItemRule| Choice::new(rule.as_str(), html! { (rule_words(rule).of(lang)) });
    let sets = || menu.offered().filter(|item| item.kind == ItemKind::Set);
    let has_sets = sets().next().is_some();
    let safe = sets().filter(|item| on_record(item, resident).is_empty());
    let one = |item: &Item| {
        let label = words::ONLY.marked(lang, &[("item", say::recorded(lang, &item.name))]);
        Choice::new(item.id.to_string(), label).hint(html! { (say::money(lang, item.price_fen)) })
    };
    has_sets
        .then(|| plain(ItemRule::SetMeal))
        .into_iter()
        .chain([plain(ItemRule::Cheapest)])
        .chain((!resident.diet_tags.0.is_empty()).then(|| plain(ItemRule::ByDiet)))
        .chain(safe.map(one))
        .collect()
}

/// `GET /people/{id}/wait/{menu}/how`: how it would be served; where there is but one way, that is no question.
pub async fn how(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    let (id, menu) = *path;
    let asked = query.clone();
    let next = visit.allowed().read(move |conn, _| {
        let menu = menus::find(conn, menu)?;
        let want = Want::of(&asked, &menu);
        let answered = want.demand.is_some() && menu.modes.len() == 1;
        Ok(answered.then(|| want.address(&format!("{}/check", wait_page(id, menu.id)))))
    });
    if let Some(next) = next.await? {
        return Ok(go(&next));
    }
    show_full(visit, path, move |look, person, sitting, now| {
        let want = Want::of(&query, &sitting.menu);
        if want.demand.is_none() {
            let errors = Errors::at("want", shell::CHOOSE_ONE.of(look.lang));
            return what_page(look, person, sitting, &want, now, errors);
        }
        how_page(look, person, sitting, &want)
    })
    .await
}

fn how_page(look: &Look, person: &Person, sitting: &Sitting, want: &Want) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let own = wait_page(person.resident.id, menu.id);
    let choices: Vec<Choice> = menu.modes.iter().map(|mode| mode_choice(look, menu, *mode)).collect();
    let chosen = want.mode.or(menu.modes.first().copied()).map_or("", Mode::as_str);
    let unasked = Want { demand: want.demand.clone(), mode: None };
    let content = html! {
        form method="get" action={ (own) "/check" } {
            (unasked.hidden())
            (one_of("mode", Legend::Heard(words::HOW.of(lang)), &choices, chosen, &Errors::none()))
            button .button type="submit" { (shell::NEXT.of(lang)) }
        }
    };
    about(look, person, words::HOW.of(lang), content).back(want.address(&own)).help_from(&sitting.canteen)
}

/// `GET /people/{id}/wait/{menu}/check`
pub async fn check(visit: Visit<act::ReadReservations>, path: OfMenu, Asked(query): Asked) -> Shown {
    show_full(visit, path, move |look, person, sitting, now| {
        let want = Want::of(&query, &sitting.menu);
        match (&want.demand, want.mode) {
            (Some(demand), Some(mode)) => check_page(look, person, sitting, &want, (demand, mode), now),
            (None, _) => what_page(look, person, sitting, &want, now, Errors::none()),
            (Some(_), None) => how_page(look, person, sitting, &want),
        }
    })
    .await
}

fn check_page(
    look: &Look,
    person: &Person,
    sitting: &Sitting,
    want: &Want,
    (demand, mode): (&Demand, Mode),
    now: At,
) -> Page {
    let lang = look.lang;
    let menu = &sitting.menu;
    let own = wait_page(person.resident.id, menu.id);
    let until = say::moment(lang, sitting.canteen.zone, menu.cutoff_at, now);
    let how = (menu.modes.len() > 1).then(|| want.address(&format!("{own}/how")));
    let content = html! {
        dl .answers {
            @if !person.is_oneself() {
                (row(lang, texts::FOR_WHOM, say::recorded(lang, &person.resident.full_name), None))
            }
            (row(lang, texts::MEAL, html! { (say::sentence(&sitting.name(lang, now))) }, None))
            (row(lang, texts::WHERE, say::recorded(lang, &sitting.canteen.name), None))
            (row(lang, words::WISH, wanted(lang, menu, demand), Some(want.address(&own))))
            (row(lang, texts::SERVED, html! { (say::mode(mode).of(lang)) }, how))
            (row(lang, words::UNTIL, html! { (until) }, None))
        }
        p { (words::PRICE_THEN.of(lang)) }
        (form(look, html! { (want.hidden()) (button(words::JOIN_BUTTON.of(lang))) }))
    };
    about(look, person, words::CHECK_TITLE.of(lang), content)
        .back(want.address(&own))
        .help_from(&sitting.canteen)
        .read_aloud()
}

/// `POST /people/{id}/wait/{menu}/check`: joins the line.
pub async fn join(visit: Visit<act::Reserve>, path: OfMenu, sent: Sent) -> Shown {
    let (id, menu) = path.into_inner();
    let fields = sent.fields.clone();
    let want = visit
        .allowed()
        .read(move |conn, caller| {
            let person = Person::of(conn, caller, id)?;
            Ok(Want::of(&fields, &Sitting::of(conn, &person, menu)?.menu))
        })
        .await?;
    let (Some(demand), Some(mode)) = (want.demand, want.mode) else {
        return Ok(go(&wait_page(id, menu)));
    };
    let (lines, item_rule) = match demand {
        Demand::Lines(lines) => (Some(lines), None),
        Demand::Rule(rule) => (None, Some(rule)),
    };
    let new = NewWaiting {
        resident_id: Some(id),
        card_number: None,
        mode,
        lines,
        item_rule,
        confirmed_allergens: Vec::new(),
        channel: None,
    };
    match join_line(visit.api(), Path::from(menu), sent.keyed(new)).await.and_then(Answer::into_body) {
        Ok(entry) => Ok(go(&address(&entry_page(id, entry.id), [("done", "joined")]))),
        // Somebody cancelled meanwhile: there is a place.
        Err(problem) if problem.code == Code::MenuNotFull => Ok(go(&reserve_page(id, menu))),
        Err(problem) => Err(problem),
    }
}
