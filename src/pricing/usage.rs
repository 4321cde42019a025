//! What a person has had before: how much of each limit is used up, and which meal of a window this would be.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::Fen,
    pricing::{
        condition::Condition,
        document::Window,
        policy::{LimitKey, Policy},
        quote::PolicyInForce,
    },
    words::Period,
};

impl Window {
    /// The key of the window that a meal falls in: `2025-03-04/lunch`, `2025-03-04`, `2025-W10` (ISO 8601, Monday to
    /// Sunday), `2025-03` or `2025`.
    pub fn key(self, served_on: NaiveDate, period: Period) -> String {
        match self {
            Window::Period => format!("{served_on}/{period}"),
            Window::Day => served_on.to_string(),
            Window::Week => {
                let week = served_on.iso_week();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Window::Month => format!("{:04}-{:02}", served_on.year(), served_on.month()),
            Window::Year => format!("{:04}", served_on.year()),
        }
    }

    /// The first and the last day of the window that a day falls in.
    pub fn days(self, served_on: NaiveDate) -> (NaiveDate, NaiveDate) {
        match self {
            Window::Period | Window::Day => (served_on, served_on),
            Window::Week => {
                let week = served_on.week(chrono::Weekday::Mon);
                (week.first_day(), week.last_day())
            }
            Window::Month => {
                let first = served_on - Days::new(u64::from(served_on.day0()));
                let last = first + Days::new(u64::from(served_on.num_days_in_month()) - 1);
                (first, last)
            }
            Window::Year => {
                let first = served_on - Days::new(u64::from(served_on.ordinal0()));
                let days = if first.leap_year() { 366 } else { 365 };
                (first, first + Days::new(days - 1))
            }
        }
    }
}

/// What a limit has been charged with in its window: meals served and not voided, and open reservations (BR-43).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// Meals.
    pub count: i64,
    /// Money.
    pub fen: Fen,
}

/// What a person has had before this meal, over all canteens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// By limit, in the window that the meal falls in. A limit that is not listed is unused.
    #[serde(default)]
    pub windows: BTreeMap<LimitKey, Used>,
    /// By window, which of the person's meals in it this would be. A window that is not listed stands at 1.
    #[serde(default)]
    pub ordinals: BTreeMap<Window, i32>,
}

impl Usage {
    /// Which of the person's meals in the window this would be.
    pub fn ordinal(&self, window: Window) -> i32 {
        self.ordinals.get(&window).copied().unwrap_or(1)
    }

    /// How much of a limit is used.
    pub fn used(&self, limit: &LimitKey) -> Used {
        self.windows.get(limit).copied().unwrap_or_default()
    }
}

/// What must be looked up of a person's earlier meals before a quote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The limits that may be drawn on, in the order of their keys.
    pub limits: BTreeMap<LimitKey, Window>,
    /// The windows in which the meals must be counted.
    pub ordinals: BTreeSet<Window>,
}

/// What [`Usage`] these policies ask for.
pub fn needs(policies: &[PolicyInForce]) -> Needs {
    let mut needs = Needs::default();
    for policy in policies {
        let policy: &Policy = &policy.policy;
        needs.limits.extend(policy.limits().iter().map(|limit| (limit.key.clone(), limit.window)));
        for condition in policy.conditions() {
            condition.each_single(&mut |part| {
                if let Condition::NthMeal(nth) = part {
                    needs.ordinals.insert(nth.window);
                }
            });
        }
    }
    needs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pricing::schemes_test::invented;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_runs_from_monday_to_sunday_and_belongs_to_its_iso_year() {
        let new_year = day("2025-01-01");
        assert_eq!(Window::Week.key(day("2024-12-30"), Period::Lunch), "2025-W01");
        assert_eq!(Window::Week.days(new_year), (day("2024-12-30"), day("2025-01-05")));
    }

    #[test]
    fn every_window_has_a_key_and_its_days() {
        let on = day("2024-02-29");
        let all = |window: Window| (window.key(on, Period::Dinner), window.days(on));
        assert_eq!(all(Window::Period), ("2024-02-29/dinner".into(), (on, on)));
        assert_eq!(all(Window::Day), ("2024-02-29".into(), (on, on)));
        assert_eq!(all(Window::Month), ("2024-02".into(), (day("2024-02-01"), on)));
        assert_eq!(all(Window::Year), ("2024".into(), (day("2024-01-01"), day("2024-12-31"))));
    }

    #[test]
    fn a_window_has_its_first_and_last_day_whichever_of_its_days_it_is_asked_of() {
        for on in ["2025-03-01", "2025-03-15", "2025-03-31"] {
            assert_eq!(Window::Month.days(day(on)), (day("2025-03-01"), day("2025-03-31")));
            assert_eq!(Window::Year.days(day(on)), (day("2025-01-01"), day("2025-12-31")));
        }
    }

    #[test]
    fn a_policy_needs_each_of_its_limits_and_each_window_that_it_counts_meals_in() {
        let nth = |window: &str| json!({ "nth_meal": { "window": window, "from": 2 } });
        let tiers = json!([
            { "code": "a", "when": { "all": [{ "not": nth("day") }, nth("month")] }, "pay": { "fixed_fen": 100 } },
            { "code": "b", "pay": { "fixed_fen": 50 } },
        ]);
        let layers = json!([
            { "payer": "city", "rank": 1, "pick": "first", "limits": ["week"], "tiers": tiers },
            { "payer": "town", "rank": 2, "pick": "first", "when": nth("year"), "tiers": tiers },
        ]);
        let besides = json!({
            "limits": { "week": { "window": "week", "count": 5 } },
            "to_canteen": [{ "payer": "town", "code": "meal", "fixed_fen": 1, "when": nth("week") }],
        });
        let policy = invented(layers, besides);
        let keys: Vec<String> = policy.policy.limits().iter().map(|limit| limit.key.to_string()).collect();
        assert_eq!(keys, ["invented/week", "invented/layer:town", "invented/to_canteen:meal"]);
        let needs = needs(&[policy]);
        let windows = keys.iter().map(|key| needs.limits.get(key.as_str()).copied()).collect::<Vec<_>>();
        assert_eq!(windows, [Some(Window::Week), Some(Window::Period), Some(Window::Period)]);
        assert_eq!(needs.limits.len(), 3);
        assert_eq!(
            needs.ordinals.into_iter().collect::<Vec<_>>(),
            [Window::Day, Window::Week, Window::Month, Window::Year]
        );
    }
}
