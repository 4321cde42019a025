// The door without a network: two phones, and everything that is tapped arrives once.

import { chromium } from "playwright-core";

import { cardCode, openMeal } from "../lib/canteen.mjs";
import { expect, expectText } from "../lib/tasks.mjs";
import { World, FLAGS } from "../lib/world.mjs";

const ONE_WAY = [{ lang: "zh", js: true }];
// A name that is no machine's own, and leads to this one.
const NAME = "door.example";
const NAMED = [...FLAGS, `--host-resolver-rules=MAP ${NAME} 127.0.0.1`, "--ignore-certificate-errors"];

const doorOf = ({ canteen, menu }) => `/door/${canteen.id}/${menu.id}`;

// A phone of its own, at the door, with everything kept that it needs without a network.
async function phoneAt(world, open, nth, prepare = () => {}) {
  const context = await world.visit({ who: open.volunteers[nth] });
  const page = await context.newPage();
  await prepare(page);
  await page.goto(doorOf(open));
  const isKept = (path) => page.evaluate(async (own) => {
    const copy = await caches.match(own, { ignoreVary: true });
    return Boolean(navigator.serviceWorker.controller && copy);
  }, path);
  const until = Date.now() + 30_000;
  while (!(await isKept(doorOf(open)))) {
    expect(Date.now() < until, "the page is not kept on the phone");
    await page.waitForTimeout(100);
  }
  return { context, page, name: `phone ${nth + 1}` };
}

// Taps the names of these people one after another.
async function tapAll(page, people) {
  for (const { reservation, full_name: name } of people) {
    await page.locator(`#missing button[value="${reservation.id}"]`).click();
    await page.locator("h1 .answer[data-tone=eat]", { hasText: name }).waitFor();
  }
}

const unsent = async (page) => Number(await page.locator("#unsent").getAttribute("data-unsent"));

async function expectUnsent(page, count) {
  await page.locator(`#unsent[data-unsent="${count}"]`).waitFor().catch(async () => {
    throw new Error(`${await unsent(page)} check-ins are to be sent, not ${count}`);
  });
  expect((await page.locator("#unsent").innerText()).includes(count === 0 ? "都已发出" : String(count)), "the number is not in sight");
}

// Everything that the page keeps on the phone, as text.
function kept(page) {
  return page.evaluate(async () => {
    const texts = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie];
    for (const { name } of await indexedDB.databases()) {
      const stores = await new Promise((done, failed) => {
        const asked = indexedDB.open(name);
        asked.onsuccess = () => done(asked.result);
        asked.onerror = () => failed(asked.error);
      });
      for (const store of stores.objectStoreNames) {
        const rows = await new Promise((done) => {
          const asked = stores.transaction(store).objectStore(store).getAll();
          asked.onsuccess = () => done(asked.result);
        });
        texts.push(`${store}: ${JSON.stringify(rows)}`);
      }
      stores.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const answer = await cache.match(request, { ignoreVary: true });
        texts.push(`${request.url}: ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
      }
    }
    return texts;
  });
}

// Fails when something is kept that never reaches a volunteer. Style sheets and scripts are the same for everybody.
async function expectNothingPrivate(page, open) {
  const texts = (await kept(page)).filter((text) => !/\/assets\/[^:]*:/.test(text.slice(0, 300)));
  const all = texts.join("\n");
  expect(all.includes(open.people.at(-1).full_name), "the list is not kept at all");
  const secrets = new Map();
  const draws = await open.office.all(`/draws?canteen_id=${open.canteen.id}&from=${open.menu.served_on}&to=${open.menu.served_on}`);
  for (const { tier, payer, layer, policy, fen } of draws) {
    for (const word of [tier, payer, layer, policy]) secrets.set(`tier or payer ${word}`, word);
    secrets.set(`amount ${fen}`, String(fen)).set(`amount in yuan ${fen}`, (fen / 100).toFixed(2));
  }
  for (const { price_fen: fen } of open.menu.items) secrets.set(`price ${fen}`, String(fen)).set(`price in yuan ${fen}`, (fen / 100).toFixed(2));
  for (const person of [...open.people, ...open.walkIns]) {
    secrets.set(`telephone of ${person.full_name}`, person.phone);
    secrets.set(`identity number of ${person.full_name}`, person.idNumber);
    // Four digits may be the year.
    if (!open.menu.served_on.startsWith(person.id_number_last4)) secrets.set(`its end ${person.full_name}`, person.id_number_last4);
    secrets.set(`birth date of ${person.full_name}`, person.born_on);
  }
  secrets.set("telephone of the canteen", open.canteen.phone);
  for (const word of ["fen", "price_fen", "charge_fen", "due_fen", "tier", "phone", "id_number", "id_number_last4", "born_on"]) {
    expect(!all.includes(`"${word}":`), `the phone keeps a field ${word}`);
  }
  for (const [what, secret] of secrets) {
    const found = secret && new RegExp(`(?<![0-9A-Za-z-])${secret.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![0-9A-Za-z-])`).exec(all);
    expect(!found, `the phone keeps ${what}: …${found && all.slice(Math.max(0, found.index - 60), found.index + 40)}…`);
  }
  return { bytes: all.length, secrets: secrets.size };
}

// What the service knows afterwards: everybody served once, with one subsidy each, and what was tapped twice in review.
async function expectEachOnce(open, { twice }) {
  const { expected, besides } = await open.desk.get(`/menus/${open.menu.id}/door-list`);
  const lost = expected.filter(({ served_at: at }) => !at);
  expect(lost.length === 0, `${lost.length} of ${expected.length} people were lost`);
  const { items: reviews } = await open.desk.get(`/attendance/reviews?canteen_id=${open.canteen.id}`);
  expect(reviews.length === twice, `${reviews.length} wait for review, not ${twice}`);
  expect(besides.filter(({ status }) => status === "served").length === 0, "somebody was served besides");
  const day = open.menu.served_on;
  const { menus: [count] } = await open.desk.get(`/canteens/${open.canteen.id}/headcounts?on=${day}`);
  expect(count.served.people === expected.length, `${count.served.people} were served, not ${expected.length}`);
  const draws = await open.office.all(`/draws?canteen_id=${open.canteen.id}&from=${day}&to=${day}`);
  const posted = draws.filter(({ status, fen }) => status === "posted" && fen > 0);
  const subsidised = new Set(posted.map(({ resident_id: id }) => id));
  expect(subsidised.size === expected.length, `${subsidised.size} people have a subsidy, not ${expected.length}`);
  expect(posted.length === subsidised.size, `${posted.length} subsidies were drawn for ${subsidised.size} people`);
}

// Two phones lose the network in the middle of a meal of `count` people.
async function loseNetwork(world, open, count) {
  const [early, shared] = [Math.floor(count / 10), Math.floor(count / 10)];
  const half = Math.floor(count / 2);
  const [first, second] = [await phoneAt(world, open, 0), await phoneAt(world, open, 1)];
  const phones = [first, second];
  await tapAll(first.page, open.people.slice(0, early));
  await expectUnsent(first.page, 0);
  for (const { context } of phones) await context.setOffline(true);

  // The card of somebody is known without a network; somebody else's is not.
  const scanned = open.people[early];
  const code = await cardCode(world, open.desk, scanned);
  await first.page.locator("#typed").fill(code);
  await first.page.keyboard.press("Enter");
  await first.page.locator("h1 .answer[data-tone=eat]", { hasText: scanned.full_name }).waitFor();
  await first.page.locator("#typed").fill(code);
  await first.page.keyboard.press("Enter");
  await first.page.locator("h1 .answer[data-tone=look]", { hasText: "已经来过" }).waitFor();
  await first.page.locator("#typed").fill("LL1-00112233445566778899AABBCCDDEEFF");
  await first.page.keyboard.press("Enter");
  await first.page.locator("h1 .answer[data-tone=look]", { hasText: "名单上没有" }).waitFor();

  await tapAll(first.page, open.people.slice(early + 1, half));
  await expectUnsent(first.page, half - early);
  for (const more of [half + shared / 2, half + shared]) {
    const before = await unsent(first.page);
    await first.page.reload();
    await expectUnsent(first.page, before);
    const [from, to] = [early + before, Math.floor(more)];
    await tapAll(first.page, open.people.slice(from, to));
    await expectUnsent(first.page, to - early);
  }
  await first.page.reload();
  // Some on both phones: neither knows of the other.
  await tapAll(second.page, open.people.slice(half, count));
  await second.page.reload();
  await expectUnsent(second.page, count - half);
  for (const { page } of phones) await expectText(page, "没有网络");

  // The first answer is lost after it was recorded.
  await first.page.evaluate(() => {
    const send = window.fetch;
    window.fetch = async (path, options) => {
      const answer = await send(path, options);
      if (path !== "/door/taps") return answer;
      window.fetch = send;
      throw new TypeError("the answer was lost");
    };
  });
  for (const { context } of phones) await context.setOffline(false);
  for (const { page } of phones) {
    await page.locator("#send:not([hidden])").click({ timeout: 2000 }).catch(() => {});
    await expectUnsent(page, 0);
  }
  await expectEachOnce(open, { twice: shared });
  const told = await Promise.all(phones.map(({ page }) => page.locator("#told li").count()));
  expect(told[0] + told[1] === shared, `${told} are told to be looked at, not ${shared}`);
  const missing = await Promise.all(phones.map(async ({ page }) => {
    await page.evaluate(() => dispatchEvent(new Event("online")));
    return page.locator(".counted [data-count=missing]", { hasText: /^0$/ }).waitFor().then(() => 0, () => 1);
  }));
  expect(missing.every((one) => one === 0), "a phone still misses somebody");
  for (const { page } of phones) await expectNothingPrivate(page, open);
  return phones;
}

const people = (texts) => texts.filter((text) => /^(lists|told): /.test(text) && !text.endsWith(": []"));

export const offlineTasks = [
  {
    name: "a hundred people are checked in on two phones without a network, and each is served once",
    ways: ONE_WAY,
    async run({ world }) {
      const open = await openMeal(world, { reserved: 100, unreserved: 1, volunteers: 2, nth: 1 });
      const phones = await loseNetwork(world, open, 100);
      for (const { context } of phones) await context.close();
    },
  },
  {
    name: "what is not sent outlives signing out, and the list does not",
    ways: ONE_WAY,
    async run({ world }) {
      const open = await openMeal(world, { reserved: 4, volunteers: 1, nth: 1 });
      const { context, page } = await phoneAt(world, open, 0);
      await context.setOffline(true);
      await tapAll(page, open.people.slice(0, 2));
      await expectUnsent(page, 2);
      // A check-in that nobody has heard of is taken back on the phone.
      await page.locator("#said button").click();
      await page.locator("h1", { hasText: "已撤销" }).waitFor();
      await expectUnsent(page, 1);
      // The network is there again, but not for what is sent.
      await context.route("**/door/taps", (route) => route.abort());
      await context.setOffline(false);
      await page.goto("/sign-out");
      await expectText(page, "还有 1 条签到没有发出");
      await page.locator("main form button[type=submit]").click();
      await page.waitForURL((url) => url.pathname === "/");
      await page.goto("/canteens/" + open.canteen.id);
      const left = await kept(page);
      expect(people(left).length === 0, "the list outlives signing out");
      expect(left.some((text) => text.startsWith("outbox: [{")), "a check-in was forgotten");
      expect(!left.join("").includes(open.people[3].full_name), "a name outlives signing out");
      await context.unroute("**/door/taps");
      await context.addCookies(await world.signedIn(open.volunteers[0]));
      await page.goto(doorOf(open));
      await expectUnsent(page, 0);
      const { expected } = await open.desk.get(`/menus/${open.menu.id}/door-list`);
      expect(expected.filter(({ served_at: at }) => at).length === 1, "the check-in did not arrive");
      await context.close();
    },
  },
  {
    name: "a card number typed just after the page has opened is answered by the service, however slow it is",
    ways: ONE_WAY,
    async run({ world }) {
      const open = await openMeal(world, { reserved: 1, volunteers: 1, nth: 1 });
      const { context, page } = await phoneAt(world, open, 0);
      const [person] = open.people;
      await context.route("**/list", (route) => {
        setTimeout(() => route.continue().catch(() => {}), 1500);
      });
      await page.goto(doorOf(open));
      // What is in sight is the list of the last visit.
      await page.locator("#unsent[data-unsent]").waitFor();
      for (const answer of [person.full_name, "已经来过"]) {
        await page.locator("#typed").fill(person.card_number);
        await page.keyboard.press("Enter");
        await page.locator("h1 .answer", { hasText: answer }).waitFor();
      }
      await expectUnsent(page, 0);
      await context.close();
    },
  },
  {
    name: "the list is forgotten when the meal is closed, and when the volunteer is cut off",
    ways: ONE_WAY,
    async run({ world }) {
      const open = await openMeal(world, { reserved: 3, volunteers: 2, nth: 1 });
      const [first, second] = [await phoneAt(world, open, 0), await phoneAt(world, open, 1)];
      expect(people(await kept(first.page)).length === 1, "the list is not kept");
      const items = await open.office.all("/accounts");
      const lost = items.find(({ user_name: own }) => own === open.volunteers[1].user_name);
      const { version: _, ...account } = await open.office.get(`/accounts/${lost.id}`);
      await open.office.delete(`/grants/${account.grants[0].id}`);
      await second.page.evaluate(() => dispatchEvent(new Event("online")));
      await second.page.locator("#line", { hasText: "已经退出登录" }).waitFor();
      expect(people(await kept(second.page)).length === 0, "who is cut off keeps the list");
      expect(!(await second.page.locator("main").innerText()).includes(open.people[1].full_name), "a name is still shown");
      await open.desk.post(`/menus/${open.menu.id}/close`);
      await first.page.evaluate(() => dispatchEvent(new Event("online")));
      await first.page.locator("#line", { hasText: "已从这台手机清除" }).waitFor();
      expect(people(await kept(first.page)).length === 0, "the list outlives the meal");
      for (const { context } of [first, second]) await context.close();
    },
  },
  {
    name: "the list is forgotten after twelve hours, and what is not sent yet is not",
    ways: ONE_WAY,
    async run({ world }) {
      const open = await openMeal(world, { reserved: 3, volunteers: 1, nth: 1, early: true });
      const { context, page } = await phoneAt(world, open, 0, (page) => page.clock.install());
      await context.setOffline(true);
      await tapAll(page, open.people.slice(0, 1));
      await page.clock.fastForward("11:58:00");
      expect(people(await kept(page)).length === 1, "the list is forgotten too early");
      await page.clock.fastForward("05:00");
      await page.locator("#line", { hasText: "已从这台手机清除" }).waitFor();
      expect(people(await kept(page)).length === 0, "the list is kept for more than twelve hours");
      const shown = await page.locator("main").innerText();
      expect(!open.people.slice(1).some(({ full_name: name }) => shown.includes(name)), "a name is still shown");
      expect((await page.locator(".counted [data-count=missing]").innerText()) === "–", "a number is told that nobody knows");
      await expectUnsent(page, 1);
      await context.close();
    },
  },
  {
    name: "a card is read by the camera, where the browser can; a camera that is refused is told",
    ways: ONE_WAY,
    async run({ world }) {
      const open = await openMeal(world, { reserved: 2, volunteers: 1, nth: 1 });
      const [person] = open.people;
      const { context, page } = await phoneAt(world, open, 0, (page) => page.addInitScript(() => {
        globalThis.BarcodeDetector = class {
          static getSupportedFormats = async () => ["qr_code"];
          detect = async () => (globalThis.heldCard ? [{ rawValue: globalThis.heldCard }] : []);
        };
        navigator.mediaDevices.getUserMedia = async () => {
          if (globalThis.refused) throw new DOMException("refused", "NotAllowedError");
          const canvas = document.createElement("canvas");
          const paper = canvas.getContext("2d");
          setInterval(() => paper.fillRect(0, 0, 10, 10), 50);
          return canvas.captureStream(20);
        };
      }));
      const camera = page.locator("#camera button");
      await page.evaluate(() => { globalThis.refused = true; });
      await camera.click();
      await page.locator("#warning:not([hidden])").waitFor();
      await page.evaluate((code) => Object.assign(globalThis, { refused: false, heldCard: code }), await cardCode(world, open.desk, person));
      await camera.click();
      await page.locator("h1 .answer[data-tone=eat]", { hasText: person.full_name }).waitFor();
      await page.locator("#camera button[aria-pressed=true]").click();
      expect(!(await page.locator("#camera video").isVisible()), "the camera goes on");
      await context.close();
    },
  },
  {
    name: "over HTTPS on a name of its own the door goes on without a network",
    ways: ONE_WAY,
    async run({ world }) {
      const open = await openMeal(world, { reserved: 20, unreserved: 1, volunteers: 2, nth: 1 });
      const secure = await world.beside({ tls: NAME });
      const browser = await chromium.launch({ executablePath: world.browserPath, args: NAMED });
      const there = new World({ base: `https://${NAME}:${secure.port}`, signIns: world.signIns, browser });
      try {
        await loseNetwork(there, open, 20);
      } finally {
        await browser.close();
        await secure.stop();
      }
    },
  },
  {
    name: "over plain HTTP there the page says what does not work, and the form does",
    ways: ["zh", "en"].map((lang) => ({ lang, js: true })),
    async run({ world, say, lang }) {
      const open = await openMeal(world, { reserved: 2, volunteers: 1, nth: 1 });
      const browser = await chromium.launch({ executablePath: world.browserPath, args: NAMED });
      const there = new World({ base: `http://${NAME}:${new URL(world.base).port}`, signIns: world.signIns, browser });
      try {
        const context = await there.visit({ lang, who: open.volunteers[0] });
        const page = await context.newPage();
        await page.goto(doorOf(open));
        expect(!(await page.evaluate(() => isSecureContext)), "the page is secure");
        await expectText(page, say("没有用安全连接", "without a secure connection"));
        await expectText(page, say("断网时不能签到", "cannot check in without a network"));
        await expectText(page, say("摄像头", "camera"));
        const [first, second] = open.people;
        await page.locator(`#missing button[value="${first.reservation.id}"]`).click();
        await page.locator("h1 .answer[data-tone=eat]", { hasText: first.full_name }).waitFor();
        await page.locator("#typed").fill(second.card_number);
        await page.keyboard.press("Enter");
        await page.locator("h1 .answer[data-tone=eat]", { hasText: second.full_name }).waitFor();
      } finally {
        await browser.close();
      }
    },
  },
];
