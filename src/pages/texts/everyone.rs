//! Pages for everyone: canteens, menus, prices, opening days, signing in, help.

super::texts! {
    CANTEENS_TITLE "各食堂菜单" "Canteens and menus";
    CANTEENS_LEAD "选一个食堂，看菜单、价格和开餐日。" "Choose a canteen to see its menu, prices and opening days.";
    CANTEENS_NONE "还没有食堂。" "There are no canteens yet.";
    MORE_CANTEENS "更多食堂" "More canteens";

    TODAY_TITLE "{canteen}：今天的菜单" "{canteen}: the menu today";
    WEEK_TITLE "{canteen}：这一周的菜单" "{canteen}: the menus of this week";
    PRICES_TITLE "{canteen}：谁能来吃，多少钱" "{canteen}: who may eat here and what it costs";
    DAYS_TITLE "{canteen}：什么时候开餐" "{canteen}: when it serves meals";
    LINK_WEEK "这一周的菜单" "The menus of this week";
    LINK_PRICES "谁能来吃，多少钱" "Who may eat here and what it costs";
    LINK_DAYS "什么时候开餐" "When it serves meals";
    LINK_TODAY "今天的菜单" "The menu today";
    RESERVE_HERE "我要订餐" "Reserve a meal";
    ADDRESS "地址：{address}" "Address: {address}";

    NO_MENU_TODAY "今天没有菜单。" "There is no menu today.";
    NO_MENU_YET "还没有菜单。" "There is no menu yet.";
    CLOSED_TODAY "今天停餐：{reason}" "Closed today: {reason}";
    SERVED_FROM_TO "{from} 到 {to} 开餐" "Served from {from} to {to}";
    ORDER_UNTIL "订餐截止：{until}" "Reserve until {until}";
    ORDER_OVER "订餐已经截止（{until}）。要订请打电话给食堂。" "Reserving ended at {until}. To reserve now, call the canteen.";
    FULL "已订满。可以打电话问食堂。" "All places are taken. Call the canteen and ask.";
    SOLD_OUT "已订完" "sold out";
    SET_MEALS "套餐" "Set meals";
    DISHES "单点" "Single dishes";

    PRICES_ON "这是今天（{on}）的规定。" "This is what holds today, {on}.";
    PRICES_OWN "要知道您自己付多少，请登录后选一餐，订餐前会告诉您价格和理由。" "To learn what you would pay yourself, sign in and choose a meal: before you reserve, you are told the price and why.";

    DAYS_MEAL_TIME "{from} 到 {to}" "{from} to {to}";
    DAYS_WEEKDAYS "供餐日：{days}" "Served on: {days}";
    DAYS_EVERY "每天" "every day";
    DAYS_MODES "方式：{modes}" "Ways: {modes}";
    DAYS_CUTOFF_SAME_DAY "当天 {at} 前可以订餐、修改和取消。" "Reserve, change or cancel until {at} on the day itself.";
    DAYS_CUTOFF_DAY_BEFORE "前一个供餐日 {at} 前可以订餐、修改和取消。" "Reserve, change or cancel until {at} on the serving day before.";
    DAYS_CUTOFF_DAYS_BEFORE "{count} 个供餐日之前的 {at} 前可以订餐、修改和取消。" "Reserve, change or cancel until {at}, {count} serving days before.";
    DAYS_NO_RESERVATION "没有订餐也可以来，只要还有饭菜。" "You may also come without a reservation while there is food.";
    CLOSURES "停餐安排" "Days without meals";
    CLOSURES_NONE "近期没有停餐安排。" "No closures are planned.";
    CLOSURE_DAY "{on}：{reason}" "{on}: {reason}";
    CLOSURE_SPAN "{from} 到 {to}：{reason}" "{from} to {to}: {reason}";
    CLOSURE_MEAL "{when}（{meal}）" "{when} ({meal})";

    SIGN_IN_TITLE "怎么登录？" "How do you sign in?";
    SIGN_IN_CARD "用餐卡" "With a meal card";
    SIGN_IN_CARD_HINT "给老年人：卡号和 6 位 PIN" "For residents: card number and a PIN of 6 digits";
    SIGN_IN_NAME "用用户名" "With a user name";
    SIGN_IN_NAME_HINT "给家属、工作人员和志愿者" "For family, staff and volunteers";
    SIGN_IN_NO_PIN "没有卡或忘了 PIN？请打下面的电话，或到食堂服务台，工作人员会帮您。家属也可以替您订餐。" "No card, or the PIN forgotten? Call the number below or come to the desk: the staff will help. Family can reserve for you too.";
    SIGN_IN_NEW "还没有账户的家属：注册" "Family without an account: sign up";

    CARD_TITLE "用餐卡登录" "Sign in with a meal card";
    CARD_NUMBER "卡号" "Card number";
    CARD_NUMBER_HINT "印在餐卡上的数字" "The digits printed on the card";
    PIN "PIN" "PIN";
    PIN_HINT "6 位数字，办卡时给您的" "The 6 digits that came with the card";
    WRONG_CARD_OR_PIN "卡号或 PIN 不对。请看一下卡片再试，或打电话请食堂帮忙。" "Card number or PIN is not right. Look at the card and try again, or call the canteen.";
    STAY_SIGNED_IN "登录后，这台设备 180 天内不用再登录。用别人的设备，用完请退出。" "This device stays signed in for 180 days. On somebody else’s device, sign out when you are done.";
    NAME_TITLE "用用户名登录" "Sign in with a user name";
    USER_NAME "用户名" "User name";
    PASSWORD "密码" "Password";
    WRONG_NAME_OR_PASSWORD "用户名或密码不对。请再试一次，或打电话请食堂帮忙。" "User name or password is not right. Try again, or call the canteen.";
    SIGN_IN_BUTTON "登录" "Sign in";

    SIGN_UP_TITLE "家属注册" "Sign up as family";
    SIGN_UP_LEAD "注册以后，可以申请替家里的老人订餐。" "With an account you can ask to reserve meals for a resident in your family.";
    YOUR_NAME "您的姓名" "Your name";
    NEW_USER_NAME_HINT "3 到 40 个小写字母或数字。可以用手机号。" "3 to 40 lower-case letters or digits. A mobile number will do.";
    NEW_PASSWORD_HINT "至少 10 个字符" "At least 10 characters";
    SIGN_UP_BUTTON "注册" "Sign up";
    NAME_WRONG "请填写姓名，最多 40 个字" "Fill in your name, 40 characters at most";
    USER_NAME_WRONG "用户名要有 3 到 40 个小写字母或数字" "A user name has 3 to 40 lower-case letters or digits";
    PASSWORD_WRONG "密码要有 10 到 128 个字符" "A password has 10 to 128 characters";

    HOME_FOR_WHOM "替谁订餐？" "For whom do you reserve?";
    HOME_WHERE "从哪里开始？" "Where do you want to begin?";
    HOME_NOTHING_TITLE "{name}，您好" "Hello {name}";
    HOME_NOTHING "您还没有可以代订的老人。请先申请，要用老人餐卡的卡号和生日。" "You cannot reserve for anybody yet. Ask first: you need the resident’s card number and birth date.";
    HOME_ASK "申请替老人订餐" "Ask to reserve for a resident";
    HOME_ASKED "申请已经提交，等老人本人或食堂服务台同意。" "You have asked. The resident or the desk has to agree.";
    HOME_FAMILY "我的家属关系" "My family links";

    ME_TITLE "我的设置" "My settings";
    ME_NAME "姓名：{name}" "Name: {name}";
    ME_USER_NAME "用户名：{name}" "User name: {name}";
    ME_SIZE "要改字号和语言，请点页面最上面的“字”和“English”。" "Change type size and language at the top of each page.";
    SIGN_OUT_TITLE "退出登录" "Sign out";
    SIGN_OUT_WHERE "退出哪里？" "Sign out of what?";
    SIGN_OUT_HERE "只退出这台设备" "This device only";
    SIGN_OUT_EVERYWHERE "退出所有设备" "All devices";
    SIGN_OUT_EVERYWHERE_HINT "丢了手机时请选这一项" "Choose this when a phone was lost";
    SIGN_OUT_BUTTON "退出" "Sign out";

    PASSWORD_TITLE "修改密码" "Change the password";
    PASSWORD_WHAT "改了以后，别的设备要用新密码重新登录。" "Other devices then have to sign in again with the new one.";
    PRESENT_PASSWORD "现在的密码" "Present password";
    ONE_TIME_PASSWORD "一次性密码" "One-time password";
    ONE_TIME_WHAT "您用一次性密码登录了。它很快失效，请现在换成自己的密码。" "You signed in with a one-time password, which ends soon. Choose a password of your own now.";
    NEW_PASSWORD "新密码" "New password";
    PASSWORD_BUTTON "确认修改密码" "Change the password";
    PASSWORD_CHANGED "密码已修改。" "The password is changed.";

    HELP_TITLE "怎么用" "How to use this";
    HELP_RESERVE "怎么订餐" "How to reserve";
    HELP_RESERVE_TEXT "用餐卡登录，点“订这一餐”，看清楚后点“确认订餐”。也可以请家属代订、打电话，或到服务台。" "Sign in with the meal card, press the meal, read it over and press “Reserve this meal”. Family can do it too, or call, or come to the desk.";
    HELP_CANCEL "怎么取消" "How to cancel";
    HELP_CANCEL_TEXT "在“我的餐”里点那一餐，再点“取消这一餐”。截止时间以前不收钱。" "Open the meal under “My meals” and press “Cancel this meal”. Before the cut-off it costs nothing.";
    HELP_PRICE "为什么是这个价" "Why it costs that";
    HELP_PRICE_TEXT "订餐前的确认页写明谁付多少和理由。只有您和您同意的家属能看到。" "The page before you reserve says who pays how much, and why. Only you and family members you agreed to can see it.";
    HELP_SIZE "字太小" "The type is too small";
    HELP_SIZE_TEXT "点页面最上面的“字”，有三种大小。" "Press one of the letters at the top: there are three sizes.";
    HELP_PHONES "各食堂电话" "Telephone numbers";
}
