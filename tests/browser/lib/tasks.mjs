// Tasks as people do them: each with JavaScript off and on, in both languages.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

const WAYS = ["zh", "en"].flatMap((lang) => [{ lang, js: false }, { lang, js: true }]);

// Runs the tasks of an audience. `note(sentence)` is called for each that fails. Gives how many were done.
export async function doTasks({ world, audience, note, only, screens }) {
  let done = 0;
  for (const task of audience.tasks) {
    if (only && !task.name.includes(only)) continue;
    for (const way of task.ways ?? WAYS) {
      const where = `${task.name} (${way.lang}, JavaScript ${way.js ? "on" : "off"})`;
      const context = await world.visit({ ...way, width: 360, ...task.options });
      const page = await context.newPage();
      page.on("pageerror", (error) => note(`${where}: a script fails: ${error.message}`));
      try {
        // Texts in the language of the visit.
        const say = (zh, en) => (way.lang === "zh" ? zh : en);
        await task.run({ page, context, world, say, ...way });
        done += 1;
      } catch (error) {
        note(`${where}: ${error.message.split("\n").slice(0, 3).join(" ")} (at ${page.url()})`);
        if (screens) {
          await mkdir(screens, { recursive: true });
          const name = `failed-${task.name}-${way.lang}-${way.js}.png`.replaceAll(/[^\w.-]+/g, "_");
          await page.screenshot({ path: join(screens, name), fullPage: true }).catch(() => {});
        }
      }
      await context.close();
    }
  }
  return done;
}

// Fails with the sentence unless it holds.
export function expect(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

// The id of what has the focus, once the page that was just opened has given it to something.
export async function focused(page) {
  for (let tries = 0; tries < 100; tries += 1) {
    const id = await page.evaluate(() => (document.activeElement === document.body ? null : document.activeElement?.id));
    if (id !== null) return id;
    await new Promise((done) => setTimeout(done, 20));
  }
  return "nothing";
}

// The h1 of the page.
export async function heading(page) {
  return (await page.locator("h1").innerText()).trim();
}

// Fails unless the page's h1 holds these words.
export async function expectHeading(page, words) {
  const found = await heading(page);
  expect(found.includes(words), `the page is “${found}”, not “${words}”`);
}

// Fails unless the main part of the page holds these words.
export async function expectText(page, words) {
  const text = await page.locator("main").innerText();
  expect(text.includes(words), `“${words}” is not on the page “${await heading(page)}”`);
}

// Fails unless the page's summary of errors has the focus and says these words, which stand at the field too.
export async function expectError(page, field, words) {
  const summary = page.locator("#errors");
  expect(await summary.isVisible(), "there is no summary of errors");
  const id = await focused(page);
  expect(id === "errors", `the focus is on “${id}”, not on the summary`);
  const said = await summary.locator(`a[href="#${field}"]`).innerText();
  expect(said.includes(words), `the summary says “${said}”`);
  expect((await page.locator(`#${field}-error`).innerText()) === said, "the field says something else");
  expect(/^(错误：|Error: )/.test(await page.title()), "the title does not say that there is an error");
}

// Presses what leads to another page, and waits for that.
export async function follow(element) {
  await Promise.all([element.page().waitForEvent("domcontentloaded"), element.click()]);
}

// Presses the link or button of this name in the main part of the page, which leads to another page.
export async function press(page, name) {
  const main = page.locator("main");
  await follow(main.getByRole("link", { name }).or(main.getByRole("button", { name })).first());
}
