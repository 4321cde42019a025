//! The card as it is printed: 85.6 × 54 mm, black on white, the same for everybody (BR-80).

use std::io;

use qrcode::{Color, EcLevel, QrCode};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

/// What stands on a card.
pub(super) struct Face<'a> {
    pub code: &'a str,
    pub full_name: &'a str,
    pub card_number: &'a str,
    pub canteen: &'a str,
    /// The telephone of the desk, for whoever finds the card.
    pub phone: &'a str,
}

/// The size of every bank card (ISO/IEC 7810 ID-1), in mm.
const WIDTH: f64 = 85.6;
const HEIGHT: f64 = 54.0;

/// Where the QR stands, with the white margin of four modules that a reader needs, in mm.
const QR_AT: (f64, f64) = (46.0, 8.0);
const QR_SIZE: f64 = 38.0;
const QR_MARGIN: usize = 4;

/// Where the words stand, in mm, and how wide they may be.
const LEFT: f64 = 5.0;
const ROOM: f64 = 41.0;

/// The card as SVG. Fails only when the code does not fit a QR.
pub(super) fn draw(face: &Face<'_>) -> Result<Vec<u8>, String> {
    let qr = QrCode::with_error_correction_level(face.code, EcLevel::Q).map_err(|error| error.to_string())?;
    let mut svg = Writer::new(Vec::new());
    write(&mut svg, face, &qr).map_err(|error| error.to_string())?;
    Ok(svg.into_inner())
}

fn write(svg: &mut Writer<Vec<u8>>, face: &Face<'_>, qr: &QrCode) -> io::Result<()> {
    svg.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let size = [mm(WIDTH), mm(HEIGHT)];
    svg.create_element("svg")
        .with_attribute(("xmlns", "http://www.w3.org/2000/svg"))
        .with_attribute(("width", format!("{}mm", size[0]).as_str()))
        .with_attribute(("height", format!("{}mm", size[1]).as_str()))
        .with_attribute(("viewBox", format!("0 0 {} {}", size[0], size[1]).as_str()))
        .write_inner_content(|svg| {
            svg.create_element("rect")
                .with_attribute(("x", "0.1"))
                .with_attribute(("y", "0.1"))
                .with_attribute(("width", mm(WIDTH - 0.2).as_str()))
                .with_attribute(("height", mm(HEIGHT - 0.2).as_str()))
                .with_attribute(("rx", "3.18"))
                .with_attribute(("fill", "#fff"))
                .with_attribute(("stroke", "#999"))
                .with_attribute(("stroke-width", "0.2"))
                .write_empty()?;
            let below = lines(svg, face.full_name, 12.0, 8.0, true)?;
            lines(svg, face.card_number, below + 3.0, 5.0, false)?;
            lines(svg, face.canteen, 40.0, 4.0, false)?;
            lines(svg, face.phone, 49.0, 4.0, false)?;
            modules(svg, qr)
        })?;
    Ok(())
}

/// Writes a text in lines of the same size, as large as `largest` lets it be, from `top` on; says where it ends.
fn lines(svg: &mut Writer<Vec<u8>>, text: &str, top: f64, largest: f64, bold: bool) -> io::Result<f64> {
    let count = (wide(text) / 14.0).ceil().clamp(1.0, 3.0);
    let size = (ROOM * count / (wide(text) + count)).clamp(1.5, largest);
    let mut bottom = top;
    for line in broken(text, ROOM / size) {
        svg.create_element("text")
            .with_attribute(("x", mm(LEFT).as_str()))
            .with_attribute(("y", mm(bottom).as_str()))
            .with_attribute((
                "font-family",
                "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei',SimHei,sans-serif",
            ))
            .with_attribute(("font-size", mm(size).as_str()))
            .with_attribute(("font-weight", if bold { "bold" } else { "normal" }))
            .write_text_content(BytesText::new(&line))?;
        bottom += size * 1.2;
    }
    Ok(bottom)
}

/// How wide a text is in ems: a Chinese character is one, a Latin one about six tenths.
fn wide(text: &str) -> f64 {
    text.chars().map(width_of).sum()
}

fn width_of(letter: char) -> f64 {
    if letter.is_ascii() { 0.6 } else { 1.0 }
}

/// The text in lines that are at most `room` ems wide.
fn broken(text: &str, room: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = 0.0;
    for letter in text.chars() {
        width += width_of(letter);
        if width > room {
            lines.push(String::new());
            width = width_of(letter);
        }
        lines.last_mut().expect("there is a line from the beginning").push(letter);
    }
    lines
}

/// The QR as one path: a square for each dark module.
fn modules(svg: &mut Writer<Vec<u8>>, qr: &QrCode) -> io::Result<()> {
    let width = qr.width();
    let squares: String = qr
        .to_colors()
        .iter()
        .enumerate()
        .filter(|(_, color)| **color == Color::Dark)
        .map(|(at, _)| format!("M{} {}h1v1h-1z", at % width + QR_MARGIN, at / width + QR_MARGIN))
        .collect();
    let scale = QR_SIZE / (width + 2 * QR_MARGIN) as f64;
    svg.create_element("path")
        .with_attribute((
            "transform",
            format!("translate({} {}) scale({scale:.5})", QR_AT.0, QR_AT.1).as_str(),
        ))
        .with_attribute(("shape-rendering", "crispEdges"))
        .with_attribute(("fill", "#000"))
        .with_attribute(("d", squares.as_str()))
        .write_empty()?;
    Ok(())
}

/// A length in mm, to the hundredth.
fn mm(length: f64) -> String {
    format!("{length:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(full_name: &str) -> String {
        let face = Face {
            code: "LL1-00112233445566778899AABBCCDDEEFF",
            full_name,
            card_number: "31415926",
            canteen: "乐龄食堂",
            phone: "0851-5550100",
        };
        String::from_utf8(draw(&face).unwrap()).unwrap()
    }

    #[test]
    fn a_card_has_the_size_of_a_card_and_everything_in_it_is_escaped() {
        let svg = drawn("<script>&\"王\"");
        assert!(svg.contains("width=\"85.60mm\" height=\"54.00mm\""), "{svg}");
        assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;&amp;"), "{svg}");
        assert!(svg.contains("31415926") && svg.contains("乐龄食堂"));
        assert!(!svg.contains("LL1-"), "the code is told by the QR alone");
    }

    #[test]
    fn a_long_name_is_broken_into_lines_that_fit() {
        let svg = drawn(&"阿".repeat(60));
        assert!((3..=5).contains(&svg.matches("font-weight=\"bold\"").count()), "{svg}");
        assert_eq!(drawn("李凤恩").matches("font-weight=\"bold\"").count(), 1);
    }
}
