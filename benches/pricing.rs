//! The pricing engine on one core: prices of every known scheme, and policy documents.
//!
//! `cargo bench --bench pricing`

use divan::{Bencher, counter::ItemsCount};
use leling::{money, pricing, words};
use serde_json::Value;

#[path = "../src/pricing/corpus.rs"]
mod corpus;

use corpus::{POLICIES, SCHEMES, arguments, known_policies};
use pricing::{Arguments, PolicyInForce};

fn main() {
    divan::main();
}

/// Every worked example of every known scheme, with its policy.
fn examples() -> Vec<(Vec<PolicyInForce>, Arguments)> {
    let schemes: Value = serde_json::from_str(SCHEMES).expect("the corpus is JSON");
    let policies = known_policies();
    let schemes = schemes["schemes"].as_array().expect("a list").iter();
    let cases = schemes.flat_map(|scheme| {
        let policy = vec![policies[scheme["id"].as_str().expect("a word")].clone()];
        scheme["cases"]
            .as_array()
            .expect("a list")
            .iter()
            .map(move |case| (policy.clone(), arguments(case, &policy)))
    });
    cases.collect()
}

/// Quotes: the items a second of this are what one core prices.
#[divan::bench]
fn quote_every_worked_example(bencher: Bencher<'_, '_>) {
    let examples = examples();
    bencher.counter(ItemsCount::new(examples.len())).bench_local(|| {
        for (policies, arguments) in &examples {
            divan::black_box(pricing::quote(policies, arguments));
        }
    });
}

/// What has to be looked up before a price can be made.
#[divan::bench]
fn needs_of_every_policy(bencher: Bencher<'_, '_>) {
    let policies: Vec<PolicyInForce> = known_policies().into_values().collect();
    bencher.counter(ItemsCount::new(policies.len())).bench_local(|| {
        for policy in &policies {
            divan::black_box(pricing::needs(std::slice::from_ref(policy)));
        }
    });
}

/// Documents read and checked, as when one is posted.
#[divan::bench]
fn parse_every_policy(bencher: Bencher<'_, '_>) {
    let documents: Vec<Value> =
        POLICIES.iter().map(|text| serde_json::from_str(text).expect("a policy is JSON")).collect();
    bencher.counter(ItemsCount::new(documents.len())).bench_local(|| {
        for document in &documents {
            divan::black_box(pricing::parse(document).expect("it is good"));
        }
    });
}
