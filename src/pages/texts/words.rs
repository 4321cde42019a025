//! Words of the domain, days and times.

super::texts! {
    BREAKFAST "早餐" "breakfast";
    LUNCH "午餐" "lunch";
    DINNER "晚餐" "dinner";
    DINE_IN "堂食" "eat in";
    TAKEAWAY "自取" "take away";
    DELIVERY "送餐" "delivery";
    DINE_IN_LONG "堂食：到食堂来吃" "Eat in at the canteen";
    TAKEAWAY_LONG "自取：打包带走" "Fetch it and take it away";
    DELIVERY_LONG "送餐：送到家里" "Have it brought home";

    TODAY "今天" "today";
    TOMORROW "明天" "tomorrow";
    DAY_AFTER "后天" "the day after tomorrow";
    YESTERDAY "昨天" "yesterday";

    MONEY "{yuan}元" "¥{yuan}";
    PORTIONS "{count} 份" "{count} portions";
    ONE_PORTION "1 份" "1 portion";

    CONTAINS "含：{allergens}" "contains {allergens}";
    CONTAINS_NONE "不含登记的过敏物" "no allergens recorded";
    BETWEEN_WORDS "、" ", ";

    ALLERGEN_PEANUT "花生" "peanut";
    ALLERGEN_NUTS "坚果" "nuts";
    ALLERGEN_MILK "牛奶" "milk";
    ALLERGEN_EGG "鸡蛋" "egg";
    ALLERGEN_FISH "鱼" "fish";
    ALLERGEN_SHRIMP "虾" "shrimp";
    ALLERGEN_SHELLFISH "虾蟹贝类" "shellfish";
    ALLERGEN_SOY "大豆" "soy";
    ALLERGEN_WHEAT "小麦" "wheat";
    ALLERGEN_SESAME "芝麻" "sesame";

    DIET_SOFT "软食" "soft";
    DIET_LOW_SALT "少盐" "low in salt";
    DIET_LOW_SUGAR "少糖" "low in sugar";
    DIET_LOW_FAT "少油" "low in fat";
    DIET_VEGETARIAN "素食" "vegetarian";
    DIET_HALAL "清真" "halal";

    CHILD "子女" "child";
    SPOUSE "配偶" "husband or wife";
    RELATIVE "其他亲属" "another relative";
    NEIGHBOUR "邻居" "neighbour";
    COMMUNITY_WORKER "社区工作者" "community worker";
    OTHER "其他" "somebody else";

    MONDAY "星期一" "Monday";
    TUESDAY "星期二" "Tuesday";
    WEDNESDAY "星期三" "Wednesday";
    THURSDAY "星期四" "Thursday";
    FRIDAY "星期五" "Friday";
    SATURDAY "星期六" "Saturday";
    SUNDAY "星期日" "Sunday";
}
