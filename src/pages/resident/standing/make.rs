//! Making a standing order, one question a page: which meals, which days, how served, what, from when; then the check.
//! Changing one begins at the check, with every answer as it is.
//!
//! The answers travel in the address. The page asks the first question that is not answered yet.

use actix_web::web::Path;
use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use super::{Standing, day_line, for_whom, near_day, order_page, page_of, rule, span, weekly_meal};
use crate::{
    access::act,
    api::Answer,
    canteens::{Canteen, MealPeriod},
    ids::{ResidentId, StandingOrderId},
    pages::{
        forms::{
            Asked, Choice, Errors, Fields, Legend, Sent, address, any_of, button, form, hidden, one_of,
            yes_or_no,
        },
        resident::{Person, check::row, choose::about},
        say,
        shell::Page,
        texts::{Text, resident as people, shell, standing as texts},
        visit::{Look, Shown, Visit, go},
    },
    problem::Code,
    reservations::{
        ItemRule,
        standing::{
            StandingOrder, Terms, WeeklyMeal,
            http::{NewStandingOrder, StandingOrderChange, change_order, create},
        },
    },
    words::{Lang, Mode, Period, Weekday},
};

/// A question, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Meals,
    Days,
    How,
    What,
    When,
}

impl Step {
    const ALL: [Step; 5] = [Step::Meals, Step::Days, Step::How, Step::What, Step::When];

    fn as_str(self) -> &'static str {
        match self {
            Step::Meals => "meals",
            Step::Days => "days",
            Step::How => "how",
            Step::What => "what",
            Step::When => "when",
        }
    }

    fn title(self) -> Text {
        match self {
            Step::Meals => texts::MEALS_TITLE,
            Step::Days => texts::DAYS_TITLE,
            Step::How => texts::HOW_TITLE,
            Step::What => texts::WHAT_TITLE,
            Step::When => texts::WHEN_TITLE,
        }
    }
}

/// A meal of the week as far as it is answered.
struct Wanted<'a> {
    served: &'a MealPeriod,
    weekdays: Vec<Weekday>,
    mode: Option<Mode>,
}

/// The answers so far.
struct Draft<'a> {
    canteen: &'a Canteen,
    meals: Vec<Wanted<'a>>,
    rule: Option<ItemRule>,
    from: String,
    to: String,
    /// The order that is changed, as it was read in this version.
    changes: Option<(StandingOrderId, i32)>,
}

impl<'a> Draft<'a> {
    /// Reads the answers; what the canteen does not serve is none, and where there is no choice it is made.
    fn of(fields: &Fields, canteen: &'a Canteen) -> Draft<'a> {
        let asked: Vec<Period> = fields.all("meal").filter_map(Period::from_word).collect();
        let wanted = canteen.periods.iter().filter(|served| match canteen.periods.as_slice() {
            [_] => true,
            _ => asked.contains(&served.period),
        });
        let meals = wanted
            .map(|served| {
                let days = format!("on-{}", served.period);
                let days: Vec<Weekday> = fields.all(&days).filter_map(Weekday::from_word).collect();
                let mode = Mode::from_word(fields.get(&format!("mode-{}", served.period)));
                let only = if let [only] = served.modes.as_slice() { Some(*only) } else { None };
                Wanted {
                    served,
                    weekdays: days.into_iter().filter(|day| served.weekdays.contains(day)).collect(),
                    mode: mode.filter(|mode| served.modes.contains(mode)).or(only),
                }
            })
            .collect();
        Draft {
            canteen,
            meals,
            rule: ItemRule::from_word(fields.get("rule")),
            from: fields.get("from").to_owned(),
            to: fields.get("to").to_owned(),
            changes: fields.get("order").parse().ok().zip(fields.get("version").parse().ok()),
        }
    }

    /// The answers as an order has them; none where these questions do not say all of it: at another canteen, or with
    /// days of one meal that are served in different ways.
    fn known(order: &StandingOrder, canteen: &'a Canteen, today: NaiveDate) -> Option<Draft<'a>> {
        let terms = &order.terms;
        let mut meals: Vec<Wanted<'a>> = Vec::new();
        for meal in &terms.meals {
            let served = canteen.periods.iter().find(|served| served.period == meal.period)?;
            if meals.iter().any(|known| known.served.period == meal.period) {
                return None;
            }
            meals.push(Wanted { served, weekdays: meal.weekdays.clone(), mode: Some(meal.mode) });
        }
        (order.canteen_id == canteen.id).then(|| Draft {
            canteen,
            meals,
            rule: Some(terms.item_rule),
            from: terms.from_on.max(today).to_string(),
            to: terms.to_on.map(|to| to.to_string()).unwrap_or_default(),
            changes: Some((order.id, order.version)),
        })
    }

    /// Whether a question is asked at all.
    fn asks(&self, step: Step) -> bool {
        match step {
            Step::Meals => self.canteen.periods.len() > 1,
            Step::How => self.meals.iter().any(|meal| meal.served.modes.len() > 1),
            Step::Days | Step::What | Step::When => true,
        }
    }

    /// What is missing of the answer to a question.
    fn errors(&self, step: Step, lang: Lang, today: NaiveDate) -> Errors {
        let mut errors = Errors::none();
        match step {
            Step::Meals if self.meals.is_empty() => errors.add("meal", texts::CHOOSE_SOME.of(lang)),
            Step::Days => {
                for meal in self.meals.iter().filter(|meal| meal.weekdays.is_empty()) {
                    let name = say::period(meal.served.period).of(lang);
                    let what = texts::DAYS_CHOOSE.with(lang, &[("meal", &name)]);
                    errors.add(format!("on-{}", meal.served.period), what);
                }
            }
            Step::How => {
                for meal in self.meals.iter().filter(|meal| meal.mode.is_none()) {
                    errors.add(format!("mode-{}", meal.served.period), shell::CHOOSE_ONE.of(lang));
                }
            }
            Step::What if self.rule.is_none() => errors.add("rule", shell::CHOOSE_ONE.of(lang)),
            Step::When => drop(self.days(lang, today, &mut errors)),
            Step::Meals | Step::What => {}
        }
        errors
    }

    /// From when to when.
    fn days(
        &self,
        lang: Lang,
        today: NaiveDate,
        errors: &mut Errors,
    ) -> Option<(NaiveDate, Option<NaiveDate>)> {
        let from = errors.keep("from", near_day(lang, &self.from, today))?;
        if self.to.is_empty() {
            return Some((from, None));
        }
        let to = near_day(lang, &self.to, today).and_then(|to| match to < from {
            true => Err(texts::DAY_ORDER.of(lang).to_owned()),
            false => Ok(to),
        });
        Some((from, Some(errors.keep("to", to)?)))
    }

    /// The first question without an answer.
    fn open(&self, lang: Lang, today: NaiveDate) -> Option<Step> {
        Step::ALL.into_iter().find(|step| self.asks(*step) && !self.errors(*step, lang, today).is_empty())
    }

    /// The question before one.
    fn before(&self, step: Step) -> Option<Step> {
        let earlier = Step::ALL.into_iter().take_while(|other| *other != step);
        earlier.filter(|other| self.asks(*other)).last()
    }

    /// The answers as fields, without those to one question.
    fn pairs(&self, but: Option<Step>) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        if let Some((order, version)) = self.changes {
            pairs.push(("order".to_owned(), order.to_string()));
            pairs.push(("version".to_owned(), version.to_string()));
        }
        let mut add = |step: Step, name: String, value: &str| {
            if but != Some(step) && !value.is_empty() {
                pairs.push((name, value.to_owned()));
            }
        };
        for Wanted { served, weekdays, mode } in &self.meals {
            add(Step::Meals, "meal".to_owned(), served.period.as_str());
            for day in weekdays {
                add(Step::Days, format!("on-{}", served.period), day.as_str());
            }
            add(Step::How, format!("mode-{}", served.period), mode.map_or("", Mode::as_str));
        }
        add(Step::What, "rule".to_owned(), self.rule.map_or("", ItemRule::as_str));
        add(Step::When, "from".to_owned(), &self.from);
        add(Step::When, "to".to_owned(), &self.to);
        pairs
    }

    fn hidden(&self, but: Option<Step>) -> Markup {
        html! { @for (name, value) in self.pairs(but) { (hidden(&name, &value)) } }
    }

    /// The page that asks this question, with the answers so far.
    fn address(&self, person: &Person, step: Step) -> String {
        let step = ("step".to_owned(), step.as_str().to_owned());
        address(&format!("{}/new", page_of(person)), self.pairs(None).into_iter().chain([step]))
    }

    fn weekly(&self) -> Vec<WeeklyMeal> {
        let weekly = |meal: &Wanted<'_>| {
            let (period, weekdays) = (meal.served.period, meal.weekdays.clone());
            meal.mode.map(|mode| WeeklyMeal { period, mode, weekdays })
        };
        self.meals.iter().filter_map(weekly).collect()
    }
}

/// `GET /people/{id}/standing/new`: the question that is asked for, or else the first that is open.
pub async fn ask(visit: Visit<act::ReadReservations>, id: Path<ResidentId>, Asked(query): Asked) -> Shown {
    let id = *id;
    let (asked, lang) = (query.clone(), visit.lang());
    let ready = visit.allowed().read(move |conn, caller| {
        let person = Person::of(conn, caller, id)?;
        let draft = Draft::of(&asked, &person.canteen);
        let wanted = Step::ALL.iter().any(|step| step.as_str() == asked.get("step"));
        let open = draft.open(lang, person.canteen.today(caller.now));
        let check = || address(&format!("{}/new/check", page_of(&person)), draft.pairs(None));
        Ok((!wanted && open.is_none()).then(check))
    });
    if let Some(check) = ready.await? {
        return Ok(go(&check));
    }
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, id)?;
            let today = person.canteen.today(caller.now);
            let draft = Draft::of(&query, &person.canteen);
            let named = |name: &str| Step::ALL.into_iter().find(|step| step.as_str() == query.get(name));
            let open = draft.open(look.lang, today);
            let step = named("step").filter(|step| draft.asks(*step)).or(open).unwrap_or(Step::When);
            let errors = match named("asked") == Some(step) && named("step").is_none() {
                true => draft.errors(step, look.lang, today),
                false => Errors::none(),
            };
            Ok(question(look, &person, &draft, step, today, errors))
        })
        .await
}

fn question(
    look: &Look,
    person: &Person,
    draft: &Draft<'_>,
    step: Step,
    today: NaiveDate,
    errors: Errors,
) -> Page {
    let lang = look.lang;
    let fields = match step {
        Step::Meals => meals(lang, draft, &errors),
        Step::Days => days(lang, draft, &errors),
        Step::How => how(lang, draft, &errors),
        Step::What => what(lang, person, draft, &errors),
        Step::When => when(lang, draft, today, &errors),
    };
    let back = draft.before(step).map_or_else(|| page_of(person), |step| draft.address(person, step));
    let content = html! {
        form method="get" action={ (page_of(person)) "/new" } {
            (draft.hidden(Some(step)))
            (hidden("asked", step.as_str()))
            (fields)
            button .button type="submit" { (shell::NEXT.of(lang)) }
        }
    };
    about(look, person, step.title().of(lang), content).back(back).errors(errors)
}

fn meals(lang: Lang, draft: &Draft<'_>, errors: &Errors) -> Markup {
    let choice = |served: &MealPeriod| {
        let name = say::sentence(say::period(served.period).of(lang));
        Choice::new(served.period.as_str(), html! { (name) })
    };
    let choices: Vec<Choice> = draft.canteen.periods.iter().map(choice).collect();
    let chosen = |value: &str| draft.meals.iter().any(|meal| meal.served.period.as_str() == value);
    any_of("meal", Legend::Heard(texts::MEALS_TITLE.of(lang)), &choices, &chosen, errors)
}

fn days(lang: Lang, draft: &Draft<'_>, errors: &Errors) -> Markup {
    html! {
        @for meal in &draft.meals {
            @let name = format!("on-{}", meal.served.period);
            @let legend = texts::DAYS_OF.with(lang, &[("meal", &say::period(meal.served.period).of(lang))]);
            @let days = Weekday::ALL.iter().filter(|day| meal.served.weekdays.contains(day));
            @let choices: Vec<Choice> = days.map(|day| {
                Choice::new(day.as_str(), html! { (say::weekday(*day).of(lang)) })
            }).collect();
            (any_of(&name, Legend::Shown(&legend), &choices,
                &|value| meal.weekdays.iter().any(|day| day.as_str() == value), errors))
        }
    }
}

fn how(lang: Lang, draft: &Draft<'_>, errors: &Errors) -> Markup {
    html! {
        @for meal in &draft.meals {
            @let name = format!("mode-{}", meal.served.period);
            @if meal.served.modes.len() > 1 {
                @let legend = texts::HOW_OF.with(lang, &[("meal", &say::period(meal.served.period).of(lang))]);
                @let choices: Vec<Choice> = meal.served.modes.iter().map(|mode| {
                    Choice::new(mode.as_str(), html! { (say::mode_long(*mode).of(lang)) })
                }).collect();
                (one_of(&name, Legend::Shown(&legend), &choices, meal.mode.map_or("", Mode::as_str), errors))
            } @else if let Some(mode) = meal.mode {
                (hidden(&name, mode.as_str()))
            }
        }
    }
}

fn what(lang: Lang, person: &Person, draft: &Draft<'_>, errors: &Errors) -> Markup {
    let has_diet = !person.resident.diet_tags.0.is_empty();
    let offered = ItemRule::ALL.iter().filter(|rule| **rule != ItemRule::ByDiet || has_diet);
    let choices: Vec<Choice> = offered
        .map(|rule| {
            let words = match rule {
                ItemRule::SetMeal => texts::RULE_SET,
                ItemRule::Cheapest => texts::RULE_CHEAPEST,
                ItemRule::ByDiet => texts::RULE_DIET,
            };
            Choice::new(rule.as_str(), html! { (words.of(lang)) })
        })
        .collect();
    let legend = Legend::Heard(texts::WHAT_TITLE.of(lang));
    html! {
        (one_of("rule", legend, &choices, draft.rule.map_or("", ItemRule::as_str), errors))
        p .hint { (texts::RULE_SAFE.of(lang)) }
    }
}

fn when(lang: Lang, draft: &Draft<'_>, today: NaiveDate, errors: &Errors) -> Markup {
    let tomorrow = today + Days::new(1);
    // The first day is most often the next.
    let from = if draft.from.is_empty() { tomorrow.to_string() } else { draft.from.clone() };
    html! {
        (day_line("from", texts::FROM, None, lang).field(&from, errors))
        (day_line("to", texts::TO, Some(texts::TO_HINT), lang).field(&draft.to, errors))
    }
}

/// `GET /people/{id}/standing/new/check`
pub async fn check(visit: Visit<act::ReadReservations>, id: Path<ResidentId>, Asked(query): Asked) -> Shown {
    visit
        .show(move |conn, caller, look| {
            let person = Person::of(conn, caller, *id)?;
            let today = person.canteen.today(caller.now);
            let draft = Draft::of(&query, &person.canteen);
            match draft.open(look.lang, today) {
                Some(step) => Ok(question(look, &person, &draft, step, today, Errors::none())),
                None => Ok(check_page(look, &person, &draft, today)),
            }
        })
        .await
}

fn check_page(look: &Look, person: &Person, draft: &Draft<'_>, today: NaiveDate) -> Page {
    let lang = look.lang;
    let to = |step: Step| Some(draft.address(person, step));
    let days = draft.days(lang, today, &mut Errors::none());
    let content = html! {
        dl .answers {
            (for_whom(lang, person))
            (row(lang, people::WHERE, say::recorded(lang, &draft.canteen.name), None))
            (row(lang, texts::MEALS, html! {
                @for (position, meal) in draft.weekly().iter().enumerate() {
                    @if position > 0 { br; }
                    (weekly_meal(lang, meal))
                }
            }, to(Step::Days)))
            @if let Some(chosen) = draft.rule {
                (row(lang, texts::WHAT, html! { (rule(chosen).of(lang)) }, to(Step::What)))
            }
            @if let Some((from, to_on)) = days {
                (row(lang, texts::WHEN, html! { (span(lang, from, to_on, today)) }, to(Step::When)))
            }
        }
        @match draft.changes {
            Some(_) => (form(look, html! {
                (draft.hidden(None))
                (one_of("cancel", Legend::Shown(texts::CHANGE_CANCEL.of(lang)), &yes_or_no(lang), "yes", &Errors::none()))
                (button(texts::CHANGE_BUTTON.of(lang)))
            })),
            None => {
                (form(look, html! { (draft.hidden(None)) (button(texts::MAKE_BUTTON.of(lang))) }))
                p { (texts::MAKE_FREE.of(lang)) }
            }
        }
        p .hint { (texts::RULE_SAFE.of(lang)) }
    };
    let (title, back) = match draft.changes {
        Some((order, _)) => (texts::CHANGE_CHECK_TITLE, order_page(person.resident.id, order)),
        None => (texts::CHECK_TITLE, draft.address(person, Step::When)),
    };
    about(look, person, title.of(lang), content).back(back).read_aloud()
}

/// The page on which an order is changed; none where it cannot be changed there.
pub fn change_page(person: &Person, order: &StandingOrder, today: NaiveDate) -> Option<String> {
    let draft = Draft::known(order, &person.canteen, today)?;
    Some(address(&format!("{}/new/check", page_of(person)), draft.pairs(None)))
}

/// `POST /people/{id}/standing/new/check`: makes it, or changes the one that is named.
pub async fn make(visit: Visit<act::Reserve>, id: Path<ResidentId>, sent: Sent) -> Shown {
    let id = *id;
    let (fields, lang) = (sent.fields.clone(), visit.lang());
    if let Ok(order) = fields.get("order").parse() {
        return change(visit, id, order, sent).await;
    }
    let new = visit
        .allowed()
        .read(move |conn, caller| {
            let person = Person::of(conn, caller, id)?;
            let draft = Draft::of(&fields, &person.canteen);
            let days = draft.days(lang, person.canteen.today(caller.now), &mut Errors::none());
            Ok(new_order(&person, &draft, days))
        })
        .await?;
    // An answer that was good when it was shown is good no more: the page asks for it.
    let Some(new) = new else { return Ok(go(&visit.look().here)) };
    let made = create(visit.api(), sent.keyed(new)).await.and_then(Answer::into_body)?;
    Ok(go(&address(&order_page(id, made.order.id), [("done", "made")])))
}

fn new_order(
    person: &Person,
    draft: &Draft<'_>,
    days: Option<(NaiveDate, Option<NaiveDate>)>,
) -> Option<NewStandingOrder> {
    let (from_on, to_on) = days?;
    Some(NewStandingOrder {
        canteen_id: draft.canteen.id,
        resident_id: Some(person.resident.id),
        card_number: None,
        from_on,
        to_on,
        meals: draft.weekly(),
        item_rule: draft.rule?,
        pauses: Vec::new(),
        skips: Vec::new(),
    })
}

/// What is paused and skipped stays so.
async fn change(visit: Visit<act::Reserve>, id: ResidentId, order: StandingOrderId, sent: Sent) -> Shown {
    let version = sent.fields.version()?;
    let lang = visit.lang();
    let changed = visit.once(&sent, move |conn, caller, fields| {
        let person = Person::of(conn, caller, id)?;
        let standing = Standing::active(conn, &person, order)?;
        let draft = Draft::of(fields, &person.canteen);
        let days = draft.days(lang, person.canteen.today(caller.now), &mut Errors::none());
        let (Some((from_on, to_on)), Some(item_rule)) = (days, draft.rule) else {
            return Err(Code::Stale.into());
        };
        let present = standing.order.terms;
        let terms = Terms { from_on, to_on, meals: draft.weekly(), item_rule, ..present };
        let change = StandingOrderChange::of(terms, fields.get("cancel") == "yes");
        change_order(conn, caller, order, version, &change).map(|_| ())
    });
    changed.await?;
    Ok(go(&address(&order_page(id, order), [("done", "change")])))
}
