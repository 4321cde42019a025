//! Pages for standing orders.

super::texts! {
    TO_STANDING "长期订餐：每周自动订" "Standing orders: reserved by itself every week";
    LIST_TITLE "长期订餐" "Standing orders";
    LIST_LEAD "说好每周哪几天吃，菜单一出来就自动订好。随时可以暂停、跳过或结束。" "Say once which days of the week you eat: as soon as there is a menu, the meal is reserved by itself. Pause, skip a day or end it at any time.";
    LIST_NONE "还没有长期订餐。" "There is no standing order yet.";
    LIST_ENDED "已经结束的" "Ended";
    NEW "新的长期订餐" "Make a standing order";

    MEALS_TITLE "每周订哪几餐？" "Which meals every week?";
    DAYS_TITLE "每周哪几天？" "On which days of the week?";
    DAYS_OF "{meal}在星期几吃？" "On which days: {meal}";
    DAYS_CHOOSE "请给{meal}至少选一天" "Choose at least one day for {meal}";
    HOW_TITLE "怎么取餐？" "How is it served?";
    HOW_OF "{meal}怎么取？" "How is {meal} served?";
    WHAT_TITLE "自动订什么？" "What should be reserved?";
    RULE_SET "套餐（菜单上的第一份）" "A set meal: the first on the menu";
    RULE_CHEAPEST "最便宜的一样（可能只是一碗米饭）" "The cheapest item, which may be only rice";
    RULE_DIET "适合我饮食要求的" "What agrees with my diet";
    RULE_SAFE "档案里记着过敏的东西，不会自动订。" "What is on the record as an allergy is never reserved by itself.";
    WHEN_TITLE "从哪天到哪天？" "From when to when?";
    FROM "从哪天开始" "From";
    TO "到哪天为止（可以不填）" "Until (may stay empty)";
    TO_HINT "不填就一直订下去，直到您结束它。" "Left empty, it goes on until you end it.";
    DAY_WRONG "日期请写成 {day} 这样" "Write the day like {day}";
    DAY_PAST "请选今天或以后的日子" "Choose today or a later day";
    DAY_FAR "最多到两年以后" "Two years ahead at most";
    DAY_ORDER "结束的日子不能早于开始的日子" "The last day cannot be before the first";
    CHECK_TITLE "这样长期订餐，对不对？" "Is this standing order right?";
    MEALS "哪几餐" "Meals";
    WHAT "吃什么" "To eat";
    WHEN "什么时候" "When";
    CHANGE "改日子、改菜" "Change the days or the food";
    CHANGE_CHECK_TITLE "改成这样，对不对？" "Change it to this?";
    CHANGE_CANCEL "已经订好、但不再需要的餐，一起取消吗？" "Cancel meals that are reserved and no longer wanted?";
    CHANGE_BUTTON "确认修改" "Change it";
    CHANGED_TITLE "长期订餐改好了" "The standing order is changed";
    MAKE_BUTTON "确认长期订餐" "Make this standing order";
    MAKE_FREE "每一餐在截止前都可以单独修改或取消，不收钱。" "Each meal can still be changed or cancelled by itself until its cut-off, free of charge.";

    ONE_TITLE "长期订餐：{what}" "Standing order: {what}";
    MADE_TITLE "长期订餐办好了" "The standing order is made";
    PAUSED_TITLE "已经暂停" "It is paused";
    SKIPPED_TITLE "已经跳过" "The days are skipped";
    RESUMED_TITLE "已经恢复" "It goes on";
    ENDED_TITLE "长期订餐已经结束" "The standing order has ended";
    IS_ENDED "这份长期订餐已经结束。" "This standing order has ended.";
    ENDED_DECEASED "本人去世，长期订餐已经结束。" "It ended with a death.";

    SAYS_MEAL "{days}的{meal}，{mode}" "{meal} {days}, {mode}";
    EVERY_DAY "每天" "every day";
    ON_DAYS "每{days}" "on {days}";
    SAYS_SET "自动订菜单上的第一份套餐" "The first set meal of the menu is reserved";
    SAYS_CHEAPEST "自动订最便宜的" "The cheapest item is reserved";
    SAYS_DIET "自动订适合饮食要求的" "What agrees with the diet on the record is reserved";
    SAYS_FROM "从{from}起，直到结束它" "From {from} on, until it is ended";
    SAYS_FROM_TO "从{from}到{to}" "From {from} to {to}";
    SAYS_PAUSE "{from}到{to}暂停" "Paused from {from} to {to}";
    SAYS_SKIP "{day}不订" "Not on {day}";

    RESERVED "已经订好的餐" "What it has reserved";
    RESERVED_NONE "还没有订好的餐。菜单一出来就会自动订。" "Nothing is reserved yet. It is as soon as there is a menu.";
    NOT_RESERVED "没有订上的餐" "What could not be reserved";
    NOT_ROW "{meal}：{why}" "{meal}: {why}";
    WAITING_ROW "{meal}：已订满，正在候补" "{meal}: all places are taken, it waits for one";
    LEFT_LINE "退出了候补" "the waiting list was left";
    PAUSE "暂停几天" "Pause it";
    SKIP "跳过单独几天" "Skip single days";
    RESUME "恢复暂停或跳过的日子" "Take a pause or a skipped day back";
    END "结束长期订餐" "End it";

    PAUSE_TITLE "从哪天暂停到哪天？" "Pause from when to when?";
    PAUSE_FROM "暂停的第一天" "The first day of the pause";
    PAUSE_TO "暂停的最后一天" "The last day of the pause";
    SKIP_TITLE "跳过哪几天？" "Which days are skipped?";
    SKIP_NONE "接下来四周没有要跳过的日子。" "There is no day to skip in the next four weeks.";
    RESUME_TITLE "恢复哪些日子？" "What is taken back?";
    RESUME_NONE "没有暂停，也没有跳过的日子。" "There is no pause and no skipped day.";
    CHOOSE_SOME "请至少选一项" "Choose at least one";

    SURE_PAUSE "确认暂停？" "Pause it?";
    SURE_SKIP "确认跳过？" "Skip these days?";
    SURE_RESUME "确认恢复？" "Take these back?";
    SURE_END "确认结束长期订餐？" "End this standing order?";
    DOES_PAUSE "{from}到{to}不自动订餐。" "Nothing is reserved by itself from {from} to {to}.";
    DOES_SKIP "{day}不自动订餐。" "Nothing is reserved by itself on {day}.";
    DOES_RESUME_PAUSE "{from}到{to}重新自动订餐。" "From {from} to {to} meals are reserved by themselves again.";
    DOES_RESUME_DAY "{day}重新自动订餐。" "On {day} meals are reserved by themselves again.";
    DOES_END "以后不再自动订餐。" "Nothing more is reserved by itself.";
    AFFECTED "这些餐已经订好了：" "These meals are reserved already:";
    CANCEL_QUESTION "也取消这些餐吗？" "Cancel these meals as well?";
    CANCEL_YES "取消" "Cancel them";
    CANCEL_NO "保留，我还是去吃" "Keep them: they are eaten";
    CANCEL_LATE "过了截止时间的餐取消不了，要打电话给食堂。" "What is past its cut-off cannot be cancelled here: call the canteen.";
    PAUSE_BUTTON "确认暂停" "Pause it";
    SKIP_BUTTON "确认跳过" "Skip these days";
    RESUME_BUTTON "确认恢复" "Take them back";
    END_BUTTON "确认结束" "End it";
}
