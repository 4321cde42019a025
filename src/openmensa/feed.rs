//! The feed of a canteen: an XML document after `open-mensa-v2.xsd`.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{Day, Meal};
use crate::{
    canteens::Canteen,
    words::{Level, Weekday},
};

/// The longest text that the schema lets be a name or a note, in characters.
const LONGEST_TEXT: usize = 250;

type Xml = Writer<Vec<u8>>;

/// The feed of this canteen and these days.
pub(super) fn write(canteen: &Canteen, days: &[Day]) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new(Vec::new());
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("openmensa")
        .with_attribute(("version", "2.1"))
        .with_attribute(("xmlns", "http://openmensa.org/open-mensa-v2"))
        .with_attribute(("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"))
        .with_attribute((
            "xsi:schemaLocation",
            "http://openmensa.org/open-mensa-v2 http://openmensa.org/open-mensa-v2.xsd",
        ))
        .write_inner_content(|xml| {
            text(xml, "version", env!("CARGO_PKG_VERSION"))?;
            xml.create_element("canteen").write_inner_content(|xml| of_canteen(xml, canteen, days))?;
            Ok(())
        })?;
    Ok(xml.into_inner())
}

fn of_canteen(xml: &mut Xml, canteen: &Canteen, days: &[Day]) -> io::Result<()> {
    text(xml, "name", &canteen.name)?;
    text(xml, "address", &canteen.address)?;
    text(xml, "city", canteen.area.name(Level::City).unwrap_or_default())?;
    text(xml, "phone", &canteen.phone)?;
    text(xml, "availability", "public")?;
    xml.create_element("times")
        .with_attribute(("type", "opening"))
        .write_inner_content(|xml| times(xml, canteen))?;
    for day in days {
        xml.create_element("day")
            .with_attribute(("date", day.on.to_string().as_str()))
            .write_inner_content(|xml| of_day(xml, day))?;
    }
    Ok(())
}

/// From when until when something is served on each day of the week.
fn times(xml: &mut Xml, canteen: &Canteen) -> io::Result<()> {
    for (name, weekday) in [
        ("monday", Weekday::Mon),
        ("tuesday", Weekday::Tue),
        ("wednesday", Weekday::Wed),
        ("thursday", Weekday::Thu),
        ("friday", Weekday::Fri),
        ("saturday", Weekday::Sat),
        ("sunday", Weekday::Sun),
    ] {
        let served = || canteen.periods.iter().filter(|meal| meal.weekdays.contains(&weekday));
        let window =
            served().map(|meal| meal.serves_from).min().zip(served().map(|meal| meal.serves_to).max());
        let element = xml.create_element(name);
        match window {
            Some((from, to)) => {
                let open = format!("{}-{}", from.0.format("%H:%M"), to.0.format("%H:%M"));
                element.with_attribute(("open", open.as_str())).write_empty()?
            }
            None => element.with_attribute(("closed", "true")).write_empty()?,
        };
    }
    Ok(())
}

fn of_day(xml: &mut Xml, day: &Day) -> io::Result<()> {
    if day.closed {
        xml.create_element("closed").write_empty()?;
        return Ok(());
    }
    let mut meals = day.meals.as_slice();
    while let Some(first) = meals.first() {
        let end = meals.iter().position(|meal| meal.category != first.category).unwrap_or(meals.len());
        let (category, others) = meals.split_at(end);
        xml.create_element("category")
            .with_attribute(("name", first.category.as_str()))
            .write_inner_content(|xml| category.iter().try_for_each(|meal| of_meal(xml, meal)))?;
        meals = others;
    }
    Ok(())
}

fn of_meal(xml: &mut Xml, meal: &Meal) -> io::Result<()> {
    xml.create_element("meal").write_inner_content(|xml| {
        text(xml, "name", &meal.name)?;
        for note in &meal.notes {
            let short: String = note.chars().take(LONGEST_TEXT).collect();
            text(xml, "note", &short)?;
        }
        xml.create_element("price")
            .with_attribute(("role", "other"))
            .write_text_content(BytesText::new(&meal.price.to_string()))?;
        Ok(())
    })?;
    Ok(())
}

fn text(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(text))?;
    Ok(())
}
