//! Everything that can be refused, in one shape (RFC 9457) and two languages.
//!
//! Every code is one line of the table below: its status, whether the same request may succeed later, and what it says
//! to a tired person at a counter: first what happened, then what to do. The cause of a fault is never told to a caller.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    db::Fault,
    throttle::Limit,
    words::{Bilingual, Lang},
};

/// What a closure given to a database door fails with.
pub type Fail = crate::db::Fail<Problem>;

macro_rules! codes {
    ($($variant:ident $status:literal $retryable:literal $word:literal $zh:literal $en:literal;)+) => {
        /// A stable word for one way in which a request can be refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $en] $variant,)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The word that programs read.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $word,)+ }
            }

            /// The HTTP status that carries it.
            pub fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)+ }
            }

            /// Whether the same request may succeed later without anything being changed.
            pub fn retryable(self) -> bool {
                match self { $(Code::$variant => $retryable,)+ }
            }

            /// What happened and what to do, for people; `{name}` stands for the parameter of that name.
            pub fn text(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Code::$variant, Lang::Zh) => $zh, (Code::$variant, Lang::En) => $en,)+ }
            }
        }
    };
}

#[rustfmt::skip]
codes! {
    // The request itself
    MalformedJson        400 false "malformed_json"        "请求内容不是有效的 JSON。请检查格式后重发。" "The body is not valid JSON. Check it and send it again.";
    BadField             400 false "bad_field"             "有一项内容不正确。请按提示修改后重发。" "A field is not right. Mend it as described and send it again.";
    BadQuery             400 false "bad_query"             "查询参数不正确。请按接口说明修改。" "A query parameter is not right. Mend it as described in the API document.";
    BadHeader            400 false "bad_header"            "请求头 {header} 不正确。请按接口说明修改。" "The header {header} is not right. Mend it as described in the API document.";
    BadCursor            400 false "bad_cursor"            "翻页标记无效。请从第一页重新开始。" "The cursor is not one of ours. Start again from the first page.";
    KeyRequired          400 false "idempotency_key_required" "缺少 Idempotency-Key 请求头。请为这次操作带上一个新的唯一标识。" "The header Idempotency-Key is missing. Send one that is unique for this operation.";
    NotFound             404 false "not_found"             "没有找到。请检查地址或编号。" "Nothing was found there. Check the address or the id.";
    MethodNotAllowed     405 false "method_not_allowed"    "此地址不支持这种请求方法。请查看接口说明。" "This address does not take that method. See the API document.";
    BodyTooLarge         413 false "body_too_large"        "内容超过 {limit} 字节。请缩小后重发。" "The body has more than {limit} bytes. Send a smaller one.";
    NotJson              415 false "unsupported_media_type" "内容类型必须是 application/json。请修改后重发。" "The content type has to be application/json. Mend it and send it again.";
    NotASheet            415 false "not_a_spreadsheet"     "内容类型必须是 text/csv 或 XLSX 的类型。请上传 CSV 或 XLSX 文件。" "The content type has to be text/csv or that of XLSX. Send a CSV or XLSX file.";
    BrokenUpload         400 true  "broken_upload"         "文件没有传完。请重新上传。" "The file did not arrive whole. Send it again.";
    KeyReused            422 false "idempotency_key_reused" "同一个 Idempotency-Key 已用于另一个请求。请换一个新的。" "This Idempotency-Key was used for another request. Use a new one.";
    InProgress           409 true  "request_in_progress"   "同样的请求正在处理。请稍后再试。" "The same request is still under way. Try again in a moment.";
    IfMatchRequired      428 false "if_match_required"     "修改前请先读取，并在 If-Match 中带上读到的 ETag。" "Read it first, and send the ETag that you got in If-Match.";
    Stale                412 false "stale"                 "这条记录已被别人修改。请重新读取后再改。" "Somebody changed this since you read it. Read it again, then change it.";

    FormForeign          403 false "form_foreign"          "这个表单不是从本站页面发出的，没有写入任何内容。请从本站的页面重新填写。" "This form was not sent from a page of ours; nothing was written. Fill it in on our own page.";
    FormOld              403 false "form_old"              "这个页面已经过时，没有写入任何内容。请重新打开后再提交。" "This page has become too old; nothing was written. Open it again and send it once more.";

    // The service
    Internal             500 false "internal_error"        "程序出错了，没有写入任何内容。请记下请求编号并联系管理员。" "Something broke in the program; nothing was written. Note the request id and tell the administrator.";
    Busy                 503 true  "busy"                  "现在很忙，没有写入任何内容。请稍后再试。" "Very busy at the moment; nothing was written. Try again shortly.";
    DiskFull             503 true  "disk_full"             "磁盘已满，没有写入任何内容。请管理员清理磁盘后再试。" "The disk is full; nothing was written. Ask the administrator to make room, then try again.";
    DatabaseUnavailable  503 true  "database_unavailable"  "数据库暂时无法使用，没有写入任何内容。请稍后再试。" "The database cannot be used at the moment; nothing was written. Try again shortly.";
    OutcomeUnknown       503 true  "outcome_unknown"       "数据库没有回答这次操作是否已写入。请原样再发一次，不会重复。" "The database did not say whether this was written. Send it again as it is: nothing is done twice.";
    NotReady             503 true  "not_ready"             "服务还不能使用（{check}）。请稍后再试，或请管理员检查。" "The service is not ready ({check}). Try again shortly, or ask the administrator to look.";
    ClockBehind          503 true  "clock_behind"          "本机时钟比最新记录慢五分钟以上，暂停写入。请校准时钟。" "This machine's clock is more than five minutes behind the newest record, so nothing is written. Set the clock right.";
    Conflict             409 true  "conflict"              "与刚刚发生的另一项修改冲突，没有写入任何内容。请再试一次。" "This collided with another change; nothing was written. Try again.";

    // Who you are, what you may do
    SignInRequired       401 false "sign_in_required"      "请先登录。" "Sign in first.";
    TokenExpired         401 false "token_expired"         "登录已过期。请刷新或重新登录。" "This sign-in has run out. Refresh it or sign in again.";
    SessionEnded         401 false "session_ended"         "此登录已结束。请重新登录。" "This sign-in was ended. Sign in again.";
    WrongCredentials     401 false "wrong_credentials"     "用户名、卡号、密码或 PIN 不对。请检查后再试，或请服务台帮忙。" "The name, card number, password or PIN is not right. Check it, or ask at the desk.";
    PinClosed            403 false "pin_closed"            "今天 PIN 输错十次，卡号加 PIN 的登录已关闭到明天。家属和服务台仍可办理。" "Ten wrong PINs today: card number with PIN is closed until tomorrow. Family and the desk can still help.";
    NotAllowed           403 false "not_allowed"           "您的身份不能做这件事。请找有权限的工作人员。" "Your role does not cover this. Ask somebody whose role does.";
    NotHere              403 false "not_allowed_here"      "您的权限不包括这个食堂或区域。请找那里的工作人员。" "Your rights do not reach this canteen or area. Ask somebody there.";
    SlowDown             429 true  "slow_down"             "尝试太频繁，请 {seconds} 秒后再试。没有任何账户被锁定。" "Too many tries. Try again in {seconds} seconds; nobody is locked out.";
    PasswordExpired      401 false "password_expired"      "一次性密码已过期。请发放人重置密码。" "This one-time password has run out. Ask whoever issued it to reset it.";
    WrongPassword        400 false "wrong_password"        "现在的密码不对。请再试一次。" "The present password is not right. Try again.";

    // Devices
    DeviceNotFound       404 false "device_not_found"      "没有找到这台设备。请检查编号。" "There is no such device. Check the id.";
    WrongFirstRunCode    403 false "wrong_first_run_code"  "启动码不对、已用过或已过期。请看程序启动时显示的内容；过期了请重新启动程序。" "This code is not right, was used, or has run out. See what the program printed at its start; start it again for a new one.";
    FirstRunOver         409 false "first_run_over"        "这里已经有管理员了。请登录，或请管理员给您权限。" "There is an administrator already. Sign in, or ask the administrator for a role.";
    WrongEnrolmentCode   401 false "wrong_enrolment_code"  "设备码不对、已用过或已过期。请核对，或请工作人员重新添加设备。" "This code is not right, was used, or has run out. Check it, or ask the staff to add the device again.";

    // Accounts and family
    UserNameTaken        409 false "user_name_taken"       "这个用户名已有人用。请换一个。" "This user name is taken. Choose another.";
    AccountNotFound      404 false "account_not_found"     "没有找到这个账户。请检查编号。" "There is no such account. Check the id.";
    GrantNotFound        404 false "grant_not_found"       "没有找到这项授权。请检查编号。" "There is no such grant. Check the id.";
    GrantScope           400 false "grant_scope"           "志愿者和工作人员的授权要指定食堂，民政和审计的授权要指定区域，管理员都不要。请修改。" "Volunteers and staff are granted a canteen, district officers and auditors an area, administrators neither. Mend the scope.";
    GrantSpan            400 false "grant_span"            "授权的结束时间必须晚于开始时间。请修改。" "A grant ends after it starts. Mend the times.";
    CardNotMatched       404 false "card_not_matched"      "卡号与生日对不上。请核对卡片，或到服务台办理。" "Card number and birth date do not belong together. Check the card, or come to the desk.";
    LinkNotFound         404 false "family_link_not_found" "没有找到这条家属关系。请检查编号。" "There is no such family link. Check the id.";
    LinkExists           409 false "family_link_exists"    "已有申请或关系存在。请等待审批。" "It was asked already or stands already. Wait for the decision.";
    LinkDecided          409 false "family_link_decided"   "这条申请已处理过。请刷新查看。" "This was decided already. Read it again.";
    LinksOfOne           400 false "links_of_one"          "请按老年人或按食堂查，二者选一。" "Ask by resident or by canteen, not by both. Leave one out.";

    // Calendar and canteens
    BadCalendar          400 false "bad_calendar"          "日历有误：{reason}。请修改后重发。" "The calendar is not right: {reason}. Mend it and send it again.";
    CalendarNotFound     404 false "calendar_not_found"    "{year} 年的日历还没有导入。请民政人员导入。" "The calendar of {year} was not imported. Ask a district officer to import it.";
    CanteenNotFound      404 false "canteen_not_found"     "没有找到这个食堂。请检查编号。" "There is no such canteen. Check the id.";
    CanteenExists        409 false "canteen_exists"        "该区域已有同名食堂。请换一个名称。" "There is a canteen of this name in this area. Choose another name.";
    BadCanteen           400 false "bad_canteen"           "食堂设置有误：{reason}。请修改后重发。" "The canteen is not right: {reason}. Mend it and send it again.";
    BadClosure           400 false "bad_closure"           "停餐日期有误：{reason}。请修改后重发。" "The closure is not right: {reason}. Mend it and send it again.";

    // Residents
    ResidentNotFound     404 false "resident_not_found"    "没有找到这位老人。请检查编号或卡号。" "There is no such resident. Check the id or card number.";
    BadBirthDate         400 false "bad_birth_date"        "出生日期要在今天以前，且不早于 130 年前。请核对。" "A birth date lies before today and not more than 130 years ago. Check it.";
    BadIdNumber          400 false "bad_id_number"         "身份证号校验不通过。请核对。" "The identity number fails its check digit or does not fit the birth date. Check it.";
    IdNumberTaken        409 false "id_number_taken"       "已有在册老人使用同一身份证号。请先查找那份档案。" "An active resident has this identity number. Look for that record first.";
    CardTaken            409 false "card_number_taken"     "这个卡号已在使用。请换一个。" "This card number is in use. Choose another.";
    StatusByFact         409 false "status_by_fact"        "去世只能由资格认定登记或终止。请先处理那条认定。" "A death is recorded and undone by its fact alone. See to that fact first.";
    UnreadableSheet      400 false "unreadable_sheet"      "表格无法读取：{reason}。请修改后重新上传。" "The spreadsheet cannot be read: {reason}. Mend it and send it again.";
    BadRoster            400 false "bad_roster"            "名册有 {count} 处错误，没有写入任何内容。请按行列逐一修改后重新上传。" "The roster has {count} faults; nothing was written. Mend each at the row and column named, and send it again.";
    CardNotFound         404 false "card_not_found"        "这位老人没有有效的卡。请先发卡。" "This resident has no card in force. Issue one first.";
    UnknownFactKind      400 false "unknown_fact_kind"     "没有这种资格类型。请先由民政人员添加。" "There is no such kind of fact. A district officer can add it first.";
    FactKindExists       409 false "fact_kind_exists"      "这种资格类型已存在。" "This kind of fact exists already.";
    BadFact              400 false "bad_fact"              "资格认定有误：{reason}。请修改后重发。" "The fact is not right: {reason}. Mend it and send it again.";
    FactNotFound         404 false "fact_not_found"        "没有找到这条资格认定。请检查编号。" "There is no such fact. Check the id.";
    FactVerified         409 false "fact_verified"         "这条资格已核实过。" "This fact was verified already.";

    // Menus
    MenuNotFound         404 false "menu_not_found"        "没有找到这份菜单。请检查编号。" "There is no such menu. Check the id.";
    MenuExists           409 false "menu_exists"           "这一天这一餐已有菜单。请修改那一份。" "There is a menu for this day and meal. Change that one.";
    MenuInPast           400 false "menu_in_past"          "这一餐的供餐时间已过，不能再发菜单。请选以后的日期。" "This meal's serving time is over. Choose a later day.";
    PeriodNotServed      400 false "period_not_served"     "这个食堂这天不供应这一餐。请检查食堂的餐段设置。" "The canteen does not serve this meal on that day. Check its meal periods.";
    CanteenClosed        409 false "canteen_closed"        "食堂这天停餐：{reason}。请选别的日期。" "The canteen is closed then: {reason}. Choose another day.";
    BadMenu              400 false "bad_menu"              "菜单有误：{reason}。请修改后重发。" "The menu is not right: {reason}. Mend it and send it again.";
    MenuNotDraft         409 false "menu_not_draft"        "菜单不是草稿，已发布或撤回。请刷新查看。" "The menu is no draft any more. Read it again.";
    MenuNotOpen          409 false "menu_not_open"         "这份菜单现在不能订餐或核销。请看菜单状态：{status}。" "This menu takes no reservations or check-ins now: it is {status}.";
    CapacityBelowTaken   409 false "capacity_below_taken"  "已订 {taken} 份，不能把名额改到更少。请先联系已订的人。" "{taken} are taken, so it cannot be made less. Call those who reserved first.";
    NothingToCopy        404 false "nothing_to_copy"       "来源日期没有菜单可复制。请另选日期。" "There is no menu to copy on the days named. Choose others.";

    // Pricing
    BadPolicy            400 false "bad_policy"            "政策文件有 {count} 处错误。请按所指位置逐一修改。" "The policy document has {count} faults. Mend each at the place named.";
    PolicyNotFound       404 false "policy_not_found"      "没有找到这份政策。请检查编号。" "There is no such policy. Check the id.";
    PolicyCodeTaken      409 false "policy_code_taken"     "这个政策代码属于另一个区域。请换一个代码。" "This policy code belongs to another area. Choose another code.";
    PolicyActive         409 false "policy_active"         "这个版本已启用。要修改请发布新版本。" "This version is active already. To change it, post a new version.";
    RankClash            409 false "rank_clash"            "与同时生效的政策 {policy} 的次序 {rank} 相同。请改次序。" "Rank {rank} is also used by {policy}, in force at the same time. Change the rank.";
    BadSpan              400 false "bad_span"              "结束日期早于开始日期，或日期太远。请修改。" "It ends before it starts, or lies too far away. Mend the dates.";
    BadOrder             400 false "bad_order"             "点餐内容有误：{reason}。请修改后重发。" "The order is not right: {reason}. Mend it and send it again.";

    // Reservations
    ReservationNotFound  404 false "reservation_not_found" "没有找到这份预订。请检查编号。" "There is no such reservation. Check the id.";
    AlreadyReserved      409 false "already_reserved"      "这一餐已经订过了。可以修改原来的预订。" "This meal is reserved already. Change that reservation instead.";
    MenuFull             409 false "menu_full"             "这一餐已订满，{waiting} 人在候补。请排队候补、选别的餐，或问服务台。" "This meal is full; {waiting} are waiting for a place. Join the waiting list, choose another meal, or ask at the desk.";
    ItemSoldOut          409 false "item_sold_out"         "“{item}”已订完。请选别的菜品。" "{item} is sold out. Choose something else.";
    CutoffPassed         409 false "cutoff_passed"         "已过截止时间 {cutoff}。请联系服务台。" "The cut-off was {cutoff}. Ask at the desk.";
    ModeNotOffered       400 false "mode_not_offered"      "这份菜单不提供这种取餐方式。请另选。" "This menu does not offer that way of serving. Choose another.";
    DietConflict         409 false "diet_conflict"         "“{item}”含有过敏物：{allergens}。请换菜，或逐项确认。" "{item} contains {allergens}, which is on the resident's record. Choose another, or confirm it by name.";
    ReservationCancelled 409 false "reservation_cancelled" "这份预订已取消。" "This reservation was cancelled already.";
    ReservationServed    409 false "reservation_served"    "这份预订已用餐，不能再改。" "This reservation was served already; it cannot be changed.";
    ResidentInactive     409 false "resident_inactive"     "这份档案已停用，不能订餐。请联系服务台。" "This resident's record is not active. Ask at the desk.";
    MenuNotFull          409 false "menu_not_full"         "这一餐还有名额，不用候补。请直接预订。" "There is a place left, so nobody has to wait. Reserve it.";
    AlreadyWaiting       409 false "already_waiting"       "已在这一餐的候补名单中。请等候，或先退出再排。" "Already on the waiting list of this meal. Wait, or leave it first.";
    WaitingNotFound      404 false "waiting_not_found"     "没有找到这份候补。请检查编号。" "There is no such place in a waiting list. Check the id.";
    NotWaiting           409 false "not_waiting"           "这份候补已有结果，不能退出。请刷新查看。" "This waiting is over. Read what became of it.";

    // Standing orders
    StandingOrderNotFound 404 false "standing_order_not_found" "没有找到这份长期订餐。请检查编号。" "There is no such standing order. Check the id.";
    StandingOrderEnded   409 false "standing_order_ended"  "这份长期订餐已结束。请新建一份。" "This standing order was ended. Make a new one.";
    BadStandingOrder     400 false "bad_standing_order"    "长期订餐有误：{reason}。请修改后重发。" "The standing order is not right: {reason}. Mend it and send it again.";
    StandingOrderPaused  409 false "standing_order_paused" "长期订餐这天暂停，已退出候补。恢复后会再订。" "The standing order does not hold on that day, so it waits no longer. It orders again when it is resumed.";
    NoItemFits           409 false "no_item_fits"          "这份菜单没有符合要求的菜品。请自己点餐。" "Nothing on this menu fits what was asked for. Choose by hand.";
    ResidentAway         409 false "resident_away"         "这位老人当天登记为外出或入住机构，没有代订。若要用餐请自己预订。" "Recorded as away or in an institution on that day, so nothing was reserved. Reserve by hand if they come.";

    // Attendance: the words of the door
    AlreadyServed        409 false "already_served"        "这一餐已于 {when} 在 {canteen} 由 {by} 核销。若再吃一份，请记为加餐。" "Served already on {when}, {canteen}, by {by}. If it is another helping, record a second meal.";
    NotReserved          409 false "not_reserved"          "没有预订这一餐。可以记为未预约就餐。" "Not reserved for this meal. It can be recorded as a walk-in.";
    Cancelled            409 false "cancelled"             "这份预订已取消。可以记为未预约就餐。" "That reservation was cancelled. It can be recorded as a walk-in.";
    OtherCanteen         409 false "other_canteen"         "这份预订在别的食堂：{canteen}。" "That reservation is for another canteen: {canteen}.";
    OtherDay             409 false "other_day"             "这份预订是 {served_on} 的另一餐。" "That reservation is for another meal, on {served_on}.";
    ResidentSuspended    409 false "resident_suspended"    "这份档案已停用。请联系服务台。" "This resident's record is not active. Ask at the desk.";
    UnknownCard          409 false "unknown_card"          "没有这张卡。请核对卡号，或记为其他用餐。" "There is no such card. Check the number, or record a guest meal.";
    CardRevoked          409 false "card_revoked"          "这张卡已停用。请用新卡，或按姓名核销。" "This card was revoked. Use the new one, or find the person by name.";
    Voided               409 false "voided"                "这条就餐记录已作废。请用新的记录。" "That attendance was voided. Record it anew.";
    NotOnDuty            409 false "not_on_duty"           "所选的人当时不是这个食堂的志愿者或工作人员。请选别的名字，或找工作人员。" "Whoever is named served here as neither volunteer nor staff then. Choose another name, or ask the staff.";
    AttendanceNotFound   404 false "attendance_not_found"  "没有找到这条就餐记录。请检查编号。" "There is no such attendance. Check the id.";
    NotYourMistake       403 false "not_your_mistake"      "志愿者只能当天作废自己的记录。请找工作人员。" "A volunteer voids only their own mistake, the same day. Ask the staff.";
    NotInReview          409 false "not_in_review"         "这条记录不在待核中。请刷新查看。" "This attendance is not waiting for review. Read it again.";
    BadTap               400 false "bad_tap"               "核销内容有误：{reason}。请修改后重发。" "The check-in is not right: {reason}. Mend it and send it again.";
    TapReused            422 false "tap_reused"            "同一个 tap_id 已用于另一次核销。请换一个新的。" "This tap_id was used for another check-in. Make a new one.";
}

/// One field that is not right.
#[derive(Clone, Debug)]
pub struct FieldError {
    /// A JSON pointer into the body.
    pub pointer: String,
    /// A stable word.
    pub code: String,
    pub detail: Bilingual,
}

/// Why something came to nothing, as it is kept for those whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The code's word.
    pub reason: String,
    pub said: Bilingual,
}

/// A refusal on its way out: a code, what it is about, and the fields at fault.
#[derive(Clone, Debug)]
pub struct Problem {
    pub code: Code,
    params: Vec<(&'static str, Value)>,
    errors: Vec<FieldError>,
    limit: Option<Limit>,
    retry_after_s: Option<u32>,
}

impl Problem {
    pub fn new(code: Code) -> Problem {
        Problem { code, params: Vec::new(), errors: Vec::new(), limit: None, retry_after_s: None }
    }

    /// Adds a parameter, for programs and for the text; a [`Bilingual`] is told in the reader's language.
    pub fn with(mut self, name: &'static str, value: impl Serialize) -> Problem {
        self.params.push((name, serde_json::to_value(value).unwrap_or(Value::Null)));
        self
    }

    /// A parameter, if it has one of this name.
    pub fn param(&self, name: &str) -> Option<&Value> {
        self.params.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names a field that is not right.
    pub fn field(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: Bilingual,
    ) -> Problem {
        self.errors.push(FieldError { pointer: pointer.into(), code: code.into(), detail });
        self
    }

    /// With how many tries are left, and how long to wait, for the headers of the answer.
    pub fn limited(mut self, limit: Limit) -> Problem {
        self.limit = Some(limit);
        if let Some(wait_s) = limit.wait_s {
            self = self.retry_after(u32::try_from(wait_s).unwrap_or(u32::MAX));
        }
        self
    }

    /// With the seconds after which a retry makes sense.
    pub fn retry_after(mut self, seconds: u32) -> Problem {
        self.retry_after_s = Some(seconds);
        self
    }

    /// How many tries are left, where they are counted.
    pub fn limit(&self) -> Option<Limit> {
        self.limit
    }

    /// The fields named so far.
    pub fn fields(&self) -> &[FieldError] {
        &self.errors
    }

    /// Seconds after which a retry makes sense, where one does.
    pub fn retry_after_s(&self) -> Option<u32> {
        if !self.code.retryable() {
            return None;
        }
        if self.retry_after_s.is_some() {
            return self.retry_after_s;
        }
        match self.code.status() {
            503 => Some(if self.code == Code::Busy { 1 } else { 5 }),
            _ => Some(1),
        }
    }

    /// What happened and what to do, with the parameters put in.
    pub fn detail(&self, lang: Lang) -> String {
        let mut text = self.code.text(lang).to_owned();
        for (name, value) in &self.params {
            let shown = match value {
                Value::String(word) => word.clone(),
                Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
                // A text in both languages.
                Value::Object(texts) => {
                    texts.get(lang.as_str()).and_then(Value::as_str).unwrap_or_default().to_owned()
                }
                other => other.to_string(),
            };
            text = text.replace(&format!("{{{name}}}"), &shown);
        }
        text
    }

    /// The refusal as it is kept: its word, and what it says in both languages.
    pub fn as_told(&self) -> Told {
        Told {
            reason: self.code.as_str().to_owned(),
            said: Bilingual::new(self.detail(Lang::Zh), self.detail(Lang::En)),
        }
    }

    /// The same as a title, what happened, and the rest, what to do.
    pub fn told(&self, lang: Lang) -> (String, String) {
        let detail = self.detail(lang);
        let stop = match lang {
            Lang::Zh => detail.find('。').map(|end| (end, end + '。'.len_utf8())),
            Lang::En => detail.find(". ").or_else(|| detail.rfind('.')).map(|end| (end, end + 1)),
        };
        let (end, rest) = stop.unwrap_or((detail.len(), detail.len()));
        (detail[..end].to_owned(), detail[rest..].trim().to_owned())
    }

    /// The body of the answer (RFC 9457).
    pub fn body(&self, lang: Lang, request_id: &str) -> Value {
        let (title, _) = self.told(lang);
        let params: Map<String, Value> =
            self.params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let errors: Vec<Value> = self
            .errors
            .iter()
            .map(|error| json!({"pointer": error.pointer, "code": error.code, "detail": printable(error.detail.get(lang))}))
            .collect();
        json!({
            "type": format!("urn:leling:problem:{}", self.code.as_str()),
            "title": printable(&title),
            "status": self.code.status(),
            "detail": printable(&self.detail(lang)),
            "instance": request_id,
            "code": self.code.as_str(),
            "retryable": self.code.retryable(),
            "params": params,
            "errors": errors,
        })
    }
}

/// A text that may repeat what somebody sent, without its control characters but line ends.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail(Lang::En))
    }
}

impl std::error::Error for Problem {}

impl From<Code> for Problem {
    fn from(code: Code) -> Problem {
        Problem::new(code)
    }
}

impl From<Code> for Fail {
    fn from(code: Code) -> Fail {
        Fail::Refused(Problem::new(code))
    }
}

impl From<Problem> for Fail {
    fn from(problem: Problem) -> Fail {
        Fail::Refused(problem)
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        Problem::new(match fault {
            Fault::Busy => Code::Busy,
            Fault::LockTimeout => Code::InProgress,
            Fault::DiskFull => Code::DiskFull,
            Fault::Unavailable => Code::DatabaseUnavailable,
            Fault::Uncertain => Code::OutcomeUnknown,
            Fault::Conflict => Code::Conflict,
            Fault::Broken => Code::Internal,
        })
    }
}

/// The table of codes as people who do not program read it; compared with the committed one in a test.
pub fn table() -> String {
    let mut text =
        String::from("| code | status | try again | 中文 | English |\n| --- | --- | --- | --- | --- |\n");
    for code in Code::ALL {
        let again = if code.retryable() { "yes" } else { "no" };
        text += &format!(
            "| `{}` | {} | {again} | {} | {} |\n",
            code.as_str(),
            code.status(),
            code.text(Lang::Zh),
            code.text(Lang::En)
        );
    }
    text
}
