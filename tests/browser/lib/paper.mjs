// Pages as they are printed: how many sheets, how large, and what stands on each.

import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

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

// All that stands on a sheet, as one text.
export function textOf(sheet) {
  return sheet.texts.map(({ text }) => text).join(" ");
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
