// Volunteers at the door, and the board in the hall.

import { Api } from "../lib/api.mjs";
import { cardCode, oncePerWorld, openMeal } from "../lib/canteen.mjs";
import { expect, expectError, expectHeading, expectText, follow, press } from "../lib/tasks.mjs";
import { signIn } from "../lib/world.mjs";
import { offlineTasks } from "./door_offline.mjs";

export const name = "door";

// One meal for everything but the offline door: each task takes people of its own.
const opened = oncePerWorld((world) => openMeal(world, { reserved: 60, unreserved: 16, volunteers: 6, nth: 1 }));
const next = (open) => open.people[(open.came = (open.came ?? -1) + 1)];
const nextWalkIn = (open) => open.walkIns[(open.walkedIn = (open.walkedIn ?? -1) + 1)];

const doorOf = ({ canteen, menu }) => `/door/${canteen.id}/${menu.id}`;

// The door of the meal, as one of its volunteers.
async function atDoor({ page, world, js }, nth = 0) {
  const open = await opened(world);
  await page.context().addCookies(await world.cookies(open.volunteers[nth]));
  await page.goto(doorOf(open));
  await listed(page, js);
  return open;
}

// With a script the page is ready when it says how many check-ins are to be sent.
async function listed(page, js = true) {
  if (js) await page.locator("#unsent[data-unsent]").waitFor();
}

async function type(page, text) {
  await page.locator("#typed").fill(text);
  await page.keyboard.press("Enter");
}

// Waits for the answer to the last check-in.
async function answered(page, tone, words) {
  await page.locator(`h1 .answer[data-tone=${tone}]`, { hasText: words }).waitFor();
}

export async function visitors(world) {
  const open = await opened(world);
  return [{ name: "volunteer", who: open.volunteers[5] }, { name: "staff", who: open.staff }];
}

export async function pages({ world, visitor }) {
  const open = await opened(world);
  const door = doorOf(open);
  if (visitor.name === "staff") {
    return [
      { name: "hall", path: `/hall/${open.canteen.id}` },
      { name: "door", path: door, prepare: (page) => listed(page) },
    ];
  }
  const volunteer = await Api.of(world, open.volunteers[5]);
  open.shown ??= await volunteer.post(`/menus/${open.menu.id}/attendance`, {
    tap_id: crypto.randomUUID(), reservation_id: next(open).reservation.id, point: "door",
  });
  const ready = (page) => listed(page);
  const { enrolment_code: code } = await open.desk.post("/devices", { canteen_id: open.canteen.id, name: "大屏", purpose: "hall" });
  return [
    { name: "door", path: door, prepare: ready, typed: { typed: next(open).card_number } },
    { name: "which meal", path: `/door/${open.canteen.id}?all=1` },
    { name: "checked in", path: `${door}?done=${open.shown.attendance_id}`, prepare: ready },
    { name: "found", path: `${door}?find=l`, prepare: ready },
    { name: "found nobody", path: `${door}?find=zzz`, prepare: ready },
    {
      name: "already came", path: door,
      prepare: async (page) => {
        await listed(page);
        await type(page, open.people[0].card_number);
        await answered(page, "look", "");
      },
    },
    {
      name: "no reservation", path: door,
      prepare: async (page) => {
        await listed(page);
        await type(page, open.walkIns.at(-1).card_number);
        await answered(page, "look", "");
      },
    },
    { name: "enrol", path: "/enrol", typed: { code } },
    { name: "take back", path: `${door}/undo/${open.shown.attendance_id}` },
    {
      name: "take back with errors", path: `${door}/undo/${open.shown.attendance_id}`,
      prepare: (page) => follow(page.locator("main form button[type=submit]")),
    },
    { name: "hall of others", path: `/hall/${open.canteen.id}`, status: 403 },
  ];
}

export const tasks = [
  {
    name: "a volunteer signs in and is at the door of today's meal",
    async run({ page, world, say }) {
      const open = await opened(world);
      await page.goto("/home");
      await signIn(page, open.volunteers[1]);
      await expectHeading(page, say("午餐签到", "Lunch: check in"));
      expect(new URL(page.url()).pathname === doorOf(open), "it is not the door of today's meal");
      expect(await page.evaluate(() => document.activeElement?.id).catch(() => "typed") === "typed", "the field has not the focus");
    },
  },
  {
    name: "somebody is checked in by card number, and comes again",
    async run({ page, world, say, js }) {
      const open = await atDoor({ page, world, js });
      const person = next(open);
      const missing = Number(await page.locator("[data-count=missing]").first().innerText());
      await type(page, person.card_number);
      await answered(page, "eat", person.full_name);
      await expectText(page, /清蒸鱼|红烧肉/.exec(await page.locator("#said").innerText())[0]);
      await page.locator("[data-count=missing]", { hasText: String(missing - 1) }).first().waitFor();
      await type(page, person.card_number);
      await answered(page, "look", say("已经来过", "lready came"));
      await expectText(page, say("已经签到", "Checked in at"));
    },
  },
  {
    name: "a card is scanned, and the words of allergy are told",
    async run({ page, world, say, js }) {
      const open = await atDoor({ page, world, js });
      let person = next(open);
      while (person.allergens.length === 0) person = next(open);
      const code = await cardCode(world, open.desk, person);
      await page.locator("#typed").focus();
      await page.keyboard.type(code.toLowerCase());
      await page.keyboard.press("Enter");
      await answered(page, "eat", person.full_name);
      await expectText(page, say("过敏，不能吃：花生、鸡蛋", "must not eat: peanut, egg"));
    },
  },
  {
    name: "somebody is checked in by a tap on the name, which was a mistake",
    async run({ page, world, say, js }) {
      const open = await atDoor({ page, world, js });
      const person = next(open);
      const { id } = person.reservation;
      await page.locator(`#missing button[value="${id}"]`).click();
      await answered(page, "eat", person.full_name);
      expect((await page.locator(`#missing button[value="${id}"]`).count()) === 0, "who came is still missing");
      await follow(page.locator("#said a"));
      await press(page, say("确认撤销", "Take it back"));
      await expectError(page, "reason", say("请选一项", "Choose one"));
      await page.locator("input[name=reason]").first().check();
      await press(page, say("确认撤销", "Take it back"));
      await expectHeading(page, say("已撤销", "Taken back"));
      await listed(page, js);
      await page.locator(`#missing button[value="${id}"]`).waitFor();
    },
  },
  {
    name: "somebody is found by the letters of the name",
    async run({ page, world, say, js }) {
      const open = await atDoor({ page, world, js });
      const person = next(open);
      await type(page, person.full_name);
      await page.locator(`h1, h2`, { hasText: say("是哪一位", "Who is it") }).first().waitFor();
      await page.locator(`form .people button[value="${person.reservation.id}"]`).first().click();
      await answered(page, "eat", person.full_name);
      await type(page, "zzzz");
      await answered(page, "look", "zzzz");
    },
  },
  {
    name: "somebody without a reservation is told so, and served as a walk-in",
    async run({ page, world, say, js }) {
      const open = await atDoor({ page, world, js });
      const person = nextWalkIn(open);
      await type(page, person.card_number);
      await answered(page, "look", say("没有预订这一餐", "No reservation"));
      await page.getByRole("button", { name: say("登记现场就餐", "Record a walk-in") }).click();
      await answered(page, "eat", person.full_name);
      await expectText(page, say("没有预订，按现场就餐登记", "Recorded as served without a reservation"));
      await type(page, "99999999999");
      await answered(page, "look", say("没有这张卡", "no such card"));
    },
  },
  {
    name: "a guest's meal is recorded, and nothing typed is an error",
    async run({ page, world, say, js }) {
      const open = await atDoor({ page, world, js });
      const served = async () => (await open.desk.get(`/menus/${open.menu.id}/door-list`)).besides.length;
      const before = await served();
      await page.locator("#nobody summary").click();
      await page.getByRole("button", { name: say("客人一份", "One meal for a guest") }).dblclick();
      await answered(page, "eat", say("客人", "Guest"));
      await listed(page, js);
      if (js) await page.locator("#unsent[data-unsent='0']").waitFor();
      expect((await served()) === before + 1, "a guest's meal that was pressed twice is not one meal");
      if (js) return;
      await page.locator("#scan button").click();
      await expectError(page, "typed", say("请扫卡或输入", "Scan a card"));
    },
  },
  {
    name: "no amount, tier, telephone or identity number is at the door",
    async run({ page, world, js }) {
      const open = await atDoor({ page, world, js });
      const html = await page.content();
      const main = html.slice(html.indexOf("<main"), html.indexOf("</main>"));
      for (const { phone, id_number_last4: last } of open.people) {
        expect(!main.includes(phone), "a telephone number is on the page");
        expect(!last || !new RegExp(`(?<![\\w-])${last}(?![\\w-])`).test(main), "an identity number is on the page");
      }
      expect(!/14\.73|16\.81|元|¥/.test(main.replaceAll(/data-words="[^"]*"/g, "")), "an amount is on the page");
    },
  },
  {
    name: "the board in the hall shows who is expected and who was served",
    async run({ page, world, say, js }) {
      const open = await opened(world);
      await page.context().addCookies(await world.cookies(open.staff));
      await page.goto(`/hall/${open.canteen.id}`);
      await expectHeading(page, say("今天的饭菜", "today’s meals"));
      await expectText(page, "红烧肉套餐");
      const served = page.locator(".numbers [data-count=served]");
      const before = Number(await served.innerText());
      await open.desk.post(`/menus/${open.menu.id}/attendance`, {
        tap_id: crypto.randomUUID(), reservation_id: next(open).reservation.id, point: "door",
      });
      if (!js) await page.reload();
      await page.locator(".numbers [data-count=served]", { hasText: String(before + 1) }).waitFor();
    },
  },
  {
    name: "a television becomes the board in the hall, and a shared phone asks who taps",
    async run({ page, world, say, js, lang }) {
      const open = await opened(world);
      const enrol = async (purpose) => {
        const { enrolment_code: code } = await open.desk.post("/devices", { canteen_id: open.canteen.id, name: `${purpose} ${lang} ${js}`, purpose });
        await page.goto("/enrol");
        await page.locator("#code").fill("ABCDE-FGHJK");
        await press(page, say("登记", "Enrol"));
        await expectError(page, "code", say("代码不对", "is not right"));
        await page.locator("#code").fill(code.toLowerCase());
        await press(page, say("登记", "Enrol"));
      };
      await enrol("hall");
      await expectHeading(page, say("今天的饭菜", "today’s meals"));
      await page.context().clearCookies({ name: /session/ });
      await enrol("door");
      await expectHeading(page, say("谁在签到", "Who checks people in"));
      await press(page, "志愿者3");
      await listed(page, js);
      const person = next(open);
      await page.locator(`#missing button[value="${person.reservation.id}"]`).click();
      await answered(page, "eat", person.full_name);
      await follow(page.locator("#said a"));
      await page.locator("input[name=reason]").nth(1).check();
      await press(page, say("确认撤销", "Take it back"));
      await expectHeading(page, say("已撤销", "Taken back"));
      expect(new URL(page.url()).searchParams.has("by"), "who taps was forgotten");
    },
  },
  ...offlineTasks,
];
