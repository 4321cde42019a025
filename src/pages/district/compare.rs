//! A version of a policy compared with what holds, on the meals of a month: who would pay more, who less, and what it
//! would cost each payer.

use actix_web::web::Path;
use chrono::Months;
use maud::{Markup, html};

use super::{
    policies::{in_reach, page_of},
    report::{month_from, month_of, month_words, other_months},
    today, wide_table,
};
use crate::{
    access::act,
    canteens,
    db::Conn,
    ids::{PolicyId, ResidentId},
    money::Fen,
    pages::{
        forms::Asked,
        say,
        shell::Page,
        texts::district as texts,
        visit::{Shown, Visit},
    },
    pricing::payer_words,
    problem::Fail,
    residents,
    subsidies::{Change, Comparison, http::compare},
    words::Lang,
};

/// So many residents are named.
const NAMED: usize = 30;

/// `GET /district/policies/{id}/compare?month=2026-10`
pub async fn show(visit: Visit<act::ReadDraws>, id: Path<PolicyId>, Asked(query): Asked) -> Shown {
    let id = *id;
    let today = visit
        .allowed()
        .read(|conn, caller| Ok(today(&canteens::all_in(conn, &caller.scopes())?, caller.now)))
        .await?;
    let last_month = today.checked_sub_months(Months::new(1)).unwrap_or(today);
    let days = month_of(query.get("month")).unwrap_or_else(|| month_from(last_month));
    let comparison = compare(visit.allowed(), id, days).await?;
    visit
        .show(move |conn, caller, look| {
            let lang = look.lang;
            let version = in_reach(conn, caller, id)?;
            let own = format!("{}/compare", page_of(id));
            let month = month_words(lang, days.0);
            let content = html! {
                (told(conn, lang, &comparison, &month)?)
                (other_months(lang, &own, days.0, today))
            };
            Ok(Page::new(texts::COMPARE_TITLE.with(lang, &[("version", &version.version)]), content)
                .about(version.code.as_str())
                .back(page_of(id))
                .wide())
        })
        .await
}

fn told(conn: &mut Conn, lang: Lang, comparison: &Comparison, month: &str) -> Result<Markup, Fail> {
    let meals = comparison.meals;
    if meals == 0 {
        return Ok(html! { p { strong { (month) } ": " (texts::COMPARE_NONE.of(lang)) } });
    }
    let moved: Vec<(ResidentId, Change)> = comparison
        .by_resident
        .iter()
        .filter(|(_, change)| !change.more().is_zero())
        .map(|(id, change)| (*id, *change))
        .collect();
    let unmoved = moved.is_empty() && comparison.by_payer.values().all(|change| change.more().is_zero());
    Ok(html! {
        p .lead { (texts::COMPARE_LEAD.with(lang, &[("month", &month), ("meals", &meals)])) }
        @if !comparison.is_whole() {
            p .warning { (texts::COMPARE_PART.with(lang, &[("meals", &meals)])) }
        }
        @if unmoved { p .notice { (texts::COMPARE_SAME.of(lang)) } }
        (payers(lang, comparison))
        @if !unmoved { (residents_moved(lang, comparison, &moved)) }
        (names(conn, lang, moved)?)
    })
}

/// An amount with its sign, as a difference.
fn signed(lang: Lang, fen: Fen) -> String {
    let amount = say::money(lang, if fen < Fen::ZERO { Fen::ZERO - fen } else { fen });
    match fen.cmp(&Fen::ZERO) {
        std::cmp::Ordering::Less => format!("−{amount}"),
        std::cmp::Ordering::Equal => amount,
        std::cmp::Ordering::Greater => format!("+{amount}"),
    }
}

fn amounts(lang: Lang, change: Change) -> Markup {
    html! {
        td .amount { (say::money(lang, change.before)) }
        td .amount { (say::money(lang, change.after)) }
        td .amount { (signed(lang, change.more())) }
    }
}

fn heads(lang: Lang, first: crate::pages::texts::Text) -> Markup {
    html! {
        thead { tr {
            th scope="col" { (first.of(lang)) }
            @for column in [texts::BEFORE, texts::AFTER, texts::DIFFERENCE] {
                th .amount scope="col" { (column.of(lang)) }
            }
        } }
    }
}

fn payers(lang: Lang, comparison: &Comparison) -> Markup {
    let all = comparison.by_resident.values().fold(Change::default(), |sum, change| Change {
        before: sum.before + change.before,
        after: sum.after + change.after,
    });
    let caption = texts::WHO_PAYS.of(lang);
    wide_table(
        caption,
        html! { table {
            caption { (caption) }
            (heads(lang, texts::PAYER))
            tbody {
                @for (payer, change) in &comparison.by_payer {
                    tr {
                        th scope="row" { (say::recorded(lang, payer_words(payer).get(lang))) }
                        (amounts(lang, *change))
                    }
                }
                tr { th scope="row" { (texts::RESIDENTS.of(lang)) } (amounts(lang, all)) }
            }
        } },
    )
}

fn residents_moved(lang: Lang, comparison: &Comparison, moved: &[(ResidentId, Change)]) -> Markup {
    let sum = |wanted: fn(Fen) -> bool| {
        let chosen = moved.iter().map(|(_, change)| change.more()).filter(|more| wanted(*more));
        let (count, fen) = chosen.fold((0, Fen::ZERO), |(count, sum), more| (count + 1, sum + more));
        (count, say::money(lang, if fen < Fen::ZERO { Fen::ZERO - fen } else { fen }))
    };
    let (more, less) = (sum(|more| more > Fen::ZERO), sum(|more| more < Fen::ZERO));
    let same = comparison.by_resident.len() - moved.len();
    html! {
        ul .sentences {
            li { (texts::MORE_COUNT.with(lang, &[("count", &more.0), ("fen", &more.1)])) }
            li { (texts::LESS_COUNT.with(lang, &[("count", &less.0), ("fen", &less.1)])) }
            li { (texts::SAME_COUNT.with(lang, &[("count", &same)])) }
        }
    }
}

/// Those whose price changes most, by name.
fn names(conn: &mut Conn, lang: Lang, mut moved: Vec<(ResidentId, Change)>) -> Result<Markup, Fail> {
    if moved.is_empty() {
        return Ok(html! {});
    }
    moved.sort_by_key(|(_, change)| std::cmp::Reverse(change.more().0.abs()));
    moved.truncate(NAMED);
    let ids: Vec<ResidentId> = moved.iter().map(|(id, _)| *id).collect();
    let known = residents::by_ids(conn, &ids)?;
    let name = |id: ResidentId| known.iter().find(|one| one.id == id).map_or("", |one| &one.full_name);
    let caption = texts::MOST_MOVED.with(lang, &[("count", &moved.len())]);
    Ok(wide_table(
        &caption,
        html! { table {
            caption { (caption) }
            (heads(lang, texts::NAME))
            tbody {
                @for (id, change) in &moved {
                    tr { th scope="row" { (say::recorded(lang, name(*id))) } (amounts(lang, *change)) }
                }
            }
        } },
    ))
}
