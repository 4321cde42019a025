// The walker: opens every page as everybody who may see it, in both languages, and looks at it at several widths and type
// sizes.

import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

import { measure } from "./measure.mjs";

// What is looked at of each page: widths in each language and type size, and where axe looks too. The short form looks at
// a page as the first who sees it, the long one as everybody.
export const SHORT = [
  { lang: "zh", size: 1, widths: [320, 1280], axe: [320] },
  { lang: "zh", size: 3, widths: [320], axe: [] },
  { lang: "en", size: 3, widths: [320, 1280], axe: [320] },
];
export const LONG = ["zh", "en"].flatMap((lang) => [1, 2, 3].map((size) => (
  { lang, size, widths: [320, 360, 768, 1280], axe: { 1: [320, 1280], 2: [], 3: [320] }[size] }
)));

const MOST_BYTES = 50_000;
const MOST_REQUESTS = 10;
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const AXE_RULES = {
  runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
  rules: { "color-contrast-enhanced": { enabled: true }, "target-size": { enabled: true } },
};

// Walks through the pages of an audience. `note(sentence)` is called for each fault; `html(name, text)` keeps each page as
// it was sent. Gives what was seen, for the report.
export async function walk({ world, audience, note, plan, screens, html }) {
  const seen = { pages: 0, layouts: 0, heaviest: 0, mostRequests: 0, paths: new Set(), titles: new Map(), names: new Set() };
  for (const visitor of await audience.visitors(world)) {
    const all = await audience.pages({ world, visitor });
    const pages = plan === SHORT ? all.filter(({ name }) => !seen.names.has(name)) : all;
    for (const { name } of all) seen.names.add(name);
    const known = new Set();
    for (const view of plan) {
      const context = await world.visit({ ...view, who: visitor.who, width: view.widths[0] });
      for (const page of pages) {
        const where = `${visitor.name} ${page.name} ${view.lang} size ${view.size}`;
        const first = !known.has(`${page.name} ${view.lang}`);
        known.add(`${page.name} ${view.lang}`);
        try {
          await look({ context, world, page, where, view, first, note, seen, screens, html, visitor });
        } catch (error) {
          note(`${where}: ${error.message.split("\n")[0]}`);
        }
      }
      await context.close();
    }
    seen.pages += pages.length;
  }
  return seen;
}

async function look({ context, world, page, where, view, first, note, seen, screens, html, visitor }) {
  const { lang, size, widths, axe } = view;
  const tab = await context.newPage();
  const loaded = await watch(tab, world.base, (what) => note(`${where}: ${what}`));
  const answer = await tab.goto(page.path);
  const status = answer.status();
  if (status !== (page.status ?? 200)) note(`${where}: ${status} at ${page.path}`);
  const sent = await answer.text();
  seen.paths.add(page.path.split("?")[0]).add(new URL(tab.url()).pathname);
  await weigh({ loaded, page, where, note, seen });
  if (page.prepare) {
    await page.prepare(tab);
    await tab.waitForLoadState("load");
  }
  seen.paths.add(new URL(tab.url()).pathname);

  if (first) {
    const title = `${lang} ${await tab.title()}`;
    const other = seen.titles.get(title);
    if (other && other !== page.name) note(`${where}: the title is that of ${other}: ${title}`);
    seen.titles.set(title, page.name);
    await html(`${visitor.name}-${page.name}-${lang}`, page.prepare ? await tab.content() : sent);
  }
  // What is wrong at several widths is said once.
  const found = new Map();
  const see = (width, fault) => found.set(fault, [...(found.get(fault) ?? []), width]);
  for (const width of widths) {
    await tab.setViewportSize({ width, height: 800 });
    for (const fault of await tab.evaluate(measure, { lang, size })) see(width, fault);
    if (axe.includes(width)) for (const fault of await violations(tab)) see(width, `axe ${fault}`);
    if (screens) {
      await mkdir(screens, { recursive: true });
      const name = `${visitor.name}-${page.name}-${lang}-${width}-${size}.png`.replaceAll(/[^\w.-]+/g, "_");
      await tab.screenshot({ path: join(screens, name), fullPage: true });
    }
    seen.layouts += 1;
  }
  for (const [fault, at] of found) note(`${where} at ${at.join(", ")} px: ${fault}`);
  await tab.close();
}

// Watches for what must not happen while a page is open, and for what it loads as on a first visit.
async function watch(tab, base, note) {
  const loaded = [];
  const devtools = await tab.context().newCDPSession(tab);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  tab.on("requestfinished", (request) => loaded.push(request));
  tab.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== base && !["data:", "blob:"].includes(url.protocol)) note(`a request to ${url.origin}`);
  });
  tab.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) note(`the console says ${message.text()}`);
  });
  tab.on("pageerror", (error) => note(`a script fails: ${error.message}`));
  return loaded;
}

// What a first visit loads, in bytes on the wire.
async function weigh({ loaded, page, where, note, seen }) {
  const requests = [...loaded];
  if (requests.length === 0) note(`${where}: nothing was loaded`);
  let bytes = 0;
  for (const request of requests) {
    const sizes = await request.sizes();
    bytes += sizes.responseBodySize + sizes.responseHeadersSize;
  }
  if (bytes > seen.heaviest) Object.assign(seen, { heaviest: bytes, heaviestPage: page.name });
  seen.mostRequests = Math.max(seen.mostRequests, requests.length);
  if (!page.heavy && bytes > MOST_BYTES) note(`${where}: it weighs ${bytes} bytes`);
  if (requests.length > MOST_REQUESTS) note(`${where}: it makes ${requests.length} requests`);
}

async function violations(tab) {
  await tab.evaluate(await axeSource());
  const { violations } = await tab.evaluate((rules) => globalThis.axe.run(document, rules), AXE_RULES);
  return violations.map(({ id, help, nodes }) => `${id} (${help}): ${nodes[0].html.slice(0, 160)}`);
}

let source;
async function axeSource() {
  source ??= await readFile(AXE, "utf8");
  return `${source}; undefined`;
}
