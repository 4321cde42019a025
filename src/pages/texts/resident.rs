//! Pages for residents and their families.

super::texts! {
    HELLO "{name}，您好" "Hello {name}";
    MEALS_OF "{name}的餐" "Meals of {name}";
    NEXT_MEALS "接下来的餐" "Next meals";
    NO_NEXT_MEALS "还没有订餐。" "Nothing is reserved yet.";
    RESERVE_NEXT "订{meal}" "Reserve {meal}";
    RESERVE_OTHER "订别的餐" "Reserve another meal";
    RESERVE_NONE_OPEN "现在没有可以订的餐。可以打电话问食堂。" "No meal can be reserved now. Call the canteen and ask.";
    MEAL_ON "{day} {meal}" "{meal} {day}";
    TO_MEALS "我的餐：查看、修改、取消" "My meals: see, change, cancel";
    TO_PAST "吃过的餐和付的钱" "Past meals and what was paid";
    TO_FAMILY "谁可以替我订餐" "Who may reserve for me";
    TO_PRICES "谁能来吃，多少钱" "Who may eat here and what it costs";
    TO_OTHERS "替另一位老人订餐" "Reserve for another resident";

    WHICH_MEAL "订哪一餐？" "Which meal?";
    WHICH_MEAL_AT "{canteen}的餐" "Meals at {canteen}";
    OTHER_CANTEEN "在别的食堂吃" "Eat at another canteen";
    WHICH_CANTEEN "在哪个食堂吃？" "At which canteen?";
    RESERVED_ALREADY "已经订了" "reserved";
    UNTIL "截止：{until}" "until {until}";

    WHAT "{meal}吃什么？" "What to eat: {meal}";
    WHICH_SET "选一份套餐" "Choose a set meal";
    NO_SET "不要套餐" "No set meal";
    WHICH_DISHES "单点（可以多选）" "Single dishes (as many as you like)";
    CHOOSE_SOMETHING "请至少选一样" "Choose at least one thing";
    NOT_FOR_YOU "注意：档案里记着{allergens}过敏" "Careful: {allergens} is on the record as an allergy";

    HOW "{meal}怎么取餐？" "How is it served: {meal}";
    DELIVERY_COSTS "送餐费 {fee}" "delivery costs {fee}";

    SURE_TITLE "里面有您要避开的东西" "It contains something to avoid";
    SURE_LEAD "{item}含有：{allergens}。档案里记着对它过敏。" "{item} contains {allergens}, which is on the record as an allergy.";
    SURE_OTHER "换一样菜" "Choose something else";
    SURE_QUESTION "仍然要吃，请逐项确认" "To have it all the same, confirm each";
    SURE_ONE "我知道有{allergen}，仍然要" "I know that it contains {allergen}, and want it";
    SURE_EACH "请逐项确认，或换一样菜" "Confirm each, or choose something else";
    SURE_GO "确认，继续" "Confirm and go on";

    HOW_MANY "每样几份？" "How many portions of each?";
    HOW_MANY_HINT "第二份起按标价付费，没有补贴。" "From the second portion on, the listed price is paid, without a subsidy.";

    CHECK_TITLE "请看一看，对不对？" "Is this right?";
    CHECK_CHANGE_TITLE "改成这样，对不对？" "Change it to this?";
    MEAL "哪一餐" "Meal";
    WHERE "在哪里" "Where";
    FOR_WHOM "给谁" "For";
    EATEN "吃什么" "To eat";
    SERVED "怎么取" "Served";
    TIME "时间" "Time";
    LISTED "标价" "Listed price";
    YOU_PAY "您付" "You pay";
    PAYS "{name}付" "{name} pays";
    PAID_AT_DESK "吃的时候付。" "It is paid when it is served.";
    WHY_TITLE "为什么是这个价" "Why it costs that";
    WHY_WITHHELD "按照老人的意愿，有些理由只告诉老人本人。" "As the resident wishes, some reasons are told to the resident only.";
    NO_SUBSIDY "这一餐没有补贴，按标价付。" "There is no subsidy for this meal: the listed price is paid.";
    CAN_UNDO_UNTIL "在{until}以前可以修改或取消，不收钱。" "You can change or cancel it until {until}, free of charge.";
    RESERVE_BUTTON "确认订餐" "Reserve this meal";
    CHANGE_BUTTON "确认修改" "Change this meal";

    DONE_TITLE "订好了" "It is reserved";
    CHANGED_TITLE "改好了" "It is changed";
    CHANGE_MEAL "修改这一餐" "Change this meal";
    CANCEL_MEAL "取消这一餐" "Cancel this meal";
    CANCEL_TITLE "取消这一餐？" "Cancel this meal?";
    CANCEL_FREE "现在取消不收钱。" "Cancelling now costs nothing.";
    CANCEL_BUTTON "确认取消" "Cancel this meal";
    KEEP_MEAL "不取消，保留" "Keep it";
    CANCELLED_TITLE "已经取消" "It is cancelled";
    CANCELLED_BY_CANTEEN "食堂取消了这一餐。" "The canteen cancelled this meal.";
    RESERVE_AGAIN "恢复这一餐" "Reserve it again";
    TOO_LATE "已过截止时间（{until}）。要改请打电话给食堂。" "The cut-off was {until}. To change it, call the canteen.";
    SERVED_ALREADY "这一餐已经吃过了。" "This meal was served.";
    MENU_CHANGED "订餐以后菜单有改动，请看一看。" "The menu was changed after you reserved. Please look at it.";
    MEALS_TITLE "我的餐" "My meals";

    PAST_TITLE "吃过的餐" "Past meals";
    PAST_MONTH "{year}年{month}月" "{month}/{year}";
    PAST_NONE "这个月没有吃过的餐。" "No meals were served in this month.";
    PAST_CAPTION "{name}，{month}" "{name}, {month}";
    PAST_DAY "日期" "Day";
    PAST_EATEN "餐" "Meal";
    PAST_CHARGE "标价" "Listed";
    PAST_PAID_BY_OTHERS "补贴" "Subsidy";
    PAST_PAID "自付" "Paid";
    PAST_SUM "合计（{count} 餐）" "Together ({count} meals)";
    PAST_EARLIER "上个月" "The month before";
    PAST_LATER "下个月" "The month after";
    SECOND_MEAL "加餐" "second meal";

    FAMILY_TITLE "谁可以替我订餐" "Who may reserve for me";
    FAMILY_NONE "还没有人可以替您订餐。" "Nobody may reserve for you yet.";
    FAMILY_ASKS "{name}（{relation}）想替您订餐" "{name} ({relation}) asks to reserve for you";
    FAMILY_STANDS "{name}（{relation}）" "{name} ({relation})";
    FAMILY_SEES "可以看价格的理由" "may see the reasons for prices";
    FAMILY_SEES_NOT "看不到涉及困难的理由" "does not see reasons that name a hardship";
    FAMILY_DECIDE "回答" "Answer";
    FAMILY_END "不再让他/她代订" "End it";
    FAMILY_HOW "家属可以自己注册账户，用您的卡号和生日提出申请，再由您在这里同意。也可以一起到服务台办理。" "Family can sign up, ask with your card number and birth date, and you agree here. Or come to the desk together.";
    DECIDE_TITLE "让{name}替您订餐吗？" "May {name} reserve for you?";
    DECIDE_WHAT "同意以后，对方可以替您订餐、修改和取消，能看到您付多少钱。您随时可以取消。" "If you agree, they can reserve, change and cancel for you and see what you pay. You can end it at any time.";
    DECIDE_QUESTION "您同意吗？" "Do you agree?";
    DECIDE_YES "同意" "I agree";
    DECIDE_YES_REASONS "同意，也可以看价格的理由（可能写到低保、残疾等）" "I agree, and they may also see the reasons for prices (which may name a hardship or disability)";
    DECIDE_NO "不同意" "I do not agree";
    DECIDE_BUTTON "确认" "Confirm";
    CONSENT_OWN "本人在网页上同意" "agreed in person on the web page";
    CONSENT_PIN "老人把 PIN 告诉了申请人" "told the applicant their PIN";
    END_TITLE "不再让{name}代订？" "End it: {name} reserves no more?";
    END_OWN_TITLE "不再替{name}订餐？" "Stop reserving for {name}?";
    END_ASKED_TITLE "收回申请？" "Take the request back?";
    END_WHAT "马上生效。以后可以重新申请。" "It holds at once. It can be asked for again later.";
    END_BUTTON "确认" "Confirm";

    LINKS_TITLE "我的家属关系" "My family links";
    LINKS_NONE "您还没有申请过。" "You have not asked for any.";
    LINK_ACTIVE "可以替 {name} 订餐（{relation}）" "You may reserve for {name} ({relation})";
    LINK_ASKED "已申请（{relation}），等老人本人或服务台同意" "Asked ({relation}): the resident or the desk has to agree";
    LINK_WITH_PIN "老人在身边？用 PIN 马上同意" "Is the resident with you? Agree at once with their PIN";
    LINK_TAKE_BACK "收回申请" "Take it back";
    LINK_END "不再代订" "End it";
    ASK_TITLE "申请替老人订餐" "Ask to reserve for a resident";
    ASK_LEAD "请拿着老人的餐卡填写。" "Have the resident’s meal card at hand.";
    ASK_BORN "老人的生日" "The resident’s birth date";
    ASK_BORN_HINT "例如 1945-03-21" "For example 1945-03-21";
    ASK_BORN_WRONG "生日请写成 1945-03-21 这样" "Write the birth date like 1945-03-21";
    ASK_CARD_WRONG "卡号是 6 到 20 位数字，印在餐卡上" "A card number has 6 to 20 digits and is printed on the card";
    ASK_RELATION "您是老人的什么人？" "What are you to the resident?";
    ASK_BUTTON "提交申请" "Ask";
    PIN_TITLE "请老人输入 PIN" "The resident enters their PIN";
    PIN_LEAD "PIN 是老人的同意。请老人自己输入，或由老人告诉您。" "The PIN is the resident’s consent: they enter it, or tell it to you.";
    PIN_REASONS "老人也同意您看价格的理由吗？（可能写到低保、残疾等）" "Does the resident agree that you see the reasons for prices? (They may name a hardship or disability.)";
    PIN_WRONG "PIN 不对。请再试一次，或请服务台帮忙。" "The PIN is not right. Try again, or ask at the desk.";
    PIN_BUTTON "同意" "Agree";

    MEAL_OVER_TITLE "这一餐现在不能订" "This meal cannot be reserved now";
    MEAL_OVER "这一餐已经结束，或者食堂撤回了菜单。请选别的餐，或打电话给食堂。" "It is over, or the canteen withdrew its menu. Choose another meal, or call the canteen.";
}
