//! The places of the demonstration, as they are.

use chrono::NaiveTime;

use crate::{
    canteens::{Cutoff, Details, MealPeriod, Zone},
    money::Fen,
    text::ClockTime,
    words::{Area, Mode, Period, Weekday},
};

/// The zone of every place.
pub const ZONE: Zone = Zone(chrono_tz::Asia::Shanghai);

/// A place that serves meals, and how large it is.
#[derive(Debug)]
pub struct Place {
    /// How the names of its accounts begin.
    pub key: &'static str,
    pub name: &'static str,
    /// City, district, town, community.
    pub area: [&'static str; 4],
    pub address: &'static str,
    pub phone: &'static str,
    /// How many residents are registered, all of them 60 or older.
    pub residents: usize,
    /// About how many eat there at noon.
    pub lunch: usize,
    /// About how many eat there in the evening.
    pub dinner: usize,
    /// Service days before the meal, and the hour, at which ordering ends.
    pub cutoff: (i32, u32),
    /// The list price of a set meal.
    pub set_fen: i64,
    pub delivery_fee_fen: i64,
    /// Whether three meat and three vegetable dishes can be ordered one by one.
    pub dishes: bool,
    pub volunteers: usize,
    /// Whether volunteers alone run it: the first of them is its staff too.
    pub by_volunteers: bool,
    /// How many residents have a family member who orders for them.
    pub families: usize,
    /// How many residents have a PIN.
    pub pins: usize,
    /// Whether a couple lives there from May to October only.
    pub migrants: bool,
}

const SMALL: Place = Place {
    key: "",
    name: "",
    area: [""; 4],
    address: "",
    phone: "",
    residents: 40,
    lunch: 20,
    dinner: 0,
    cutoff: (1, 16),
    set_fen: 1200,
    delivery_fee_fen: 200,
    dishes: false,
    volunteers: 1,
    by_volunteers: false,
    families: 2,
    pins: 3,
    migrants: false,
};

pub const PLACES: &[Place] = &[
    Place {
        key: "jinyuan",
        name: "金元社区养老服务站",
        area: ["Guiyang", "Guanshanhu", "Jinyang", "Jinyuan"],
        address: "金元社区示例路1号",
        phone: "0851-5550101",
        residents: 260,
        lunch: 62,
        dinner: 38,
        dishes: true,
        volunteers: 2,
        families: 4,
        pins: 8,
        migrants: true,
        ..SMALL
    },
    Place {
        key: "changshan",
        name: "乐龄食堂",
        area: ["Changchun", "Kuancheng", "Tuanshan", "Changshan Huayuan"],
        address: "长山花园示例楼1栋",
        phone: "0431-5550102",
        residents: 1200,
        lunch: 150,
        set_fen: 1000,
        volunteers: 4,
        families: 8,
        pins: 8,
        ..SMALL
    },
    Place {
        key: "ailao",
        name: "爱老幸福食堂",
        area: ["Xining", "Chengzhong", "Renmin Street", "Wenting Alley"],
        address: "文亭巷示例路3号",
        phone: "0971-5550103",
        residents: 80,
        lunch: 32,
        cutoff: (0, 9),
        set_fen: 1000,
        ..SMALL
    },
    Place {
        key: "yijia",
        name: "壹家饭堂",
        area: ["Yantai", "Zhifu", "Dongshan", "Dahaiyang"],
        address: "大海阳社区示例路4号",
        phone: "0535-5550104",
        residents: 24,
        lunch: 17,
        set_fen: 800,
        volunteers: 6,
        by_volunteers: true,
        ..SMALL
    },
    Place {
        key: "minzhu",
        name: "民主村社区食堂",
        area: ["Chongqing", "Jiulongpo", "Xiejiawan", "Minzhu"],
        address: "民主村示例路5号",
        phone: "023-5550105",
        lunch: 26,
        ..SMALL
    },
    Place {
        key: "guixi",
        name: "桂溪助餐点",
        area: ["Fuzhou", "Gulou", "Wenquan", "Guixi"],
        address: "桂溪社区示例路6号",
        phone: "0591-5550106",
        lunch: 14,
        ..SMALL
    },
    Place {
        key: "qingshuitang",
        name: "清水塘助餐点",
        area: ["Changsha", "Kaifu", "Qingshuitang", "Qingshuitang"],
        address: "清水塘社区示例路7号",
        phone: "0731-5550107",
        lunch: 16,
        cutoff: (0, 9),
        ..SMALL
    },
    Place {
        key: "luzhou",
        name: "潞州区助餐点",
        area: ["Changzhi", "Luzhou", "Yingxiong Street", "Yingxiong"],
        address: "潞州区示例路8号",
        phone: "0355-5550108",
        lunch: 12,
        ..SMALL
    },
    Place {
        key: "shentian",
        name: "深田社区助餐点",
        area: ["Xiamen", "Siming", "Kaiyuan", "Shentian"],
        address: "深田社区示例路9号",
        phone: "0592-5550109",
        lunch: 18,
        ..SMALL
    },
    Place {
        key: "zhengguo",
        name: "正果镇长者饭堂",
        area: ["Guangzhou", "Zengcheng", "Zhengguo", "Zhengguo"],
        address: "正果镇示例路10号",
        phone: "020-5550110",
        lunch: 22,
        ..SMALL
    },
    Place {
        key: "longgang",
        name: "龙岗长者饭堂",
        area: ["Shenzhen", "Longgang", "Longcheng", "Longcheng"],
        address: "龙城街道示例路11号",
        phone: "0755-5550111",
        lunch: 20,
        set_fen: 1500,
        ..SMALL
    },
    Place {
        key: "zhenru",
        name: "真如社区长者食堂",
        area: ["Shanghai", "Putuo", "Zhenru", "Zhenru"],
        address: "真如镇示例路12号",
        phone: "021-5550112",
        residents: 60,
        lunch: 30,
        cutoff: (0, 9),
        set_fen: 1680,
        ..SMALL
    },
    Place {
        key: "tangjia",
        name: "唐家湾长者饭堂",
        area: ["Zhuhai", "High-tech", "Tangjiawan", "Tangjia"],
        address: "唐家湾示例路13号",
        phone: "0756-5550113",
        lunch: 18,
        ..SMALL
    },
    Place {
        key: "zhanshan",
        name: "湛山社区助老食堂",
        area: ["Qingdao", "Shinan", "Zhanshan", "Zhanshan"],
        address: "湛山社区示例路14号",
        phone: "0532-5550114",
        lunch: 18,
        set_fen: 1500,
        ..SMALL
    },
    Place {
        key: "dongtang",
        name: "东塘社区老年食堂",
        area: ["Changsha", "Yuhua", "Dongtang", "Dongtang"],
        address: "东塘街道示例路15号",
        phone: "0731-5550115",
        lunch: 20,
        set_fen: 1500,
        ..SMALL
    },
];

/// The policy documents: each is put into force on New Year's Day of the year that its code ends with.
pub const POLICIES: &[&str] = &[
    include_str!("policies/changchun-leling-2021.json"),
    include_str!("policies/changsha-yuhua-2022.json"),
    include_str!("policies/putuo-2025.json"),
    include_str!("policies/qingdao-2023.json"),
    include_str!("policies/shenzhen-2019.json"),
    include_str!("policies/xining-2019.json"),
    include_str!("policies/zengcheng-2020.json"),
    include_str!("policies/zhuhai-2024.json"),
];

/// The cities, in the order of the places.
pub fn cities() -> Vec<&'static str> {
    let mut cities: Vec<&'static str> = Vec::new();
    for place in PLACES {
        if !cities.contains(&place.city()) {
            cities.push(place.city());
        }
    }
    cities
}

impl Place {
    pub fn city(&self) -> &'static str {
        self.area[0]
    }

    pub fn area(&self) -> Result<Area, String> {
        Area::new(self.area)
    }

    /// About how many eat there at this meal.
    pub fn diners(&self, period: Period) -> usize {
        match period {
            Period::Breakfast => 0,
            Period::Lunch => self.lunch,
            Period::Dinner => self.dinner,
        }
    }

    /// The meals of its day.
    pub fn periods(&self) -> impl Iterator<Item = Period> + '_ {
        Period::ALL.iter().copied().filter(|period| self.diners(*period) > 0)
    }

    /// What an officer enters about it.
    pub fn details(&self) -> Result<Details, String> {
        Ok(Details {
            name: self.name.into(),
            area: self.area()?,
            address: self.address.into(),
            phone: self.phone.into(),
            zone: ZONE,
            delivery_fee_fen: Fen(self.delivery_fee_fen),
            periods: self.periods().map(|period| self.meal(period)).collect(),
        })
    }

    fn meal(&self, period: Period) -> MealPeriod {
        let (serves_from, serves_to) = hours(period);
        let (service_days_before, hour) = self.cutoff;
        MealPeriod {
            period,
            serves_from,
            serves_to,
            cutoff: Cutoff { service_days_before, at: o_clock(hour, 0) },
            default_capacity: i32::try_from(2 * self.diners(period) + 10).unwrap_or(i32::MAX),
            modes: vec![Mode::DineIn, Mode::Takeaway, Mode::Delivery],
            weekdays: Weekday::ALL.to_vec(),
        }
    }
}

/// When a meal is served, in every place.
pub fn hours(period: Period) -> (ClockTime, ClockTime) {
    match period {
        Period::Breakfast => (o_clock(7, 0), o_clock(8, 30)),
        Period::Lunch => (o_clock(11, 0), o_clock(13, 0)),
        Period::Dinner => (o_clock(17, 0), o_clock(18, 30)),
    }
}

fn o_clock(hour: u32, minute: u32) -> ClockTime {
    ClockTime(NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or(NaiveTime::MIN))
}
