//! A canteen to be made: where it is, when it serves, how long one can reserve.

use maud::{Markup, html};

use super::{NEXT, line};
use crate::{
    access::act,
    api::Answer,
    canteens::{
        Cutoff, MealPeriod,
        http::{CanteenDetailsBody, create},
    },
    pages::{
        forms::{Choice, Errors, Fields, Kind, Legend, Line, Sent, any_of, button, form, yuan},
        say,
        shell::Page,
        texts::{Text, first_run as texts},
        visit::{Look, Shown, Visit, go},
    },
    problem::{Code, Problem},
    text::{self, ClockTime, Phone, ZoneName},
    words::{Area, Lang, Mode, Period, Weekday},
};

/// The levels of an area, from the city down.
const LEVELS: [(&str, Text); 4] = [
    ("city", texts::CITY),
    ("district", texts::DISTRICT),
    ("town", texts::TOWN),
    ("community", texts::COMMUNITY),
];

/// `GET /first-run/canteen`
pub async fn show(visit: Visit<act::EditCanteens>) -> Shown {
    visit.show(|_, _, look| Ok(page(look, &usual(), Errors::none()))).await
}

/// What the form holds at first: a lunch as most canteens serve it.
fn usual() -> Fields {
    let mut written = form_urlencoded::Serializer::new(String::new());
    written.append_pair("time_zone", "Asia/Shanghai").append_pair("fee", "0.00");
    written.append_pair("period", Period::Lunch.as_str());
    for period in Period::ALL {
        let (from, to) = match period {
            Period::Breakfast => ("07:00", "08:30"),
            Period::Lunch => ("11:00", "13:00"),
            Period::Dinner => ("17:00", "18:30"),
        };
        let set = [("from", from), ("to", to), ("days", "1"), ("at", "16:00"), ("capacity", "100")];
        for (name, value) in set {
            written.append_pair(&format!("{period}-{name}"), value);
        }
        for mode in [Mode::DineIn, Mode::Takeaway] {
            written.append_pair(&format!("{period}-mode"), mode.as_str());
        }
        for day in Weekday::ALL {
            written.append_pair(&format!("{period}-day"), day.as_str());
        }
    }
    Fields::parse(written.finish().as_bytes())
}

fn page(look: &Look, fields: &Fields, errors: Errors) -> Page {
    let lang = look.lang;
    let shown = |name: &'static str, label: Text, kind: Kind| {
        line(name, label, None, kind, lang).field(fields.get(name), &errors)
    };
    let content = html! {
        p .lead { (texts::CANTEEN_LEAD.of(lang)) }
        (form(look, html! {
            (shown("name", texts::NAME, Kind::Text))
            @for (level, label) in LEVELS {
                @let hint = (level == "city").then_some(texts::AREA_HINT);
                (line(level, label, hint, Kind::Text, lang).field(fields.get(level), &errors))
            }
            (shown("address", texts::ADDRESS, Kind::Text))
            (shown("phone", texts::PHONE, Kind::Phone))
            (shown("time_zone", texts::ZONE, Kind::Text))
            (shown("fee", texts::FEE, Kind::Text))
            @for period in Period::ALL { (period_fields(lang, *period, fields, &errors)) }
            (button(texts::CANTEEN_BUTTON.of(lang)))
        }))
    };
    Page::new(texts::CANTEEN_TITLE.of(lang), content).back(NEXT).errors(errors)
}

fn period_fields(lang: Lang, period: Period, fields: &Fields, errors: &Errors) -> Markup {
    let meal = say::period(period).of(lang);
    let served = fields.all("period").any(|word| word == period.as_str());
    // The first period's box is where the summary leads when none is served.
    let id = if period == Period::Breakfast { "period".to_owned() } else { format!("period-{period}") };
    let name = |part: &str| format!("{period}-{part}");
    let field = |part: &str, label: Text, kind: Kind| {
        let name = name(part);
        let line = Line { name: &name, label: label.of(lang), hint: None, kind, autocomplete: "off" };
        line.field(fields.get(&name), errors)
    };
    let modes =
        Mode::ALL.iter().map(|mode| Choice::new(mode.as_str(), html! { (say::mode_long(*mode).of(lang)) }));
    let days =
        Weekday::ALL.iter().map(|day| Choice::new(day.as_str(), html! { (say::weekday(*day).of(lang)) }));
    let (modes, days): (Vec<Choice>, Vec<Choice>) = (modes.collect(), days.collect());
    let ticked = |part: &'static str| {
        let name = name(part);
        move |value: &str| fields.all(&name).any(|word| word == value)
    };
    html! {
        section .period {
            h2 { (say::sentence(meal)) }
            div .choice {
                input type="checkbox" id=(id) name="period" value=(period) checked[served];
                label for=(id) { (texts::PERIOD_SERVED.with(lang, &[("meal", &meal)])) }
            }
            (field("from", texts::FROM, Kind::Text))
            (field("to", texts::TO, Kind::Text))
            (field("days", texts::CUTOFF_DAYS, Kind::Digits))
            (field("at", texts::CUTOFF_AT, Kind::Text))
            (field("capacity", texts::CAPACITY, Kind::Digits))
            (any_of(&name("mode"), Legend::Shown(texts::MODES.of(lang)), &modes, &ticked("mode"), errors))
            (any_of(&name("day"), Legend::Shown(texts::WEEKDAYS.of(lang)), &days, &ticked("day"), errors))
        }
    }
}

/// Reads the form, or says everything that has to be put right.
fn details(fields: &Fields, lang: Lang) -> Result<CanteenDetailsBody, Errors> {
    let mut errors = Errors::none();
    let name = keep_line::<60>(&mut errors, fields, "name", lang);
    let area = errors.keep("city", area(fields).ok_or_else(|| texts::AREA_WRONG.of(lang).to_owned()));
    let address = keep_line::<200>(&mut errors, fields, "address", lang);
    let phone = Phone::parse(fields.get("phone")).map_err(|_| texts::PHONE_WRONG.of(lang).to_owned());
    let phone = errors.keep("phone", phone);
    let zone = ZoneName::parse(fields.get("time_zone")).map_err(|_| texts::ZONE_WRONG.of(lang).to_owned());
    let time_zone = errors.keep("time_zone", zone);
    let fee = yuan(fields.get("fee")).ok_or_else(|| texts::FEE_WRONG.of(lang).to_owned());
    let fee = errors.keep("fee", fee);
    let served: Vec<Period> = fields.all("period").filter_map(Period::from_word).collect();
    if served.is_empty() {
        errors.add("period", texts::PERIOD_NONE.of(lang));
    }
    let periods: Vec<MealPeriod> =
        served.iter().filter_map(|period| meal_period(&mut errors, fields, *period, lang)).collect();
    match (name, area, address, phone, time_zone, fee) {
        (Some(name), Some(area), Some(address), Some(phone), Some(time_zone), Some(delivery_fee_fen))
            if errors.is_empty() =>
        {
            Ok(CanteenDetailsBody { name, area, address, phone, time_zone, delivery_fee_fen, periods })
        }
        (_, _, _, _, _, _) => Err(errors),
    }
}

fn keep_line<const MAX: usize>(
    errors: &mut Errors,
    fields: &Fields,
    name: &str,
    lang: Lang,
) -> Option<text::Line<MAX>> {
    let wrong = |_| texts::LINE_WRONG.with(lang, &[("max", &MAX)]);
    errors.keep(name, text::Line::parse(fields.get(name)).map_err(wrong))
}

/// The levels that are filled in, from the city down without a gap.
fn area(fields: &Fields) -> Option<Area> {
    let names = LEVELS.map(|(level, _)| fields.get(level));
    let depth = names.iter().take_while(|name| !name.is_empty()).count();
    let gap = names[depth..].iter().any(|name| !name.is_empty());
    Area::new(names.into_iter().take(depth)).ok().filter(|_| !gap)
}

fn meal_period(errors: &mut Errors, fields: &Fields, period: Period, lang: Lang) -> Option<MealPeriod> {
    let name = |part: &str| format!("{period}-{part}");
    let mut clock = |part: &str| {
        let time: Result<ClockTime, _> = serde_json::from_value(fields.get(&name(part)).into());
        errors.keep(&name(part), time.map_err(|_| texts::TIME_WRONG.of(lang).to_owned()))
    };
    let (serves_from, serves_to, at) = (clock("from"), clock("to"), clock("at"));
    let mut number = |part: &str, from: i32, to: i32| {
        let said = texts::NUMBER_WRONG.with(lang, &[("from", &from), ("to", &to)]);
        let number = fields.get(&name(part)).parse().ok().filter(|number| (from..=to).contains(number));
        errors.keep(&name(part), number.ok_or(said))
    };
    let (days, capacity) = (number("days", 0, 14), number("capacity", 1, 5000));
    let modes: Vec<Mode> = fields.all(&name("mode")).filter_map(Mode::from_word).collect();
    let weekdays: Vec<Weekday> = fields.all(&name("day")).filter_map(Weekday::from_word).collect();
    Some(MealPeriod {
        period,
        serves_from: serves_from?,
        serves_to: serves_to?,
        cutoff: Cutoff { service_days_before: days?, at: at? },
        default_capacity: capacity?,
        modes,
        weekdays,
    })
}

/// `POST /first-run/canteen`
pub async fn make(visit: Visit<act::EditCanteens>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let again = |errors: Errors| {
        let fields = sent.fields.clone();
        visit.show(move |_, _, look| Ok(page(look, &fields, errors)))
    };
    let new = match details(&sent.fields, lang) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let periods: Vec<Period> = new.periods.iter().map(|meal| meal.period).collect();
    match create(visit.api(), sent.keyed(new)).await.and_then(Answer::into_body) {
        Ok(_) => Ok(go(NEXT)),
        Err(problem) if problem.code == Code::BadCanteen => again(faults(&problem, &periods, lang)).await,
        Err(problem) if problem.code == Code::CanteenExists => {
            again(Errors::of("name", &problem, lang)).await
        }
        Err(problem) => Err(problem),
    }
}

/// What the rules of canteens say against it, at its fields.
fn faults(problem: &Problem, periods: &[Period], lang: Lang) -> Errors {
    let mut errors = Errors::none();
    for fault in problem.fields() {
        let mut parts = fault.pointer.trim_start_matches('/').split('/');
        let field = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("periods"), Some(at), Some(part), deeper) => {
                let period = at
                    .parse()
                    .ok()
                    .and_then(|at: usize| periods.get(at))
                    .map_or("", |period| period.as_str());
                let part = match (part, deeper) {
                    ("serves_from", _) => "from",
                    ("cutoff", Some("at")) => "at",
                    ("cutoff", _) => "days",
                    ("default_capacity", _) => "capacity",
                    ("modes", _) => "mode",
                    ("weekdays", _) => "day",
                    (_, _) => "to",
                };
                format!("{period}-{part}")
            }
            (Some("time_zone"), _, _, _) => "time_zone".to_owned(),
            (_, _, _, _) => "name".to_owned(),
        };
        errors.add(field, fault.detail.get(lang));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_has_no_gap() {
        let of = |text: &str| area(&Fields::parse(text.as_bytes()));
        assert_eq!(of("city=a&district=b"), Area::new(["a", "b"]).ok());
        assert_eq!(of("city=a&town=b"), None);
        assert_eq!(of("district=b"), None);
    }

    #[test]
    fn what_the_form_holds_at_first_needs_only_a_name_and_a_place() {
        let errors = details(&usual(), Lang::En).err().map(|errors| errors.summary(Lang::En).into_string());
        let errors = errors.unwrap_or_default();
        for field in ["name", "city", "address", "phone"] {
            assert!(errors.contains(&format!("href=\"#{field}\"")), "{field}");
        }
        assert_eq!(errors.matches("<li>").count(), 4, "{errors}");
    }
}
