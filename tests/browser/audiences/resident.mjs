// Residents, and families for them.

import { expect, expectError, expectHeading, expectText, press } from "../lib/tasks.mjs";
import { signIn } from "../lib/world.mjs";

export const name = "resident";

const idIn = (url) => url.match(/people\/([0-9a-f-]+)/)[1];

// The addresses of a resident's own pages, with a meal that is reserved for it.
async function home(world, who) {
  const context = await world.visit({ who, js: false });
  const page = await context.newPage();
  await page.goto("/home");
  if (!page.url().includes("/people/")) await page.locator("main a.card").first().click();
  const id = idIn(page.url());
  if ((await page.locator("main a.card[href*='/meals/']").count()) === 0) await reserveNext(page);
  await page.goto(`/people/${id}`);
  const meal = await page.locator("main a.card[href*='/meals/']").first().getAttribute("href");
  await page.goto(`/people/${id}/reserve`);
  const menu = await page.locator("main a.card[href*='/reserve/']").first().getAttribute("href");
  await page.goto(menu);
  const sets = await page.locator("input[name=set]").evaluateAll((inputs) => inputs.map((input) => input.value));
  const asked = (set) => `set=${set}&mode=dine_in`;
  // What one may eat leads to the check; what the record says to avoid is asked about first.
  const check = {};
  for (const set of sets.filter(Boolean)) {
    await page.goto(`${menu}/check?${asked(set)}`);
    check[page.url().includes("/sure") ? "avoided" : "safe"] ??= set;
  }
  await context.close();
  return { id, meal, menu, set: check.safe, avoided: check.avoided };
}

// From home: the large button, whatever is asked, and the button that reserves. Gives how many times something was pressed.
async function reserveNext(page) {
  let taps = 1;
  await page.locator("main a.button").first().click();
  while (!page.url().includes("/meals/")) {
    expect(taps < 8, "reserving takes too many taps");
    for (const field of ["set", "mode"]) {
      const choices = page.locator(`input[name=${field}][type=radio]`);
      if ((await choices.count()) > 0 && (await page.locator(`input[name=${field}]:checked`).count()) === 0) {
        await choices.first().check();
        taps += 1;
      }
    }
    if ((await page.locator("input[name=sure]").count()) > 0) {
      for (const box of await page.locator("input[name=sure]").all()) await box.check();
    }
    await page.locator("main form button[type=submit]").first().click();
    taps += 1;
  }
  return taps;
}

export async function visitors(world) {
  return [
    { name: "resident", who: world.person("resident", 0) },
    { name: "family", who: world.person("family", 0) },
  ];
}

export async function pages({ world, visitor }) {
  const { id, meal, menu, set, avoided } = await home(world, visitor.who);
  const answers = `set=${set}`;
  const all = [
    { name: "home", path: `/people/${id}` },
    { name: "which meal", path: `/people/${id}/reserve` },
    { name: "which canteen", path: `/people/${id}/reserve/elsewhere` },
    { name: "what to eat", path: menu },
    { name: "what to eat with errors", path: `${menu}/how`, status: 422 },
    { name: "how", path: `${menu}/how?${answers}` },
    { name: "how many", path: `${menu}/portions?${answers}` },
    { name: "check", path: `${menu}/check?${answers}&mode=dine_in` },
    ...(avoided ? [{ name: "sure", path: `${menu}/sure?set=${avoided}&mode=dine_in` }] : []),
    { name: "my meals", path: `/people/${id}/meals` },
    { name: "a meal", path: meal },
    { name: "a meal reserved", path: `${meal}?done=placed` },
    { name: "cancel", path: `${meal}/cancel` },
    { name: "past meals", path: `/people/${id}/past` },
    { name: "me", path: "/me" },
    { name: "sign out", path: "/sign-out" },
  ];
  if (visitor.name === "resident") return [...all, { name: "my family", path: `/people/${id}/family` }];
  return [
    ...all,
    { name: "all residents", path: "/home?all=1" },
    { name: "my links", path: "/family" },
    { name: "ask", path: "/family/ask" },
    { name: "nobody else's", path: `/people/${id.slice(0, -4)}0000`, status: 404 },
  ];
}

let used = 3;

export const tasks = [
  {
    name: "a returning resident reserves in three taps, looks at the price, and cancels",
    async run({ page, world, say }) {
      await page.goto("/home");
      await signIn(page, world.person("resident", 2));
      await expectHeading(page, say("您好", "Hello"));
      const before = await page.locator("main a.card[href*='/meals/']").count();
      const taps = await reserveNext(page);
      await expectHeading(page, say("订好了", "It is reserved"));
      await expectText(page, say("为什么是这个价", "Why it costs that"));
      await expectText(page, say("以前可以修改或取消", "You can change or cancel it until"));
      expect(taps <= 3, `it took ${taps} taps`);
      await press(page, say("取消这一餐", "Cancel this meal"));
      await press(page, say("确认取消", "Cancel this meal"));
      await expectHeading(page, say("已经取消", "It is cancelled"));
      await press(page, say("恢复这一餐", "Reserve it again"));
      await press(page, say("确认订餐", "Reserve this meal"));
      await expectHeading(page, say("订好了", "It is reserved"));
      await press(page, say("取消这一餐", "Cancel this meal"));
      await press(page, say("确认取消", "Cancel this meal"));
      await page.goto("/home");
      expect(await page.locator("main a.card[href*='/meals/']").count() === before, "a meal is left over");
    },
  },
  {
    name: "a resident chooses what and how, changes it, and finds it among their meals",
    async run({ page, world, say }) {
      const who = world.person("resident", used++);
      await page.goto("/home");
      await signIn(page, who);
      await press(page, say("订别的餐", "Reserve another meal"));
      await page.locator("main a.card[href*='/reserve/']").last().click();
      await press(page, say("下一步", "Next"));
      await expectError(page, "set", say("请至少选一样", "Choose at least one"));
      await page.locator("input[name=set]").first().check();
      await press(page, say("下一步", "Next"));
      if (page.url().includes("/how")) await press(page, say("下一步", "Next"));
      if (page.url().includes("/sure")) await reserveNext(page).catch(() => {});
      else await press(page, say("确认订餐", "Reserve this meal"));
      await expectHeading(page, say("订好了", "It is reserved"));
      await press(page, say("修改这一餐", "Change this meal"));
      await page.locator("input[name=set]").nth(1).check();
      await press(page, say("下一步", "Next"));
      if (page.url().includes("/how")) await press(page, say("下一步", "Next"));
      if (page.url().includes("/sure")) {
        for (const box of await page.locator("input[name=sure]").all()) await box.check();
        await press(page, say("确认，继续", "Confirm and go on"));
      }
      await press(page, say("确认修改", "Change this meal"));
      await expectHeading(page, say("改好了", "It is changed"));
      await page.goto(`/people/${idIn(page.url())}/meals`);
      expect((await page.locator("main a.card").count()) > 0, "the meal is not listed");
    },
  },
  {
    name: "a form that is sent twice at once reserves one meal",
    async run({ page, context, world, say }) {
      await page.goto("/home");
      await signIn(page, world.person("resident", used++));
      await page.locator("main a.button").first().click();
      const fields = await page.locator("main form[method=post] input").evaluateAll((inputs) =>
        inputs.map(({ name, value }) => [name, value]));
      if (fields.length === 0) return;
      const send = () => context.request.post(page.url(), {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        data: new URLSearchParams(fields).toString(), maxRedirects: 0,
      });
      const answers = await Promise.all([send(), send(), send()]);
      const places = new Set(answers.map((answer) => answer.headers().location));
      expect(answers.every((answer) => answer.status() === 303), `${answers.map((answer) => answer.status())}`);
      expect(places.size === 1, "the answers differ");
      const foreign = await context.request.post(page.url(), {
        headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://evil.example" },
        data: new URLSearchParams(fields).toString(), maxRedirects: 0,
      });
      expect(foreign.status() === 403, `a foreign form is answered with ${foreign.status()}`);
      const bare = fields.filter(([name]) => name !== "form_token");
      const untold = await context.request.post(page.url(), {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        data: new URLSearchParams(bare).toString(), maxRedirects: 0,
      });
      expect(untold.status() === 403, `a form without a token is answered with ${untold.status()}`);
      await page.goto([...places][0]);
      await press(page, say("取消这一餐", "Cancel this meal"));
      await press(page, say("确认取消", "Cancel this meal"));
    },
  },
  {
    name: "a family member reserves for a resident and sees whom it is for",
    async run({ page, world, say }) {
      await page.goto("/home");
      await signIn(page, world.person("family", 1));
      await reserveNext(page);
      await expectHeading(page, say("订好了", "It is reserved"));
      await expectText(page, say("给谁", "For"));
      await press(page, say("取消这一餐", "Cancel this meal"));
      await press(page, say("确认取消", "Cancel this meal"));
      await expectHeading(page, say("已经取消", "It is cancelled"));
    },
  },
  {
    name: "a resident reads past meals like a passbook",
    async run({ page, world, say }) {
      await page.goto("/home");
      await signIn(page, world.person("resident", 0));
      await press(page, say("吃过的餐和付的钱", "Past meals and what was paid"));
      await expectText(page, say("合计", "Together"));
      await press(page, say("上个月", "The month before"));
      await expectHeading(page, say("吃过的餐", "Past meals"));
    },
  },
  {
    name: "somebody asks to reserve for a resident with a wrong card, and is told",
    async run({ page, world, say }) {
      await page.goto("/home");
      await signIn(page, world.person("family", 2));
      await page.goto("/family/ask");
      await page.locator("#card_number").fill("12");
      await page.locator("#born_on").fill("yesterday");
      await press(page, say("提交申请", "Ask"));
      await expectError(page, "born_on", "1945-03-21");
      await page.locator("#card_number").fill("99999999");
      await page.locator("#born_on").fill("1945-03-21");
      await page.locator("input[name=relation]").first().check();
      await press(page, say("提交申请", "Ask"));
      await expectError(page, "card_number", say("对不上", "do not belong together"));
    },
  },
];
