// The staff of a canteen.

import { randomUUID } from "node:crypto";

import { Api, later, monday, today } from "../lib/api.mjs";
import { newResident, oncePerWorld, openCanteen, openMeal, postMenu, reserveAt } from "../lib/canteen.mjs";
import { expectWhole, plain, print, textOf } from "../lib/paper.mjs";
import { expect, expectError, expectHeading, expectText, follow, press } from "../lib/tasks.mjs";
import { signIn } from "../lib/world.mjs";

export const name = "staff";

const SET = { name: "红烧肉套餐", kind: "set", price_fen: 1500, allergens: ["soy"], diet_tags: ["soft"] };
const DISH = { name: "清炒时蔬", kind: "dish", price_fen: 400, portions: 40 };

const staffOf = (world, nth = 0) => world.person("staff", nth);

// A day so far ahead that nobody else has a menu there, on which the canteen serves this meal.
async function freeDay(api, canteen, ahead) {
  const { periods } = await api.get(`/canteens/${canteen}`);
  const [{ period, weekdays }] = periods;
  const names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
  let on = later(today(), ahead);
  while (!weekdays.includes(names[new Date(`${on}T12:00:00Z`).getUTCDay()])) on = later(on, 1);
  return { on, period };
}

async function makeMenu(api, canteen, ahead, publish) {
  const { on, period } = await freeDay(api, canteen, ahead);
  return api.post(`/canteens/${canteen}/menus`, { served_on: on, period, items: [SET, DISH], publish });
}

// Somebody of this canteen reserves from a menu, at the desk.
async function reserve(api, world, canteen, menu, nth = 0) {
  const resident = world.signIns.filter((one) => one.role === "resident" && one.canteen_id === canteen)[nth];
  const [item] = menu.items;
  await api.post("/reservations", {
    menu_id: menu.id, resident_id: resident.resident_id, mode: menu.modes[0], channel: "desk",
    lines: [{ item_id: item.id, portions: 1 }], confirmed_allergens: item.allergens,
  });
}

// A menu of these last days where somebody was served, and the reservation that was.
async function servedMenu(api, canteen) {
  const days = `from=${later(today(), -6)}&to=${today()}`;
  const { items } = await api.get(`/canteens/${canteen}/menus?${days}`);
  for (const menu of items.toReversed()) {
    const list = await api.get(`/menus/${menu.id}/door-list`);
    const served = list.expected.filter((one) => one.served_at);
    if (served.length > 0) return { menu, served };
  }
  throw new Error("nobody was served at this canteen");
}

// A tap of somebody who was served already, from a phone that had no connection: it waits for review.
async function makeReview(world, who) {
  const api = await Api.of(world, who);
  const { menu, served } = await servedMenu(api, who.canteen_id);
  const one = served[Math.floor(Math.random() * served.length)];
  const volunteer = world.signIns.find((one) => one.role === "volunteer" && one.canteen_id === who.canteen_id) ?? who;
  const { items: [answer] } = await (await Api.of(world, volunteer)).post("/attendance/batches", {
    items: [{ menu_id: menu.id, tap_id: randomUUID(), reservation_id: one.reservation_id, tapped_at: one.served_at }],
  });
  expect(answer.outcome === "review", `the tap does not wait for review: ${JSON.stringify(answer)}`);
  return answer.attendance.attendance_id;
}

export async function visitors(world) {
  // A canteen with policies that no task uses.
  return [{ name: "staff", who: world.person("staff", 5, ({ city }) => TIERED.includes(city)) }];
}

export async function pages({ world, visitor: { who } }) {
  const canteen = who.canteen_id;
  const home = `/staff/${canteen}`;
  const api = await Api.of(world, who);
  const { menu } = await servedMenu(api, canteen);
  const draft = await makeMenu(api, canteen, 40, false);
  const posted = await makeMenu(api, canteen, 50, true);
  const closing = await makeMenu(api, canteen, 60, true);
  await reserve(api, world, canteen, posted);
  await reserve(api, world, canteen, closing);
  await reserve(api, world, canteen, closing, 1);
  const { closure } = await api.post(`/canteens/${canteen}/closures`, {
    from_on: closing.served_on, to_on: closing.served_on, reason: "停电检修",
  });
  const review = await makeReview(world, who);
  const { device } = await api.post("/devices", { canteen_id: canteen, name: "门口的手机", purpose: "door" });
  const week = monday(today());
  const check = `${home}/closures/check?from=${later(today(), 3)}&to=&period=&reason=%E5%81%9C%E7%94%B5`;
  const open = (page) => page.locator("details").first().evaluate((details) => { details.open = true; });
  const send = (page) => follow(page.locator("main form button[type=submit]").first());
  return [
    { name: "today", path: home },
    { name: "week", path: `${home}/week` },
    { name: "week", path: `${home}/week/${week}` },
    { name: "empty week", path: `${home}/week/${later(week, 210)}` },
    { name: "copy a week", path: `${home}/week/${later(week, 7)}/copy` },
    { name: "post a week", path: `${home}/week/${monday(draft.served_on)}/post` },
    { name: "post nothing", path: `${home}/week/${later(week, 210)}/post` },
    { name: "draft", path: `${home}/menus/${draft.id}`, heavy: true, prepare: open },
    {
      name: "draft with errors", path: `${home}/menus/${draft.id}`, heavy: true,
      async prepare(page) {
        await page.locator("#price-0").fill("viel");
        await page.locator("#capacity").fill("");
        await send(page);
      },
    },
    { name: "posted menu", path: `${home}/menus/${posted.id}`, heavy: true },
    { name: "past menu", path: `${home}/menus/${menu.id}` },
    { name: "new menu", path: `${home}/new-menu?on=${later(today(), 100)}&period=lunch` },
    { name: "publish", path: `${home}/menus/${draft.id}/publish` },
    { name: "discard", path: `${home}/menus/${draft.id}/withdraw` },
    { name: "withdraw", path: `${home}/menus/${posted.id}/withdraw` },
    { name: "close", path: `${home}/menus/${posted.id}/close` },
    { name: "calls", path: `${home}/menus/${menu.id}/calls` },
    { name: "calls of a closure", path: `${home}/closures/${closure.id}/calls` },
    { name: "kitchen sheet", path: `${home}/menus/${menu.id}/kitchen` },
    { name: "door list", path: `${home}/menus/${menu.id}/door-list` },
    { name: "wall menu", path: `${home}/wall/${today()}` },
    { name: "wall menu of a day on A3", path: `${home}/wall/${today()}?days=1&size=a3` },
    { name: "closures", path: `${home}/closures` },
    { name: "new closure", path: `${home}/closures/new` },
    { name: "new closure with errors", path: `${home}/closures/check?from=morgen&reason=`, status: 422 },
    { name: "check a closure", path: check },
    { name: "reviews", path: `${home}/reviews` },
    { name: "a review", path: `${home}/reviews/${review}` },
    { name: "a review with errors", path: `${home}/reviews/${review}`, prepare: send },
    { name: "devices", path: `${home}/devices` },
    { name: "new device", path: `${home}/devices/new` },
    {
      name: "device code", path: `${home}/devices/new`,
      async prepare(page) {
        await page.locator("#name").fill("大屏");
        await page.locator("input[name=purpose]").last().check();
        await send(page);
      },
    },
    { name: "cut a device off", path: `${home}/devices/${device.id}/revoke` },
    { name: "files", path: `${home}/files` },
    { name: "nobody's canteen", path: `/staff/${canteen.slice(0, -4)}0000`, status: 404 },
    { name: "another's canteen", path: `/staff/${staffOf(world, 1).canteen_id}`, status: 403 },
  ];
}

// A canteen where policies pay for some and not for others.
const TIERED = ["Changchun", "Xining", "Guangzhou", "Shenzhen", "Shanghai", "Zhuhai", "Qingdao"];

// Each way of a task has a canteen of its own, so that what one does is not there for the next.
const usedIn = oncePerWorld(() => new Map());
function nextStaff(world, task, where = () => true) {
  const used = usedIn(world);
  const nth = (used.get(task) ?? 0) + 1;
  used.set(task, nth);
  return world.person("staff", nth, where);
}

async function begin(page, who) {
  await page.goto("/home");
  await signIn(page, who);
  await page.waitForURL(/\/(staff|home)/);
  if (!page.url().includes("/staff/")) await follow(page.locator(`main a.card[href="/staff/${who.canteen_id}"]`));
}

const WIDE = { viewport: { width: 1280, height: 900 } };

export const tasks = [
  {
    name: "staff look at today: every number, and the numbers move while the page is open",
    async run({ page, world, say, js }) {
      const open = await openMeal(world, { reserved: 3 });
      await begin(page, open.staff);
      await expectHeading(page, say("今天", "Today"));
      for (const words of [say("还没到", "Still expected"), say("按菜品", "By item"), say("按取餐方式", "By way")]) {
        await expectText(page, words);
      }
      const selector = `[data-live="${open.menu.id}-confirmed"]`;
      expect((await page.locator(selector).innerText()) === "3", "three people have reserved");
      if (js) await page.locator("#live-state:not([hidden])").waitFor();
      await reserveAt(open, open.menu, open.walkIns[0]);
      if (!js) await press(page, say("刷新", "Refresh"));
      await page.locator(selector, { hasText: /^4$/ }).waitFor();
    },
  },
  {
    name: "staff copy last week, edit a menu, see what each tier pays, and post the week in one act",
    async run({ page, world, say }) {
      const who = nextStaff(world, "week", ({ city }) => TIERED.includes(city));
      await begin(page, who);
      await press(page, say("一周菜单", "Menus of the week"));
      await press(page, say("下一周", "The week after"));
      await press(page, say("下一周", "The week after"));
      await press(page, say("复制一周", "Copy a week"));
      await press(page, say("复制为草稿", "Copy as drafts"));
      await expectText(page, say("份菜单，都是草稿", "Copied as drafts"));
      const drafts = await page.locator(".badge.draft").count();
      expect(drafts > 0, "there are no drafts");
      await follow(page.locator(".meal:has(.badge.draft) a.quiet").first());
      await page.locator("#price-0").fill("viel");
      await press(page, say("保存草稿", "Save the draft"));
      await expectError(page, "price-0", say("12.50", "12.50"));
      await page.locator("#price-0").fill("13.5");
      await page.locator("#capacity").fill("77");
      await press(page, say("再加几行", "More empty lines"));
      expect((await page.locator("#price-0").inputValue()) === "13.5", "what was typed is gone");
      const last = (await page.locator("fieldset.dish").count()) - 1;
      await page.locator(`#name-${last}`).fill("银耳羹");
      await page.locator(`#kind-${last}`).selectOption("dish");
      await page.locator(`#price-${last}`).fill("3");
      await page.locator(`#portions-${last}`).fill("20");
      await page.locator("fieldset.dish").nth(last).locator("summary").click();
      await page.locator(`input[name="diet-${last}"][value=soft]`).check();
      await press(page, say("保存草稿", "Save the draft"));
      await expectText(page, say("已保存", "It is saved"));
      await expectText(page, "银耳羹");
      await expectText(page, "13.50");
      await follow(page.locator(".acts a[href$='/post']"));
      await expectHeading(page, say("核对价格", "Check the prices"));
      const rows = await page.locator("table.prices tbody tr").count();
      expect(rows > 1, "the tiers are not told apart");
      await expectText(page, "13.50");
      await follow(page.locator("main form button[type=submit]"));
      await expectText(page, say("现在可以订餐了", "can be reserved from now on"));
      expect((await page.locator(".badge.draft").count()) === 0, "a draft is left");
      expect((await page.locator(".badge.published").count()) >= drafts, "not all are posted");
    },
  },
  {
    name: "a stale menu form and a double post do nothing twice",
    async run({ page, context, world, say }) {
      const { staff: who, desk } = await openCanteen(world);
      const menu = await makeMenu(desk, who.canteen_id, 9, false);
      await begin(page, who);
      const at = `/staff/${who.canteen_id}/menus/${menu.id}`;
      await page.goto(at);
      const other = await context.newPage();
      await other.goto(at);
      await other.locator("#capacity").fill("55");
      await press(other, say("保存草稿", "Save the draft"));
      await page.locator("#capacity").fill("66");
      await press(page, say("保存草稿", "Save the draft"));
      await expectHeading(page, say("有人刚刚改过", "Somebody has just changed"));
      await page.goto(`${at}/publish`);
      const fields = await page.locator("main form[method=post] input").evaluateAll((inputs) =>
        inputs.map(({ name, value }) => [name, value]));
      const send = () => context.request.post(`${at}/publish`, {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        data: new URLSearchParams(fields).toString(), maxRedirects: 0,
      });
      const answers = await Promise.all([send(), send()]);
      expect(answers.every((answer) => answer.status() === 303), `${answers.map((answer) => answer.status())}`);
      const foreign = await context.request.post(`${at}/withdraw`, {
        headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://evil.example" },
        data: new URLSearchParams(fields).toString(), maxRedirects: 0,
      });
      expect(foreign.status() === 403, `a foreign form is answered with ${foreign.status()}`);
      await page.goto(at);
      await press(page, say("撤回菜单", "Withdraw the menu"));
      await expectText(page, say("还没有人订这一餐", "Nobody has reserved it"));
      await press(page, say("确认撤回", "Withdraw it"));
      await page.goto(at);
      await expectText(page, say("已撤回", "Withdrawn"));
    },
  },
  {
    name: "staff make a menu for a day that has none",
    async run({ page, world, say }) {
      const who = nextStaff(world, "make");
      const api = await Api.of(world, who);
      const { on } = await freeDay(api, who.canteen_id, 120);
      await begin(page, who);
      await page.goto(`/staff/${who.canteen_id}/week/${on}`);
      await press(page, say("新建菜单", "Make a menu"));
      await press(page, say("保存为草稿", "Save as a draft"));
      await expectText(page, say("还没有菜品", "There is nothing on it yet"));
      await follow(page.locator(".meal:has(.badge.draft) a.quiet").first());
      await page.locator("#name-0").fill("鱼香肉丝套餐");
      await page.locator("#price-0").fill("12");
      await page.locator("fieldset.dish").first().locator("summary").click();
      await page.locator("input[name='allergen-0'][value=soy]").check();
      await press(page, say("保存草稿", "Save the draft"));
      await expectText(page, "鱼香肉丝套餐");
      await follow(page.locator(".meal:has(.badge.draft) a.quiet").first());
      expect(await page.locator("input[name='allergen-0'][value=soy]").isChecked(), "the allergen was forgotten");
      await press(page, say("丢弃草稿", "Discard the draft"));
      await press(page, say("确认丢弃", "Discard it"));
      expect((await page.locator(".badge.draft").count()) === 0, "the draft is still there");
    },
  },
  {
    name: "staff close the canteen for a day and see whom to call",
    async run({ page, world, say }) {
      const open = await openCanteen(world);
      const { staff: who } = open;
      const menu = await postMenu(open, 9);
      for (let one = 0; one < 2; one += 1) await reserveAt(open, menu, await newResident(open));
      await begin(page, who);
      await press(page, say("停餐", "Closures"));
      await press(page, say("安排停餐", "Close for some days"));
      await page.locator("#from").fill("bald");
      await press(page, say("下一步", "Next"));
      await expectError(page, "from", "2026-12-01");
      await page.locator("#from").fill(menu.served_on);
      await page.locator("#reason").fill("停电检修");
      await press(page, say("下一步", "Next"));
      await expectText(page, say("取消 2 人的预订", "Reservations cancelled: 2"));
      await press(page, say("确认停餐", "Close for these days"));
      await expectHeading(page, say("停餐电话通知名单", "Whom to call about the closure"));
      const rows = page.locator("table.calls tbody tr");
      expect((await rows.count()) === 2, `${await rows.count()} are to be called`);
      await expectText(page, "红烧肉套餐");
      expect((await page.locator("table.calls a[href^='tel:']").count()) > 0, "there is no telephone number");
      await page.goto(`/staff/${who.canteen_id}/week/${menu.served_on}`);
      await expectText(page, say("停餐：", "Closed: "));
    },
  },
  {
    name: "staff decide about a check-in that waits for review",
    async run({ page, world, say }) {
      const who = nextStaff(world, "review");
      const review = await makeReview(world, who);
      await begin(page, who);
      await press(page, say("待核实的签到", "Check-ins to decide"));
      await follow(page.locator(`main a.card[href$="${review}"]`));
      await press(page, say("确认", "Decide"));
      await expectError(page, "decision", say("请选一项", "Choose one"));
      await page.locator("input[name=decision][value=serve]").check();
      await page.locator("#reason").fill("问过本人");
      await press(page, say("确认", "Decide"));
      await expectError(page, "decision", say("已", "already"));
      expect((await page.locator("#reason").inputValue()) === "问过本人", "the reason was forgotten");
      await page.locator("input[name=decision][value=second_meal]").check();
      await press(page, say("确认", "Decide"));
      await expectText(page, say("已经决定", "It is decided"));
      await expectText(page, say("应收", "is due"));
      expect((await page.locator(`main a.card[href$="${review}"]`).count()) === 0, "it still waits");
    },
  },
  {
    name: "staff add a device, whose code works once, and cut it off",
    async run({ page, world, say }) {
      const who = nextStaff(world, "device");
      const name = `手机${Math.floor(Math.random() * 1e6)}`;
      await begin(page, who);
      await press(page, say("设备", "Devices"));
      await press(page, say("添加设备", "Add a device"));
      await press(page, say("生成激活码", "Make its code"));
      await expectError(page, "name", say("40", "40"));
      await page.locator("#name").fill(name);
      await page.locator("input[name=purpose][value=door]").check();
      await press(page, say("生成激活码", "Make its code"));
      const code = (await page.locator("#code").innerText()).trim();
      const enrolled = await new Api(world.base).post("/devices/enrol", { code });
      expect(enrolled.device.name === name, "the code is another device's");
      await press(page, say("设备", "Devices"));
      const card = page.locator("main .card", { hasText: name });
      expect((await card.innerText()).includes(say("使用中", "in use")), "the device is not in use");
      await follow(card.locator("a"));
      await press(page, say("确认停用", "Cut it off"));
      await expectText(page, say("设备已经停用", "The device is cut off"));
      const refused = await new Api(world.base, enrolled.access_token).get("/me").then(() => false, () => true);
      expect(refused, "the device can still be used");
    },
  },
  {
    name: "sheets for the kitchen, the door and the wall are printed whole, without amounts where none belong",
    options: WIDE,
    async run({ page, world, say }) {
      const who = staffOf(world);
      const api = await Api.of(world, who);
      const { menu } = await servedMenu(api, who.canteen_id);
      const { expected } = await api.get(`/menus/${menu.id}/door-list`);
      await begin(page, who);
      const home = `/staff/${who.canteen_id}`;
      const money = /¥|\d元/;
      await page.goto(`${home}/menus/${menu.id}/kitchen`);
      const kitchen = await print(page);
      expect(kitchen.length === 1, `the kitchen sheet has ${kitchen.length} pages`);
      expect(kitchen[0].width === 210 && kitchen[0].height === 297, "the kitchen sheet is not A4");
      expectWhole(kitchen);
      expect(!money.test(textOf(kitchen[0])), "the kitchen sees an amount");
      expect(textOf(kitchen[0]).includes(plain(menu.items[0].name)), "an item is missing");
      await page.goto(`${home}/menus/${menu.id}/door-list`);
      const door = await print(page);
      expectWhole(door);
      const all = door.map(textOf).join("\n");
      expect(!money.test(all), "the door sees an amount");
      const missing = expected.filter(({ full_name }) => !all.includes(plain(full_name)));
      expect(missing.length === 0, `${missing.length} people are not on the door list`);
      // A box and its name stand on the same sheet.
      for (const sheet of door) {
        const boxes = sheet.texts.filter(({ text }) => /[☐☑]/.test(text)).length;
        const names = expected.filter(({ full_name }) => textOf(sheet).includes(plain(full_name))).length;
        expect(boxes >= names, `${names} names have ${boxes} boxes on a sheet`);
      }
      const rowsASheet = 18;
      expect(door.length <= Math.ceil((expected.length + 10) / rowsASheet), `the door list has ${door.length} pages`);
      for (const [size, width] of [["a4", 210], ["a3", 297]]) {
        await page.goto(`${home}/wall/${menu.served_on}?size=${size}`);
        const wall = await print(page);
        expect(wall[0].width === width, `the wall menu is ${wall[0].width} mm wide on ${size}`);
        expect(wall.length <= 3, `the wall menu has ${wall.length} pages`);
        expectWhole(wall);
        expect(wall.map(textOf).join("").includes(plain(menu.items[0].name)), "the menu is not on it");
      }
      await page.goto(`${home}/wall/${menu.served_on}?days=1`);
      expect((await print(page)).length === 1, "the menu of a day has several pages");
      await page.goto(`${home}/menus/${menu.id}/calls`);
      expectWhole(await print(page));
    },
  },
  {
    name: "staff download tables of some days",
    async run({ page, context, world, say }) {
      await begin(page, staffOf(world));
      await press(page, say("表格下载", "Download tables"));
      await page.locator("#from").fill("x");
      await press(page, say("显示这些日期", "Show these days"));
      await expectError(page, "from", "2026-12-01");
      await page.locator("#from").fill(later(today(), -5));
      await press(page, say("显示这些日期", "Show these days"));
      for (const link of await page.locator("main a.card").all()) {
        const path = await link.getAttribute("href");
        const answer = await context.request.get(path);
        expect(answer.ok(), `${path} is answered with ${answer.status()}`);
        expect((answer.headers()["content-disposition"] ?? "").includes("attachment"), `${path} is not kept as a file`);
        expect((await answer.body()).length > 100, `${path} is empty`);
      }
    },
  },
];
