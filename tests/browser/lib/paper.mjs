// Pages as they are printed: how many sheets, how large, and what stands on each.

// It would like to draw, too, and says so when it is loaded without what it needs for that.
const log = console.log;
console.log = () => {};
const { getDocument } = await import("pdfjs-dist/legacy/build/pdf.mjs");
console.log = log;

const POINTS_PER_MM = 72 / 25.4;

// Prints a page. Gives its sheets: { width, height } in millimetres, and rows: the texts of each line, from the top.
export async function print(page) {
  const data = new Uint8Array(await page.pdf({ preferCSSPageSize: true, format: "A4" }));
  const pdf = await getDocument({ data, useSystemFonts: true, verbosity: 0 }).promise;
  const sheets = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const sheet = await pdf.getPage(number);
    const [, , width, height] = sheet.view;
    const { items } = await sheet.getTextContent();
    const texts = items.filter(({ str }) => str.trim()).map(({ str, transform, height: size }) => ({
      text: str, x: transform[4], top: height - transform[5] - size, bottom: height - transform[5],
    }));
    sheets.push({
      width: Math.round(width / POINTS_PER_MM), height: Math.round(height / POINTS_PER_MM), texts, points: { width, height },
    });
  }
  await pdf.destroy();
  return sheets;
}

// All that stands on a sheet, as one text without spaces: a PDF keeps strokes, and some of them as radicals.
export function textOf(sheet) {
  return plain(sheet.texts.map(({ text }) => text).join(""));
}

// Radicals that fonts share with the characters made of nothing else, and that no normal form leads back.
const RADICALS = new Map(["⻄西", "⻅见", "⻆角", "⻉贝", "⻋车", "⻓长", "⻔门", "⻘青", "⻙韦", "⻚页", "⻛风", "⻜飞", "⻝食", "⻢马",
  "⻣骨", "⻤鬼", "⻥鱼", "⻦鸟", "⻨麦", "⻩黄", "⻬齐", "⻮齿", "⻰龙", "⻳龟"].map(([radical, character]) => [radical, character]));

// A text as `textOf` has it.
export function plain(text) {
  return [...text.normalize("NFKC").replaceAll(/\s+/g, "")].map((one) => RADICALS.get(one) ?? one).join("");
}

// Fails unless every text lies on its sheet with a margin around it: nothing is cut off.
export function expectWhole(sheets, least = 20) {
  for (const [at, { texts, points }] of sheets.entries()) {
    for (const { text, x, top, bottom } of texts) {
      const lies = top >= least && bottom <= points.height - least && x >= least && x <= points.width - least;
      if (!lies) throw new Error(`“${text}” is cut off on sheet ${at + 1}`);
    }
  }
}
