//! Pages of the first run: the first administrator, canteens, people, and where to go on.

super::texts! {
    TITLE "第一次使用" "The first run";
    LEAD "这里还没有管理员。请填写程序启动时显示的启动码，设立第一位管理员。" "There is no administrator yet. With the code that the program printed at its start, make the first one.";
    CODE "启动码" "Code";
    CODE_HINT "10 位字母和数字，显示在启动程序的窗口或日志里，一小时内有效。过期了请重新启动程序。" "10 letters and digits, in the window or the log where the program was started; good for an hour. Start the program again for a new one.";
    CODE_WRONG "启动码不对、已用过或已过期" "This code is not right, was used, or has run out";
    MAKE "设立管理员" "Make the administrator";
    OVER_TITLE "已经有管理员了" "There is an administrator already";
    OVER "请登录，或请管理员给您权限。" "Sign in, or ask the administrator for a role.";
    SIGN_IN "登录" "Sign in";
    LOOK_TITLE "只想看一看？" "Only looking?";
    LOOK_LEAD "演示数据有自己的数据库，不会混进您的数据。在命令行运行下面的命令，两分钟后就有十多个食堂、三百多位老人和一个月的记录，屏幕上会显示怎么登录：" "The demonstration has a database of its own, so that it never mixes with yours. Start it with this command: after two minutes there are canteens, residents and a month of meals, and the screen says how to sign in:";

    CANTEEN_TITLE "设立食堂" "Make a canteen";
    CANTEEN_LEAD "这些以后都能改。没有把握的先照默认填。" "All of this can be changed later. Leave what you are not sure about as it is.";
    NAME "食堂名称" "Name";
    CITY "城市" "City";
    DISTRICT "区县（可以不填）" "District (may stay empty)";
    TOWN "街道或镇（可以不填）" "Street or town (may stay empty)";
    COMMUNITY "社区或村（可以不填）" "Community or village (may stay empty)";
    AREA_HINT "补贴政策按所在的地方适用，请写政策里用的名字。" "Subsidy policies apply by place: write the names that the policies use.";
    AREA_WRONG "地名不能有斜杠，最多 60 个字；上一级没填时，下一级也不能填" "A name has at most 60 letters and no slash, and needs the level above it";
    ADDRESS "地址" "Address";
    PHONE "服务台电话" "The desk’s telephone";
    PHONE_WRONG "电话是 5 到 20 位数字" "A telephone number has 5 to 20 digits";
    ZONE "时区" "Time zone";
    ZONE_WRONG "没有这个时区。中国请写 Asia/Shanghai" "There is no such time zone. For China write Asia/Shanghai";
    FEE "送餐费（元）" "Delivery fee (yuan)";
    FEE_WRONG "请写金额，例如 1.50" "Write an amount such as 1.50";
    LINE_WRONG "请填写，最多 {max} 个字" "Fill this in, with at most {max} letters";
    PERIOD_SERVED "供应{meal}" "It serves {meal}";
    PERIOD_NONE "请至少选一餐" "Choose at least one meal";
    FROM "几点开餐" "Served from";
    TO "几点收餐" "Served until";
    CUTOFF_DAYS "提前几个供餐日截止订餐（0 是当天）" "Reserving ends so many serving days before (0 is the day itself)";
    CUTOFF_AT "几点截止" "at";
    CAPACITY "最多多少份" "Places";
    MODES "怎么供餐" "Ways of serving";
    WEEKDAYS "星期几供餐" "Days of the week";
    TIME_WRONG "时间请写成 11:30 这样" "Write the time like 11:30";
    NUMBER_WRONG "请写 {from} 到 {to} 的数" "Write a number from {from} to {to}";
    CANTEEN_BUTTON "设立食堂" "Make the canteen";

    NEXT_TITLE "接下来做什么" "What to do next";
    NEXT_CANTEENS "食堂" "Canteens";
    NEXT_NO_CANTEEN "还没有食堂。" "There is no canteen yet.";
    NEXT_ONE_MORE "再设立一个食堂" "Make another canteen";
    NEXT_PEOPLE "工作人员" "People";
    NEXT_PEOPLE_LEAD "管理员不管菜单和补贴。请给食堂工作人员和民政干部开账户，他们登录以后就能做。" "An administrator does not touch menus or subsidies. Make accounts for the canteen’s staff and the district’s officers: they do that when they sign in.";
    NEXT_PEOPLE_BUTTON "开账户" "Make an account";
    NEXT_ORDER "一般的顺序" "The usual order";
    NEXT_STAFF "食堂工作人员登录：登记老人（可以导入表格），发布一周的菜单。" "The canteen’s staff sign in: they register residents (a spreadsheet can be imported) and post the week’s menus.";
    NEXT_OFFICER "民政干部登录：写补贴政策，试算，然后生效。" "The district’s officer signs in: writes the subsidy policy, tries it, and puts it into force.";
    NEXT_RESIDENT "老人用餐卡和 PIN 登录订餐，家属注册后申请代订。" "Residents sign in with card and PIN; families sign up and ask to reserve for them.";
    NEXT_BACKUP "每天备份：leling backup。钥匙文件要另外保管。" "Back up every day: leling backup. Keep the key file apart.";

    PEOPLE_TITLE "开账户" "Make an account";
    PERSON_NAME "姓名" "Name";
    ROLE "做什么工作？" "What do they do?";
    ROLE_STAFF "食堂工作人员：菜单、服务台、厨房" "Staff of a canteen: menus, desk, kitchen";
    ROLE_VOLUNTEER "志愿者：门口签到、送餐" "Volunteer: the door and delivery rounds";
    ROLE_DISTRICT "民政干部：补贴政策、一个地区的食堂" "District officer: policies and the canteens of an area";
    ROLE_AUDITOR "审计：什么都能看，什么都不能改" "Auditor: reads everything, changes nothing";
    AT_CANTEEN "在哪个食堂？（工作人员和志愿者）" "At which canteen? (staff and volunteers)";
    IN_AREA "管哪个地区？（民政干部和审计）" "In which area? (officers and auditors)";
    IN_AREA_HINT "从城市写起，用斜杠隔开，例如 广州/增城" "From the city down, with slashes, such as Guangzhou/Zengcheng";
    IN_AREA_WRONG "地区请从城市写起，用斜杠隔开" "Write the area from the city down, with slashes";
    PEOPLE_BUTTON "开账户" "Make the account";
    PASSWORD_TITLE "账户开好了" "The account is made";
    PASSWORD_LEAD "请把用户名和一次性密码交给{name}。密码只显示这一次，七天内要换成自己的。" "Give the user name and the one-time password to {name}. It is shown this once, and has to be changed within seven days.";
    PASSWORD_GONE "密码已经显示过一次，不再显示。" "The password was shown once and is not shown again.";
    ONE_TIME "一次性密码" "One-time password";
    TO_SETUP "安装与账户" "Set up: canteens and accounts";
}
