// The walker: opens every page as everybody who may see it, in both languages and every type size, at every width.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { measure } from "./measure.mjs";

const WIDTHS = [320, 360, 768, 1280];
const SIZES = [1, 2, 3];
const LANGS = ["zh", "en"];
const MOST_BYTES = 50_000;
const MOST_REQUESTS = 10;
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const VNU = createRequire(import.meta.url).resolve("vnu-jar/build/dist/vnu.jar");
const AXE_RULES = {
  runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
  rules: { "color-contrast-enhanced": { enabled: true }, "target-size": { enabled: true } },
};

// Walks through the pages of an audience. `note(sentence)` is called for each fault. Gives what was seen, for the report.
export async function walk({ world, audience, note, screens, html }) {
  const seen = { pages: 0, layouts: 0, heaviest: 0, mostRequests: 0 };
  const titles = new Map();
  for (const visitor of await audience.visitors(world)) {
    const pages = await audience.pages({ world, visitor });
    for (const lang of LANGS) {
      for (const size of SIZES) {
        const context = await world.visit({ lang, size, who: visitor.who, width: WIDTHS[0] });
        for (const page of pages) {
          const where = `${visitor.name} ${page.name} ${lang} size ${size}`;
          try {
            await look({ context, world, page, where, lang, size, note, seen, titles, screens, html, visitor });
          } catch (error) {
            note(`${where}: ${error.message.split("\n")[0]}`);
          }
        }
        await context.close();
      }
    }
    seen.pages += pages.length;
  }
  return seen;
}

async function look({ context, world, page, where, lang, size, note, seen, titles, screens, html, visitor }) {
  const tab = await context.newPage();
  const loaded = watch(tab, world.base, (what) => note(`${where}: ${what}`));
  const answer = await tab.goto(page.path);
  const status = answer.status();
  if (status !== (page.status ?? 200)) note(`${where}: ${status} at ${page.path}`);
  const sent = await answer.text();
  if (page.prepare) await page.prepare(tab);
  await tab.waitForLoadState("networkidle");

  if (size === 1) {
    const title = `${lang} ${await tab.title()}`;
    const other = titles.get(title);
    if (other && other !== page.name) note(`${where}: the title is that of ${other}: ${title}`);
    titles.set(title, page.name);
    await html(`${visitor.name}-${page.name}-${lang}`, page.prepare ? await tab.content() : sent);
    if (loaded.requests === 0) note(`${where}: nothing was loaded`);
  }
  if (size === 1 && lang === "zh") {
    const { bytes, requests } = await cold({ world, page, who: visitor.who });
    seen.heaviest = Math.max(seen.heaviest, bytes);
    seen.mostRequests = Math.max(seen.mostRequests, requests);
    if (!page.heavy && bytes > MOST_BYTES) note(`${where}: it weighs ${bytes} bytes`);
    if (requests > MOST_REQUESTS) note(`${where}: it makes ${requests} requests`);
  }
  // What is wrong at several widths is said once.
  const found = new Map();
  const see = (width, fault) => found.set(fault, [...(found.get(fault) ?? []), width]);
  for (const width of WIDTHS) {
    await tab.setViewportSize({ width, height: 800 });
    for (const fault of await tab.evaluate(measure, { lang, size })) see(width, fault);
    const extreme = (width === 320 && size !== 2) || (width === 1280 && size === 1);
    if (extreme) for (const fault of await violations(tab)) see(width, `axe ${fault}`);
    if (screens && extreme) {
      await mkdir(screens, { recursive: true });
      const name = `${visitor.name}-${page.name}-${lang}-${width}-${size}.png`.replaceAll(/[^\w.-]+/g, "_");
      await tab.screenshot({ path: join(screens, name), fullPage: true });
    }
    seen.layouts += 1;
  }
  for (const [fault, widths] of found) note(`${where} at ${widths.join(", ")} px: ${fault}`);
  await tab.close();
}

// Watches for what must not happen while a page is open.
function watch(tab, base, note) {
  const loaded = { requests: 0 };
  tab.on("request", (request) => {
    loaded.requests += 1;
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
async function cold({ world, page, who }) {
  const context = await world.visit({ who });
  const tab = await context.newPage();
  const requests = [];
  tab.on("requestfinished", (request) => requests.push(request));
  await tab.goto(page.path);
  await tab.waitForLoadState("networkidle");
  let bytes = 0;
  for (const request of requests) {
    const sizes = await request.sizes();
    bytes += sizes.responseBodySize + sizes.responseHeadersSize;
  }
  await context.close();
  return { bytes, requests: requests.length };
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

// Collects pages as they were sent, and checks them all at once: the checker starts slowly.
export class Html {
  static async open() {
    const collected = new Html();
    collected.dir = await mkdtemp(join(tmpdir(), "leling-html-"));
    return collected;
  }

  async keep(name, text) {
    await writeFile(join(this.dir, `${name.replaceAll(/[^\w.-]+/g, "_")}.html`), text);
  }

  // Every fault as a sentence.
  async faults() {
    const run = promisify(execFile);
    const asked = ["-Xss8m", "-jar", VNU, "--format", "json", "--skip-non-html", this.dir];
    const { stderr } = await run("java", asked, { maxBuffer: 64 * 1024 * 1024 }).catch((error) => error);
    const { messages } = JSON.parse(stderr);
    return messages
      .filter(({ type, subType }) => type === "error" || subType === "warning")
      .map(({ url, lastLine, message }) => `${url.split("/").pop()}:${lastLine}: ${message}`);
  }

  async close() {
    await rm(this.dir, { recursive: true, force: true });
  }
}
