//! What volunteers read at the door, and everybody on the board in the hall.

super::texts! {
    DOOR "{meal}签到" "{meal}: check in";
    DOOR_WHICH "给哪一餐签到" "Check in for which meal";
    DOOR_NO_MEAL "今天没有要签到的餐" "There is no meal to check in for today";
    DOOR_NO_MEAL_WHAT "有了今天的菜单，再打开这个页面。要问菜单，请找工作人员。" "Open this page again when there is a menu for today. Ask the staff about it.";
    DOOR_TO_MEALS "换一餐" "Another meal";
    DOOR_SERVED "{from} 到 {to} 开餐" "served from {from} to {to}";

    TALLY "人数" "How many";
    TALLY_EXPECTED "应到" "expected";
    TALLY_CAME "已到" "here";
    TALLY_MISSING "未到" "missing";

    FIELD "扫卡，或输入卡号、姓名、拼音首字母" "Scan the card, or type its number, the name or its letters";
    FIELD_BUTTON "签到" "Check in";
    FIELD_EMPTY "请扫卡或输入" "Scan a card, or type something";
    FIND_TITLE "是哪一位？" "Who is it?";
    FIND_NOBODY "名单上没有“{typed}”" "Nobody on the list is found by “{typed}”";
    FIND_NOBODY_WHAT "请核对姓名，或者扫卡、输入卡号。没有预订的老人，用卡可以登记现场就餐。" "Check the name, or scan the card or type its number. Without a reservation somebody can be served by their card.";
    MISSING_TITLE "还没到的人：点姓名签到" "Still missing: tap a name to check in";
    MISSING_NONE "预订的人都到了。" "Everybody who reserved is here.";
    LIST_EMPTY "这一餐没有人预订。" "Nobody has reserved this meal.";
    CAME_TITLE "已经到的人（{count}）" "Already here ({count})";
    CAME_AT "{when} 到" "came at {when}";
    BESIDES_TITLE "没有预订的就餐（{count}）" "Meals without a reservation ({count})";
    NOBODY_TITLE "没有登记的人来吃饭" "Somebody who is not registered";
    NOBODY_WHAT "按全价登记一份，不算补贴餐。请到服务台付款。" "It is recorded as one meal at the full price. It is paid at the desk.";
    GUEST "客人一份" "One meal for a guest";
    VOLUNTEER_MEAL "志愿者一份" "One meal for a volunteer";
    STAFF_MEAL "工作人员一份" "One meal for staff";
    CLASS_GUEST "客人" "Guest";
    CLASS_STAFF "工作人员" "Staff";
    CLASS_VOLUNTEER "志愿者" "Volunteer";
    CLASS_SECOND "加餐" "Second meal";
    CLASS_WALK_IN "现场就餐" "Without a reservation";

    EAT_WHO "请用餐：{name}" "Serve the meal: {name}";
    EAT_CLASS "已登记：{class}" "Recorded: {class}";
    AVOID "过敏，不能吃：{allergens}" "Allergic, must not eat: {allergens}";
    DIET "饮食：{diet}" "Diet: {diet}";
    NOT_RESERVED_MEAL "没有预订，按现场就餐登记" "Recorded as served without a reservation";
    REVIEW "已记下，等工作人员核对" "Noted down; the staff will look at it";
    REVIEW_WHO "{name}：已记下，等工作人员核对" "{name}: noted down; the staff will look at it";
    UNDONE "已撤销" "It is taken back";
    UNDONE_WHO "已撤销：{name}" "Taken back: {name}";
    UNDONE_WHAT "这一条不算了。要重新签到，请再扫一次。" "It does not count any more. To check in again, scan again.";

    ALREADY "已经来过了" "Already came";
    ALREADY_WHO "{name} 已经来过了" "{name} already came";
    ALREADY_AT "{when} 已经签到。" "Checked in at {when}.";
    NO_RESERVATION "没有预订这一餐" "No reservation for this meal";
    NO_RESERVATION_WHAT "还有饭菜，就可以登记现场就餐。" "While there is food, the meal can be recorded as a walk-in.";
    CANCELLED "这份预订取消了" "The reservation was cancelled";
    ELSEWHERE "订在别的食堂了" "Reserved at another canteen";
    ELSEWHERE_AT "订在：" "Reserved at: ";
    NO_CARD "没有这张卡" "There is no such card";
    NO_CARD_WHAT "请核对卡号，或按姓名查找。没有登记的人，可以登记为客人。" "Check the number, or look for the name. Somebody who is not registered can be recorded as a guest.";
    OLD_CARD "这张卡已经停用" "This card is no longer good";
    OLD_CARD_WHAT "请用新卡，或按姓名签到。" "Use the new card, or check in by name.";
    MEAL_OVER "这一餐现在不能签到" "Nobody can be checked in for this meal now";
    MEAL_OVER_WHAT "签到只在这一餐当天。请换一餐，或找工作人员。" "Checking in is for the day of the meal. Choose another meal, or ask the staff.";
    NOT_ACTIVE "这位老人的档案已停用" "This resident’s record is not active";
    NOT_ACTIVE_WHAT "请找工作人员。" "Ask the staff.";
    NO_FOOD "没有名额或饭菜了" "There is no place or no food left";
    NO_FOOD_WHAT "请找工作人员。" "Ask the staff.";
    ALREADY_RESERVED "这位老人有预订" "There is a reservation";
    ALREADY_RESERVED_WHAT "请直接签到，不要登记为现场就餐。" "Check in as usual, not as a walk-in.";
    OTHER_MEAL "订的是另一餐" "Reserved for another meal";
    OTHER_MEAL_WHAT "请看是哪一天、哪一餐。" "Look at which day and meal it is.";
    STRUCK "这一条已经撤销过" "This was taken back already";
    STRUCK_WHAT "要重新签到，请再扫一次。" "To check in again, scan again.";
    NOT_DONE "没有登记成功" "It was not recorded";
    NOT_DONE_WHAT "请再试一次，或找工作人员。" "Try again, or ask the staff.";

    OFFER_WALK_IN "登记现场就餐" "Record a walk-in";
    OFFER_SECOND "再来一份（全价，到服务台付款）" "A second meal (full price, paid at the desk)";
    OFFER_RESERVED "签到" "Check in";
    OFFER_GUEST "登记为客人" "Record a guest’s meal";

    UNDO "点错了，撤销" "A mistake: take it back";
    UNDO_TITLE "撤销这一条签到？" "Take this check-in back?";
    UNDO_WHY "为什么撤销" "Why";
    UNDO_WRONG_PERSON "点错了人" "It was the wrong person";
    UNDO_NOT_HERE "人没有来" "The person did not come";
    UNDO_TWICE "登记重复了" "It was recorded twice";
    UNDO_BUTTON "确认撤销" "Take it back";
    UNDO_OWN "志愿者只能撤销自己当天的登记。" "Volunteers take back only what they recorded themselves, the same day.";

    NO_SCRIPT "没有打开 JavaScript：这个页面要联网才能用。" "Without JavaScript this page needs a connection.";
    INSECURE "这个页面没有用安全连接（HTTPS）打开" "This page was opened without a secure connection (HTTPS)";
    INSECURE_WHAT "断网时不能签到，也不能用摄像头扫码。联网时照常用：扫码枪、卡号、姓名都可以签到。" "You cannot check in without a network, nor scan with the camera. With a network everything else works: a scanner, card numbers and names.";
    OLD_BROWSER "这个浏览器断网时不能签到" "This browser cannot check in without a network";
    OLD_BROWSER_WHAT "联网时照常用。要断网也能用，请换新的浏览器。" "With a network everything works. To go on without one, use a newer browser.";
    ONLINE "已联网" "Connected";
    OFFLINE "没有网络：签到先记在这台手机上" "No network: check-ins are kept on this phone";
    UNSENT_NONE "签到都已发出" "Every check-in is sent";
    UNSENT "还没发出：{count} 条" "Still to send: {count}";
    UNSENT_OTHER "还有 {count} 条是别人在这台手机上签到的，要本人登录才能发出。" "{count} more were made on this phone by somebody else. They are sent when that person signs in.";
    SEND_NOW "现在发送" "Send now";
    SENDING "正在发送……" "Sending…";
    KEPT "名单已存到这台手机（{when}）。断网也能签到，不要关掉这个页面。" "The list is kept on this phone (from {when}). You can check in without a network. Keep this page open.";
    LIST_WIPED "这一餐的名单已从这台手机清除。" "The list of this meal is no longer on this phone.";
    NO_LIST "这台手机上没有名单。联网后会自动取来。" "There is no list on this phone. It is fetched when there is a network.";
    SIGNED_OUT "已经退出登录，名单已从这台手机清除。" "You are signed out, and the list is no longer on this phone.";
    SIGN_IN_TO_SEND "登录" "Sign in";
    KEPT_ON_PHONE "已记在这台手机上，联网后自动发出。" "Kept on this phone; it is sent when there is a network.";
    NOT_ON_LIST "这台手机的名单上没有这张卡" "This card is not on this phone’s list";
    NOT_ON_LIST_WHAT "可能没有预订，也可能订在别处。可以先登记现场就餐，联网后由工作人员核对。" "There may be no reservation, or one elsewhere. You can record a walk-in now; it is checked when there is a network.";
    TO_LOOK_AT "发出后要看一下（{count}）" "To be looked at after sending ({count})";
    TOLD_REVIEW "等工作人员核对" "the staff will look at it";
    TOLD_REFUSED "没有登记" "not recorded";
    SOMEBODY "没有名字的一位" "somebody without a name";
    UNDO_HERE "撤销（还没发出）" "Take it back (not sent yet)";
    CAMERA "用摄像头扫码" "Scan with the camera";
    CAMERA_STOP "关掉摄像头" "Stop the camera";
    CAMERA_NO "摄像头打不开。请检查权限，或输入卡号。" "The camera cannot be opened. Check the permission, or type the number.";
    CAMERA_VIEW "摄像头画面" "What the camera sees";
    SIGN_OUT_UNSENT "这台手机上还有 {count} 条签到没有发出" "{count} check-ins on this phone are not sent yet";
    SIGN_OUT_UNSENT_WHAT "请先联网发出，再退出。现在退出，它们会留在这台手机上，等您下次登录再发出。" "Send them first, then sign out. If you sign out now, they stay on this phone until you sign in again.";
    SIGN_OUT_TO_DOOR "回到签到页发出" "Back to the door, to send them";

    PLACE_DOOR "门口签到：" "At the door: ";

    BOARD "{canteen}：今天的饭菜" "{canteen}: today’s meals";
    BOARD_EXPECTED "预订" "expected";
    BOARD_SERVED "已用餐" "served";
    BOARD_NOW "正在供应" "now";
    BOARD_FROM_TO "{from}–{to}" "{from}–{to}";
    BOARD_NONE "今天没有菜单" "There is no menu today";
    BOARD_SOLD_OUT "已订完" "sold out";
    BOARD_OVER "已结束" "over";
    BOARD_LIVE "人数随时更新" "The numbers are live";
    BOARD_OFF "连接断了，人数可能不是最新" "Not connected: the numbers may be old";
}
