//! Pages for waiting lists.

super::texts! {
    FULL_WAIT "已订满，可以候补" "all places are taken; you can wait for one";
    ASK_TITLE "{meal}已订满，要候补吗？" "Wait for a place? {meal}";
    ASK_LEAD "在{until}以前，只要有人取消，就按先后顺序自动订给候补的人。" "When somebody cancels before {until}, the place goes to those who wait, in their order, by itself.";
    ASK_LINE "现在有 {count} 人在候补。" "{count} are waiting now.";
    ASK_NONE "现在还没有人候补。" "Nobody is waiting yet.";
    WANT "轮到您时，吃什么？" "What would you like when it is your turn?";
    RULE_SET "有套餐就要套餐" "A set meal, whichever is left";
    RULE_CHEAPEST "最便宜的一样（可能只是一碗米饭）" "The cheapest item that is left, which may be only rice";
    RULE_DIET "适合我饮食要求的" "What agrees with my diet";
    ONLY "只要{item}" "Only {item}";
    HOW "轮到您时，怎么取餐？" "How is it served when it is your turn?";
    CHECK_TITLE "这样候补，对不对？" "Wait like this?";
    WISH "吃什么" "To eat";
    UNTIL "候补到什么时候" "Waiting until";
    PRICE_THEN "价格按订上时算，有补贴照样补。" "The price is that of the moment when it is reserved, with your subsidies.";
    JOIN_BUTTON "确认候补" "Wait for a place";
    JOINED_TITLE "已经排上候补" "You are on the waiting list";
    RANK "您排在第 {rank} 位，共 {count} 人候补。" "You are number {rank} of {count} who wait.";
    ENTRY_TITLE "候补：{meal}" "Waiting: {meal}";
    NO_CALL "轮到您就自动订好，会出现在“我的餐”里。也可以打电话问食堂。" "When it is your turn it is reserved by itself, and stands among your meals. Or call the canteen and ask.";
    GOT "候补成功，已经订好了。" "A place became free: it is reserved.";
    SEE_MEAL "看这一餐" "See this meal";
    SKIPPED "轮到了，但没有订上：{why}" "It was your turn, but it could not be reserved: {why}";
    ENDED "没有候补上：{why}" "No place became free: {why}";
    LEFT "您已经退出候补。" "You left the waiting list.";
    LEAVE "退出候补" "Leave the waiting list";
    LEAVE_TITLE "退出候补？" "Leave the waiting list?";
    LEAVE_WHAT "退出以后可以重新排，但要排到最后。" "You can join again later, but at the end of the line.";
    LEAVE_BUTTON "确认退出" "Leave the waiting list";
    STAY "不退出，继续等" "Stay on it";
    LIST_TITLE "候补中的餐" "Meals you wait for";
    ROW_RANK "第 {rank} 位，共 {count} 人" "number {rank} of {count}";
    ROW_NOT "没有候补上" "no place became free";
}
