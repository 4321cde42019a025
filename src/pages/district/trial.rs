//! A version of a policy tried on a resident: what a meal would cost by it, beside what it costs by what is in force.

use actix_web::web::Path;
use chrono::NaiveDate;
use maud::{Markup, html};

use super::policies::{in_reach, page_of};
use crate::{
    access::{Caller, act},
    audit::http::read_on_record,
    calendar, canteens,
    db::Conn,
    ids::PolicyId,
    money::Fen,
    pages::{
        forms::{Asked, Choice, Errors, Fields, Kind, Legend, Line, one_of, yuan},
        say,
        shell::Page,
        texts::{Text, district as texts, shell},
        visit::{Look, Shown, Visit},
    },
    policies::{self, PolicyVersion},
    pricing::{self, Arguments, CanteenPlace, Order, OrderLine, PolicyInForce, Usage},
    problem::{Fail, Problem},
    residents,
    subsidies::http::{QuoteBody, reasons_read},
    words::{ItemKind, Lang, MealClass, Mode, Period},
};

/// What is tried, as it was typed.
#[derive(Clone, Debug)]
struct Trial {
    card: String,
    on: NaiveDate,
    period: Period,
    mode: Mode,
    kind: ItemKind,
    price_fen: Fen,
}

impl Trial {
    fn of(fields: &Fields, lang: Lang) -> Result<Trial, Errors> {
        let mut errors = Errors::none();
        let card: String = fields.get("card").split_whitespace().collect();
        let what = texts::TRY_CARD.of(lang);
        let card = Some(card).filter(|card| !card.is_empty());
        let card = errors.keep("card", card.ok_or_else(|| shell::FILL_IN.with(lang, &[("what", &what)])));
        let wrong = |_| texts::TRY_DAY_WRONG.with(lang, &[("day", &"2027-01-01")]);
        let on = errors.keep("on", fields.get("on").parse().map_err(wrong));
        let price = yuan(fields.get("price"));
        let price = errors.keep("price", price.ok_or_else(|| texts::TRY_PRICE_WRONG.of(lang).to_owned()));
        let chosen = || shell::CHOOSE_ONE.of(lang).to_owned();
        let period = errors.keep("period", Period::from_word(fields.get("period")).ok_or_else(chosen));
        let mode = errors.keep("mode", Mode::from_word(fields.get("mode")).ok_or_else(chosen));
        let kind = errors.keep("kind", ItemKind::from_word(fields.get("kind")).ok_or_else(chosen));
        match (card, on, period, mode, kind, price) {
            (Some(card), Some(on), Some(period), Some(mode), Some(kind), Some(price_fen)) => {
                Ok(Trial { card, on, period, mode, kind, price_fen })
            }
            (_, _, _, _, _, _) => Err(errors),
        }
    }
}

/// What came of it.
struct Tried {
    name: String,
    now: QuoteBody,
    then: QuoteBody,
}

/// `GET /district/policies/{id}/try?card=…`: nothing is kept but that somebody looked.
pub async fn show(visit: Visit<act::TryPolicies>, id: Path<PolicyId>, Asked(query): Asked) -> Shown {
    let (id, lang) = (*id, visit.lang());
    let asked = query.named("").next().is_some();
    let (tried, errors) = match Trial::of(&query, lang) {
        Err(errors) => (None, if asked { errors } else { Errors::none() }),
        Ok(trial) => match on_record(&visit, id, trial).await? {
            Some(tried) => (Some(tried), Errors::none()),
            None => (None, Errors::at("card", texts::TRY_NO_CARD.of(lang))),
        },
    };
    visit
        .show(move |conn, caller, look| {
            let version = in_reach(conn, caller, id)?;
            Ok(page(look, &version, &query, tried, errors))
        })
        .await
}

async fn on_record(
    visit: &Visit<act::TryPolicies>,
    id: PolicyId,
    trial: Trial,
) -> Result<Option<Tried>, Problem> {
    let look = move |conn: &mut Conn, caller: &Caller| {
        let version = in_reach(conn, caller, id)?;
        let Some(holder) = residents::card_holder(conn, &trial.card)? else { return Ok((None, None)) };
        let Ok(acting) = caller.acting_for(conn, &holder.registered) else { return Ok((None, None)) };
        let tried = tried(conn, &version, &holder.registered, &trial)?;
        Ok((Some(tried), reasons_read(&acting, &holder.registered.site)))
    };
    read_on_record(visit.allowed(), look).await
}

fn tried(
    conn: &mut Conn,
    version: &PolicyVersion,
    registered: &crate::access::Registered,
    trial: &Trial,
) -> Result<Tried, Fail> {
    let resident = residents::find(conn, registered.id)?;
    let area = canteens::site(conn, resident.canteen_id)?.area;
    let day = calendar::day_kind(conn, trial.on)?;
    let arguments = Arguments {
        person: residents::person_on(conn, &resident, trial.on)?,
        canteen: CanteenPlace { area: area.clone() },
        order: Order {
            period: trial.period,
            mode: trial.mode,
            class: MealClass::Meal,
            lines: vec![OrderLine {
                item_kind: trial.kind,
                price_fen: trial.price_fen,
                quantity: 1,
                second_helping: false,
            }],
            delivery_fee_fen: Fen::ZERO,
        },
        served_on: trial.on,
        day_kind: day.kind,
        calendar_known: day.known,
        usage: Usage::default(),
    };
    let now = policies::in_force(conn, &area, trial.on)?;
    let then = with_version(now.clone(), policies::priced_by(conn, version)?);
    let mut quote =
        |policies: &[PolicyInForce]| QuoteBody::whole(conn, &pricing::quote(policies, &arguments), None);
    Ok(Tried { name: resident.full_name.clone(), now: quote(&now)?, then: quote(&then)? })
}

/// These policies with a version in the place of the one with its code.
fn with_version(mut policies: Vec<PolicyInForce>, version: PolicyInForce) -> Vec<PolicyInForce> {
    policies.retain(|policy| policy.code() != version.code());
    policies.push(version);
    policies
}

fn page(look: &Look, version: &PolicyVersion, fields: &Fields, tried: Option<Tried>, errors: Errors) -> Page {
    let lang = look.lang;
    let line =
        |name, label: Text, kind| Line { name, label: label.of(lang), hint: None, kind, autocomplete: "off" };
    let choose = |name, legend: Text, choices: Vec<Choice>, first: &str| {
        let chosen = Some(fields.get(name)).filter(|word| !word.is_empty()).unwrap_or(first);
        one_of(name, Legend::Shown(legend.of(lang)), &choices, chosen, &errors)
    };
    let periods = Period::ALL.iter().map(|period| (period.as_str(), say::period(*period)));
    let modes = Mode::ALL.iter().map(|mode| (mode.as_str(), say::mode(*mode)));
    let kinds = [(ItemKind::Set.as_str(), texts::KIND_SET), (ItemKind::Dish.as_str(), texts::KIND_DISH)];
    let content = html! {
        @if let Some(tried) = &tried { (result(lang, tried)) }
        form .narrow method="get" action={ (page_of(version.id)) "/try" } {
            (line("card", texts::TRY_CARD, Kind::Digits).field(fields.get("card"), &errors))
            (line("on", texts::TRY_DAY, Kind::Day).field(fields.get("on"), &errors))
            (line("price", texts::TRY_PRICE, Kind::Text).field(fields.get("price"), &errors))
            (choose("period", texts::TRY_PERIOD, choices(lang, periods), "lunch"))
            (choose("mode", texts::TRY_MODE, choices(lang, modes), "dine_in"))
            (choose("kind", texts::TRY_KIND, choices(lang, kinds.into_iter()), "set"))
            button .button type="submit" { (texts::TRY_BUTTON.of(lang)) }
        }
    };
    let about = match &tried {
        Some(tried) => format!("{} · {}", version.code, tried.name),
        None => version.code.clone(),
    };
    Page::new(texts::TRY_TITLE.with(lang, &[("version", &version.version)]), content)
        .about(about)
        .back(page_of(version.id))
        .errors(errors)
        .wide()
}

fn choices<'a>(lang: Lang, all: impl Iterator<Item = (&'a str, Text)>) -> Vec<Choice> {
    all.map(|(value, words)| Choice::new(value, html! { (say::sentence(words.of(lang))) })).collect()
}

fn result(lang: Lang, tried: &Tried) -> Markup {
    let quote = |title: Text, quote: &QuoteBody| {
        html! {
            section .meal {
                h3 { (title.of(lang)) }
                p { (texts::PAYS.of(lang)) " " strong .price { (say::money(lang, quote.resident_fen)) } }
                ul .sentences {
                    @for line in &quote.lines {
                        li { (say::recorded(lang, &say::sentence(line.why.get(lang)))) }
                    }
                    @for reason in &quote.reasons { li { (say::sentence(reason.get(lang))) } }
                }
            }
        }
    };
    html! {
        section {
            h2 { (texts::TRY_RESULT.marked(lang, &[("name", say::recorded(lang, &tried.name))])) }
            (quote(texts::TRY_WITH, &tried.then))
            (quote(texts::TRY_NOW, &tried.now))
            p .hint { (texts::TRY_FIRST.of(lang)) }
        }
    }
}
