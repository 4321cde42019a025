//! The header row: which column means what, by the words that canteens write over it.

use std::collections::BTreeMap;

use crate::{
    sheets::{Row, Sheet, Value},
    words,
};

/// The header is among so many rows with something in them; above it may stand a title.
const HEADER_WITHIN: usize = 20;

/// So many columns have to be understood for a row to be the header.
const LEAST_COLUMNS: usize = 2;

words! {
    /// What a column tells of a resident.
    pub enum Field {
        FullName = "full_name",
        BornOn = "born_on",
        IdNumber = "id_number",
        Phone = "phone",
        CardNumber = "card_number",
        RegisteredIn = "registered_in",
        LivesIn = "lives_in",
        Allergens = "allergens",
        DietTags = "diet_tags",
    }
}

impl Field {
    /// What is written over such a column: without blanks, marks and what stands in brackets, in small letters.
    fn names(self) -> &'static [&'static str] {
        match self {
            Field::FullName => &[
                "姓名",
                "老人姓名",
                "老年人姓名",
                "长者姓名",
                "居民姓名",
                "就餐人",
                "就餐人姓名",
                "就餐人员",
                "用餐人",
                "用餐人姓名",
                "服务对象",
                "服务对象姓名",
                "名字",
                "fullname",
                "name",
            ],
            Field::BornOn => &[
                "出生日期",
                "出生年月日",
                "出生年月",
                "出生时间",
                "生日",
                "bornon",
                "birthdate",
                "dateofbirth",
                "birthday",
                "dob",
            ],
            Field::IdNumber => &[
                "身份证号",
                "身份证号码",
                "身份证",
                "居民身份证",
                "居民身份证号",
                "居民身份证号码",
                "公民身份号码",
                "公民身份证号",
                "公民身份证号码",
                "证件号",
                "证件号码",
                "老人身份证号",
                "idnumber",
                "idno",
                "idcard",
                "identitynumber",
                "nationalid",
            ],
            Field::Phone => &[
                "手机号",
                "手机号码",
                "手机",
                "联系电话",
                "电话",
                "电话号码",
                "联系方式",
                "本人电话",
                "本人手机",
                "本人联系电话",
                "本人手机号",
                "老人电话",
                "phone",
                "phonenumber",
                "telephone",
                "tel",
                "mobile",
            ],
            Field::CardNumber => &[
                "卡号",
                "就餐卡号",
                "就餐卡",
                "饭卡号",
                "饭卡",
                "用餐卡号",
                "就餐证号",
                "cardnumber",
                "cardno",
                "card",
            ],
            Field::RegisteredIn => &[
                "户籍地",
                "户籍",
                "户籍所在地",
                "户籍地址",
                "户籍区域",
                "户口所在地",
                "户口",
                "registeredin",
                "hukou",
            ],
            Field::LivesIn => &[
                "住址",
                "家庭住址",
                "现住址",
                "居住地",
                "居住地址",
                "现居住地",
                "现居住地址",
                "常住地址",
                "常住地",
                "居住区域",
                "家庭地址",
                "地址",
                "livesin",
                "address",
                "residence",
            ],
            Field::Allergens => &[
                "过敏",
                "过敏原",
                "过敏源",
                "过敏史",
                "食物过敏",
                "过敏食物",
                "过敏情况",
                "忌口",
                "忌食",
                "饮食禁忌",
                "忌口/过敏",
                "过敏/忌口",
                "忌口过敏",
                "allergens",
                "allergies",
                "allergy",
            ],
            Field::DietTags => &[
                "饮食要求",
                "饮食习惯",
                "饮食需求",
                "特殊饮食",
                "膳食要求",
                "餐食要求",
                "饮食偏好",
                "口味",
                "饮食",
                "diettags",
                "diet",
            ],
        }
    }

    /// Whether several columns of the kind are one list.
    fn is_list(self) -> bool {
        matches!(self, Field::Allergens | Field::DietTags)
    }

    fn of(header: &str) -> Option<Field> {
        let name = plain(header);
        Field::ALL.iter().copied().find(|field| field.names().contains(&name.as_str()))
    }
}

/// The header row of a roster.
#[derive(Clone, Debug)]
pub struct Header {
    /// The row's number.
    pub row: u32,
    /// What each column that was understood tells.
    pub fields: BTreeMap<u32, Field>,
    /// What is written over each column.
    pub titles: BTreeMap<u32, String>,
}

impl Header {
    /// The header row of a sheet, if there is one.
    pub fn of(sheet: &Sheet) -> Option<Header> {
        sheet
            .rows
            .iter()
            .take(HEADER_WITHIN)
            .map(Header::read)
            .find(|header| header.has(Field::FullName) && header.fields.len() >= LEAST_COLUMNS)
    }

    fn read(row: &Row) -> Header {
        let titles: BTreeMap<u32, String> = row
            .cells
            .iter()
            .filter_map(|(column, value)| match value {
                Value::Text(title) => Some((*column, title.clone())),
                Value::Number(_) | Value::Date(_) | Value::Error => None,
            })
            .collect();
        let fields = titles.iter().filter_map(|(column, title)| Some((*column, Field::of(title)?))).collect();
        Header { row: row.number, fields, titles }
    }

    /// Whether some column tells this.
    pub fn has(&self, field: Field) -> bool {
        self.column(field).is_some()
    }

    /// The first column that tells this.
    pub fn column(&self, field: Field) -> Option<u32> {
        self.fields.iter().find(|(_, known)| **known == field).map(|(column, _)| *column)
    }

    /// Columns that tell what one before them tells already, where there can be only one.
    pub fn doubles(&self) -> impl Iterator<Item = u32> {
        let once = self.fields.iter().filter(|(_, field)| !field.is_list());
        once.filter(|(column, field)| self.column(**field) != Some(**column)).map(|(column, _)| *column)
    }

    /// Columns with a title that tells nothing we keep.
    pub fn ignored(&self) -> impl Iterator<Item = (u32, &str)> {
        let unknown = self.titles.iter().filter(|(column, _)| !self.fields.contains_key(column));
        unknown.map(|(column, title)| (*column, title.as_str()))
    }
}

/// A title without blanks, marks and brackets, in small narrow letters.
fn plain(title: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::new();
    for letter in title.chars() {
        match letter {
            '(' | '（' | '[' | '【' => depth += 1,
            ')' | '）' | ']' | '】' => depth = depth.saturating_sub(1),
            _ if depth > 0 || letter.is_whitespace() || "*＊:：_-、".contains(letter) => {}
            '／' => plain.push('/'),
            _ => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_understood_as_canteens_write_them() {
        for (title, field) in [
            ("姓名", Field::FullName),
            (" 老人 姓名*", Field::FullName),
            ("身份证号码（18位）", Field::IdNumber),
            ("联系电话：", Field::Phone),
            ("就餐卡号", Field::CardNumber),
            ("忌口／过敏", Field::Allergens),
            ("Full Name", Field::FullName),
            ("born_on", Field::BornOn),
            ("出生年月\n(必填)", Field::BornOn),
        ] {
            assert_eq!(Field::of(title), Some(field), "{title}");
        }
        for title in ["紧急联系电话", "家属电话", "备注", "性别", "人员类别", "序号", "("]
        {
            assert_eq!(Field::of(title), None, "{title}");
        }
    }

    #[test]
    fn no_title_means_two_things() {
        let names: Vec<&str> = Field::ALL.iter().flat_map(|field| field.names()).copied().collect();
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "{name}");
            assert_eq!(plain(name), *name);
        }
    }
}
