//! Accounts for those who do the work: staff and volunteers of a canteen, officers and auditors of an area.

use maud::html;

use super::{NEXT, line};
use crate::{
    access::{Caller, act},
    accounts::http::{GrantedRole, IssuedAccountBody, NewAccountBody, NewGrantBody, create},
    api::Answer,
    canteens,
    db::Conn,
    ids::CanteenId,
    pages::{
        assets::ONCE,
        forms::{Choice, Errors, Fields, Kind, Legend, Sent, button, form, one_of},
        say,
        shell::Page,
        texts::{Text, everyone, first_run as texts, shell},
        visit::{Look, Shown, Visit},
    },
    problem::{Code, Fail},
    text::{self, UserName},
    words::{Area, Lang},
};

const ROLES: [(GrantedRole, Text); 4] = [
    (GrantedRole::Staff, texts::ROLE_STAFF),
    (GrantedRole::Volunteer, texts::ROLE_VOLUNTEER),
    (GrantedRole::District, texts::ROLE_DISTRICT),
    (GrantedRole::Auditor, texts::ROLE_AUDITOR),
];

/// `GET /first-run/people`
pub async fn show(visit: Visit<act::EditAccounts>) -> Shown {
    visit.show(|conn, caller, look| page(conn, caller, look, &Fields::default(), Errors::none())).await
}

fn page(
    conn: &mut Conn,
    caller: &Caller,
    look: &Look,
    fields: &Fields,
    errors: Errors,
) -> Result<Page, Fail> {
    let lang = look.lang;
    let canteens = canteens::all_in(conn, &caller.scopes())?;
    let roles: Vec<Choice> =
        ROLES.iter().map(|(role, words)| Choice::new(role.as_str(), html! { (words.of(lang)) })).collect();
    let first = canteens.first().map(|canteen| canteen.id.to_string()).unwrap_or_default();
    let chosen = Some(fields.get("canteen")).filter(|id| !id.is_empty()).unwrap_or(&first);
    let own_area = canteens.first().and_then(|canteen| canteen.area.names().next().map(str::to_owned));
    let area = match fields.get("area") {
        "" => own_area.unwrap_or_default(),
        area => area.to_owned(),
    };
    let user_name =
        line("user_name", everyone::USER_NAME, Some(everyone::NEW_USER_NAME_HINT), Kind::Text, lang);
    let content = form(
        look,
        html! {
            (line("display_name", texts::PERSON_NAME, None, Kind::Text, lang).field(fields.get("display_name"), &errors))
            (user_name.field(fields.get("user_name"), &errors))
            (one_of("role", Legend::Shown(texts::ROLE.of(lang)), &roles, fields.get("role"), &errors))
            @if !canteens.is_empty() {
                div .field {
                    label for="canteen" { (texts::AT_CANTEEN.of(lang)) }
                    select id="canteen" name="canteen" {
                        @for canteen in &canteens {
                            option value=(canteen.id) lang=[say::foreign(lang, &canteen.name)]
                                selected[canteen.id.to_string() == chosen] {
                                (canteen.name)
                            }
                        }
                    }
                }
            }
            (line("area", texts::IN_AREA, Some(texts::IN_AREA_HINT), Kind::Text, lang).field(&area, &errors))
            (button(texts::PEOPLE_BUTTON.of(lang)))
        },
    );
    Ok(Page::new(texts::PEOPLE_TITLE.of(lang), content).back(NEXT).errors(errors).with_script(&ONCE))
}

fn new_account(fields: &Fields, lang: Lang) -> Result<NewAccountBody, Errors> {
    let mut errors = Errors::none();
    let display_name = errors.keep(
        "display_name",
        text::Line::parse(fields.get("display_name")).map_err(|_| everyone::NAME_WRONG.of(lang).to_owned()),
    );
    let user_name = errors.keep(
        "user_name",
        UserName::parse(&fields.get("user_name").to_lowercase())
            .map_err(|_| everyone::USER_NAME_WRONG.of(lang).to_owned()),
    );
    let role =
        GrantedRole::from_word(fields.get("role")).ok_or_else(|| shell::CHOOSE_ONE.of(lang).to_owned());
    let grant = errors.keep("role", role).and_then(|role| grant(&mut errors, fields, role, lang));
    match (display_name, user_name, grant) {
        (Some(display_name), Some(user_name), Some(grant)) => {
            Ok(NewAccountBody { user_name, display_name, phone: None, grant })
        }
        (_, _, _) => Err(errors),
    }
}

fn grant(errors: &mut Errors, fields: &Fields, role: GrantedRole, lang: Lang) -> Option<NewGrantBody> {
    let (canteen_id, area) = match role {
        GrantedRole::Staff | GrantedRole::Volunteer => {
            let canteen: Option<CanteenId> = fields.get("canteen").parse().ok();
            let canteen = canteen.ok_or_else(|| texts::NEXT_NO_CANTEEN.of(lang).to_owned());
            (Some(errors.keep("role", canteen)?), None)
        }
        GrantedRole::District | GrantedRole::Auditor => {
            let area = Area::new(fields.get("area").split('/').map(str::trim));
            let area = area.map_err(|_| texts::IN_AREA_WRONG.of(lang).to_owned());
            (None, Some(errors.keep("area", area)?))
        }
        GrantedRole::Admin => (None, None),
    };
    Some(NewGrantBody { role, canteen_id, area, starts_at: None, ends_at: None })
}

/// `POST /first-run/people`: the one answer that shows the password, so it is no page to come back to.
pub async fn make(visit: Visit<act::EditAccounts>, sent: Sent) -> Shown {
    let lang = visit.lang();
    let again = |errors: Errors| {
        let fields = sent.fields.clone();
        visit.show(move |conn, caller, look| page(conn, caller, look, &fields, errors))
    };
    let new = match new_account(&sent.fields, lang) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    match create(visit.api(), sent.keyed(new)).await.and_then(Answer::into_body) {
        Ok(issued) => visit.show(move |_, _, look| Ok(issued_page(look.lang, &issued))).await,
        Err(problem) if problem.code == Code::UserNameTaken => {
            again(Errors::of("user_name", &problem, lang)).await
        }
        Err(problem) => Err(problem),
    }
}

fn issued_page(lang: Lang, issued: &IssuedAccountBody) -> Page {
    let account = &issued.account;
    let name = say::recorded(lang, &account.display_name);
    let content = html! {
        @match &issued.one_time_password {
            Some(password) => {
                p .lead { (texts::PASSWORD_LEAD.marked(lang, &[("name", name)])) }
                dl .answers {
                    div { dt { (everyone::USER_NAME.of(lang)) } dd { code { (account.user_name) } } }
                    div { dt { (texts::ONE_TIME.of(lang)) } dd { code { (password) } } }
                }
            }
            None => p .warning { (texts::PASSWORD_GONE.of(lang)) },
        }
        p { a .quiet href="/first-run/people" { (texts::NEXT_PEOPLE_BUTTON.of(lang)) } }
        p { a .quiet href=(NEXT) { (texts::NEXT_TITLE.of(lang)) } }
    };
    Page::new(texts::PASSWORD_TITLE.of(lang), content).about(account.user_name.as_str()).back(NEXT)
}
