//! How to use these pages, and whom to call.

use maud::html;

use crate::{
    access::act,
    canteens,
    pages::{
        say,
        shell::Page,
        texts::everyone as texts,
        visit::{Shown, Visit},
    },
};

/// The most canteens whose numbers are listed.
const MOST_NUMBERS: i64 = 200;

/// `GET /help`
pub async fn show(visit: Visit<act::ReadCanteens>) -> Shown {
    visit
        .show(|conn, _, look| {
            let lang = look.lang;
            let canteens = canteens::list(conn, None, None, MOST_NUMBERS)?;
            let answers = [
                (texts::HELP_RESERVE, texts::HELP_RESERVE_TEXT),
                (texts::HELP_CANCEL, texts::HELP_CANCEL_TEXT),
                (texts::HELP_PRICE, texts::HELP_PRICE_TEXT),
                (texts::HELP_SIZE, texts::HELP_SIZE_TEXT),
            ];
            let content = html! {
                @for (question, answer) in answers {
                    section { h2 { (question.of(lang)) } p { (answer.of(lang)) } }
                }
                h2 { (texts::HELP_PHONES.of(lang)) }
                ul .cards {
                    @for canteen in &canteens {
                        li { a .card href={ "tel:" (canteen.phone.replace(' ', "")) } {
                            span .strong { (say::recorded(lang, &canteen.name)) }
                            span .number { (canteen.phone) }
                        } }
                    }
                }
            };
            Ok(Page::new(texts::HELP_TITLE.of(lang), content).back("/").read_aloud())
        })
        .await
}
