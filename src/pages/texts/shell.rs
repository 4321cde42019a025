//! What stands around every page, and what pages say when something is wrong.

super::texts! {
    BRAND "乐龄食堂订餐" "Leling meals";
    BRAND_SHORT "乐龄" "Leling";
    SKIP "跳到正文" "Skip to the content";
    LOOK "语言和字号" "Language and type size";
    LETTER "字" "A";
    SIZE_NORMAL "标准字号" "normal type";
    SIZE_LARGE "大字号" "large type";
    SIZE_LARGEST "特大字号" "largest type";
    OTHER_LANGUAGE "English" "中文";
    BACK "返回" "Back";
    HELP_WITH_PHONE "要帮忙？请打电话" "Need help? Please call";
    HELP_WITHOUT_PHONE "要帮忙？请看各食堂的电话" "Need help? See the canteens’ telephone numbers";
    FOOT "其他页面" "Other pages";
    TO_CANTEENS "各食堂菜单" "Canteens and menus";
    TO_HELP "怎么用" "How to use this";
    TO_HOME "我的首页" "My home page";
    TO_ME "我的设置" "My settings";
    TO_SIGN_IN "登录" "Sign in";
    READ_ALOUD "读给我听" "Read this to me";
    STOP_READING "停止朗读" "Stop reading";
    PRINT_HINT "可以用浏览器的“打印”打印本页。" "You can print this page with your browser.";

    ERROR_TITLE "错误：{title}" "Error: {title}";
    ONE_ERROR "有一处要改" "There is one thing to put right";
    SOME_ERRORS "有 {count} 处要改" "There are {count} things to put right";
    FILL_IN "请填写{what}" "Fill in: {what}";
    CHOOSE_ONE "请选一项" "Choose one";
    SURE_CHOICE "请选“是”或“否”" "Choose yes or no";
    YES "是" "Yes";
    NO "否" "No";
    NEXT "下一步" "Next";
    CHANGE "修改" "Change";
    CHANGE_WHAT "：{what}" ": {what}";
    GO_HOME "回到首页" "Go to the start page";
    GO_BACK_AND_OPEN_AGAIN "重新打开" "Open it again";
    REQUEST_NUMBER "请求编号：{id}" "Request number: {id}";

    FORM_FOREIGN_TITLE "这个表单不是从本站发出的" "This form was not sent from our own page";
    FORM_FOREIGN "没有写入任何内容。请从本站的页面重新打开再填写。" "Nothing was written. Open the page on our site and fill it in there.";
    FORM_OLD_TITLE "这个页面已经过时" "This page has become too old";
    FORM_OLD "没有写入任何内容。可能是您重新登录过。请重新打开这个页面，再提交一次。" "Nothing was written. Perhaps you signed in again meanwhile. Open the page again and send it once more.";
    FORM_USED_TITLE "这个表单已经提交过了" "This form was sent already";
    FORM_USED "上次提交的内容已经生效，这次没有写入任何内容。要再改，请重新打开页面。" "What you sent before is in force, and nothing was written now. To change it, open the page again.";
    STALE_TITLE "有人刚刚改过这里" "Somebody has just changed this";
    STALE "您看到的是旧的内容，没有写入任何内容。请重新打开，看看现在的情况，再改一次。" "You were looking at an old state, and nothing was written. Open it again, see how it is now, and make your change.";
    NOT_FOUND_TITLE "没有找到这个页面" "There is no such page";
    NOT_FOUND "地址可能写错了，或者这个页面已经不在。请从首页重新开始。" "The address may be mistyped, or the page is gone. Start again from the start page.";
    BAD_REQUEST_TITLE "这个页面没有看懂您发来的内容" "This page could not read what was sent";
    BAD_REQUEST "没有写入任何内容。请从首页重新开始。" "Nothing was written. Start again from the start page.";
}
