//! The service in the process of the test, with a clock that the test holds.

use std::rc::Rc;

use actix_web::{
    App,
    body::BoxBody,
    dev::ServiceResponse,
    http::Method,
    middleware::from_fn,
    test,
    web::{self, Data},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use futures_util::future::LocalBoxFuture;
use leling::{
    accounts::{
        self,
        passwords::{Hasher, Params},
    },
    api::{guard_panics_and_name_requests, memory::recall_answers, openapi::BASE},
    app::State,
    clock::{At, Clock, Hand},
    db::{Conn, schema},
    id::{Id, random_bytes},
    ids::{AccountId, CanteenId, ResidentId},
    keys::{KeySource, Keys},
    origin::{Proxies, ProxyHeader},
    pages,
    problem::{Fail, Problem},
    routes,
    settings::{LogFormat, Settings},
    text::{Line, UserName},
};
use serde_json::{Value, json};
use ureq::http::HeaderMap;

use tokio::sync::OnceCell;

use super::{TestDb, contract};

/// The password of every account that a test makes.
pub const PASSWORD: &str = "correct-horse-battery";
/// The PIN of every resident that a test makes.
pub const PIN: &str = "271828";

/// A service over one test's database.
pub struct TestApp {
    state: Data<State>,
    hand: Hand,
    service: OnceCell<Service>,
    test_db: TestDb,
}

/// The mounted service, made once for a test.
type Service =
    Box<dyn Fn(test::TestRequest) -> LocalBoxFuture<'static, (Method, String, ServiceResponse<BoxBody>)>>;

/// The headers of an answer, as clients of either kind have them.
fn http_headers(response: &ServiceResponse<BoxBody>) -> HeaderMap {
    let name = |name: &str| ureq::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
    let value = |value: &[u8]| ureq::http::HeaderValue::from_bytes(value).unwrap();
    response.headers().iter().map(|(n, v)| (name(n.as_str()), value(v.as_bytes()))).collect()
}

/// What was answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub etag: Option<String>,
    pub replayed: bool,
    /// What was sent, where it is no JSON.
    pub bytes: Vec<u8>,
    pub headers: HeaderMap,
}

impl Reply {
    /// The file, when the status is 200.
    #[track_caller]
    pub fn file(self) -> Vec<u8> {
        assert_eq!(self.status, 200, "{}", self.body);
        self.bytes
    }

    /// The body, when the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    pub fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().ok()?.to_owned())
    }

    /// Asserts that it is a refusal with this code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
    }
}

/// A request that is being made.
pub struct Call<'a> {
    app: &'a TestApp,
    request: test::TestRequest,
    keyed: bool,
}

impl Call<'_> {
    /// By whoever holds these tokens.
    pub fn by(mut self, tokens: &Value) -> Self {
        let token = tokens["access_token"].as_str().unwrap();
        self.request = self.request.insert_header(("Authorization", format!("Bearer {token}")));
        self
    }

    /// From this address.
    pub fn from(mut self, address: &str) -> Self {
        self.request = self.request.peer_addr((address.parse::<std::net::IpAddr>().unwrap(), 4711).into());
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.keyed |= name == "Idempotency-Key";
        self.request = self.request.insert_header((name, value));
        self
    }

    /// A header as bytes, for what no text could say. It takes the place of another of its name.
    pub fn header_bytes(mut self, name: &'static str, value: &[u8]) -> Self {
        self.keyed |= name == "Idempotency-Key";
        let value = actix_web::http::header::HeaderValue::from_bytes(value).unwrap();
        self.request = self.request.insert_header((name, value));
        self
    }

    /// What is answered, with its body still to be read.
    pub async fn open(self) -> ServiceResponse<BoxBody> {
        let service = self.app.service.get_or_init(|| self.app.mounted()).await;
        service(self.request).await.2
    }

    pub async fn send(self) -> Reply {
        let request = if self.keyed {
            self.request
        } else {
            let key = hex::encode(leling::id::random_bytes::<16>());
            self.request.insert_header(("Idempotency-Key", key))
        };
        self.app.answer(request).await
    }
}

impl TestApp {
    /// A service whose clock shows noon of 22 November 2026 in China.
    pub fn start(db: TestDb) -> TestApp {
        TestApp::start_at(db, "2026-11-22T04:00:00Z")
    }

    /// A service whose clock shows this instant.
    pub fn start_at(db: TestDb, instant: &str) -> TestApp {
        let now: DateTime<Utc> = instant.parse().unwrap();
        let (clock, hand) = Clock::held(At::new(now));
        let settings = Settings {
            bind: ([127, 0, 0, 1], 0).into(),
            database_url: db.url().to_owned(),
            tls: None,
            keys: KeySource::Given(Keys::random()),
            log_format: LogFormat::Text,
            workers: 1,
            proxies: Proxies {
                trusted: vec!["10.0.0.1/32".parse().unwrap()],
                header: ProxyHeader::XForwardedFor,
            },
            metrics_bind: None,
            drain: std::time::Duration::ZERO,
        };
        let hasher = Hasher::new(Params::new(Params::MIN_M_COST, 1, 1, None).unwrap());
        let state = State::open(&settings, clock, hasher).unwrap();
        TestApp { state: Data::new(state), hand, service: OnceCell::new(), test_db: db }
    }

    /// The database of the service.
    pub fn db(&self) -> leling::db::Db {
        self.state.db.clone()
    }

    /// What the service has besides its database.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where that is.
    pub fn database_url(&self) -> &str {
        self.test_db.url()
    }

    /// Sets the clock.
    pub fn set_clock(&self, instant: &str) {
        self.hand.set(At::new(instant.parse().unwrap()));
    }

    /// Moves the clock on.
    pub fn pass(&self, span: TimeDelta) {
        self.hand.set(self.state.clock.now() + span);
    }

    /// A page, as a browser asks for it.
    pub fn page(&self, path: &str) -> Call<'_> {
        Call { app: self, request: test::TestRequest::get().uri(path), keyed: false }
    }

    /// A form of a page, as a browser sends it.
    pub fn form(&self, path: &str, fields: &[(String, String)]) -> Call<'_> {
        Call { app: self, request: test::TestRequest::post().uri(path).set_form(fields), keyed: false }
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path, None)
    }
    pub fn post(&self, path: &str, body: Value) -> Call<'_> {
        self.call(Method::POST, path, Some(body))
    }
    /// JSON as it was typed, for what no value of ours could say.
    pub fn post_typed(&self, path: &str, body: &'static str) -> Call<'_> {
        let request = test::TestRequest::post().uri(&format!("{BASE}{path}"));
        let request = request.insert_header(("Content-Type", "application/json")).set_payload(body);
        Call { app: self, request, keyed: false }
    }
    /// A file as the whole body.
    pub fn upload(&self, path: &str, media: &str, file: impl Into<web::Bytes>) -> Call<'_> {
        let request = test::TestRequest::post().uri(&format!("{BASE}{path}"));
        let request = request.insert_header(("Content-Type", media)).set_payload(file);
        Call { app: self, request, keyed: false }
    }
    pub fn put(&self, path: &str, body: Value) -> Call<'_> {
        self.call(Method::PUT, path, Some(body))
    }
    pub fn patch(&self, path: &str, body: Value) -> Call<'_> {
        self.call(Method::PATCH, path, Some(body))
    }
    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path, None)
    }

    fn call(&self, method: Method, path: &str, body: Option<Value>) -> Call<'_> {
        let request = test::TestRequest::default().method(method).uri(&format!("{BASE}{path}"));
        let request = match body {
            Some(body) => request.set_json(body),
            None => request,
        };
        Call { app: self, request, keyed: false }
    }

    async fn answer(&self, request: test::TestRequest) -> Reply {
        let service = self.service.get_or_init(|| self.mounted()).await;
        let (method, path, response) = service(request).await;
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let (status, etag) = (response.status().as_u16(), header("etag"));
        let replayed = header("idempotency-replayed").is_some();
        let headers = http_headers(&response);
        let kind = header("content-type").unwrap_or_default();
        // A stream has no end to wait for.
        let streams = kind == "text/event-stream";
        let bytes = if streams { Default::default() } else { test::read_body(response).await };
        let body = if kind.ends_with("json") { serde_json::from_slice(&bytes).unwrap() } else { Value::Null };
        contract::check(&method, &path, status, &body);
        Reply { status, body, etag, replayed, bytes: bytes.to_vec(), headers }
    }

    async fn mounted(&self) -> Service {
        let app = App::new()
            .app_data(self.state.clone())
            .app_data(web::PayloadConfig::new(leling::api::BODY_LIMIT))
            .configure(|config| {
                routes::api().mount(config);
                pages::mount(config);
            })
            .wrap(from_fn(recall_answers))
            .wrap(from_fn(guard_panics_and_name_requests));
        let service = Rc::new(test::init_service(app).await);
        Box::new(move |request| {
            let service = service.clone();
            let request = request.to_request();
            let (method, path) = (request.method().clone(), request.path().to_owned());
            Box::pin(async move { (method, path, test::call_service(&*service, request).await) })
        })
    }

    /// Writes into the database behind the service's back.
    pub async fn write<T: Send + 'static>(
        &self,
        act: impl Fn(&mut Conn, At) -> Result<T, Fail> + Send + 'static,
    ) -> T {
        let now = self.state.clock.now();
        self.state
            .db
            .write(move |conn| -> Result<T, Fail> { act(conn, now) })
            .await
            .unwrap_or_else(|problem: Problem| panic!("{problem}"))
    }

    /// Tokens of a new account without rights.
    pub async fn someone(&self, user_name: &str) -> Value {
        let body = json!({ "user_name": user_name, "display_name": user_name, "password": PASSWORD });
        self.post("/auth/sign-up", body).send().await.expect(201);
        self.sign_in(user_name, PASSWORD).await.expect(200)
    }

    /// Tokens of a new administrator.
    pub async fn admin(&self) -> Value {
        let hash = self.state.hasher.hash(PASSWORD).await.unwrap();
        self.write(move |conn, now| -> Result<AccountId, Fail> {
            let (user_name, name) = (UserName::parse("root").unwrap(), Line::parse("root").unwrap());
            accounts::create_first_admin(conn, user_name, name, hash.clone(), now)
        })
        .await;
        self.sign_in("root", PASSWORD).await.expect(200)
    }

    /// Tokens of a new account with this role.
    pub async fn with_role(&self, admin: &Value, user_name: &str, grant: Value) -> Value {
        let body = json!({ "user_name": user_name, "display_name": user_name, "grant": grant });
        let made = self.post("/accounts", body).by(admin).send().await.expect(201);
        self.sign_in(user_name, made["one_time_password"].as_str().unwrap()).await.expect(200)
    }

    pub async fn sign_in(&self, user_name: &str, password: &str) -> Reply {
        self.post("/auth/sign-in", json!({ "user_name": user_name, "password": password })).send().await
    }

    pub async fn sign_in_with_card(&self, card_number: &str, pin: &str) -> Reply {
        self.post("/auth/sign-in", json!({ "card_number": card_number, "pin": pin })).send().await
    }

    /// A canteen that lies there.
    pub async fn canteen(&self, area: &'static str) -> CanteenId {
        self.write(move |conn, now| {
            use schema::canteens as c;
            let id: CanteenId = Id::new(now);
            diesel::insert_into(c::table)
                .values((
                    c::id.eq(id),
                    c::name.eq("Canteen"),
                    c::area.eq(area),
                    c::address.eq("1 Example Road"),
                    c::phone.eq("0851-5550100"),
                    c::time_zone.eq("Asia/Shanghai"),
                    c::delivery_fee_fen.eq(0),
                    c::number.eq(i32::from(u16::from_be_bytes(random_bytes()))),
                    c::created_at.eq(now),
                    c::version.eq(1),
                ))
                .execute(conn)?;
            Ok(id)
        })
        .await
    }

    /// A resident with this card, born on 1 May 1944, with the PIN [`PIN`].
    pub async fn resident(&self, canteen: CanteenId, card_number: &'static str) -> ResidentId {
        let pin_hash = self.state.hasher.hash(PIN).await.unwrap();
        self.write(move |conn, now| {
            use schema::residents as r;
            let id: ResidentId = Id::new(now);
            diesel::insert_into(r::table)
                .values((
                    r::id.eq(id),
                    r::canteen_id.eq(canteen),
                    r::full_name.eq("王秀英"),
                    r::born_on.eq("1944-05-01".parse::<NaiveDate>().unwrap()),
                    r::card_number.eq(card_number),
                    r::pin_hash.eq(&pin_hash),
                    r::allergens.eq("[]"),
                    r::diet_tags.eq("[]"),
                    r::status.eq("active"),
                    r::created_at.eq(now),
                    r::version.eq(1),
                ))
                .execute(conn)?;
            Ok(id)
        })
        .await
    }
}
