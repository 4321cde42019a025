// The desk of a canteen: meals by a few letters, the records of residents, requests of families.

import { Api, later } from "../lib/api.mjs";
import { fullMenu, newFamily, newResident, openCanteen, openMeal } from "../lib/canteen.mjs";
import { expectWhole, plain, print, textOf } from "../lib/paper.mjs";
import { expect, expectError, expectHeading, expectText, focused, follow, press } from "../lib/tasks.mjs";
import { signIn } from "../lib/world.mjs";

export const name = "desk";

const DAY_WITHOUT_DEATH = "2026-11-01";

function desk(world) {
  const who = world.person("staff", 0);
  return { who, at: `/desk/${who.canteen_id}`, canteen: who.canteen_id };
}

// A resident of the desk whom the tasks of this file alone use.
function resident(world, nth) {
  const { canteen } = desk(world);
  return world.person("resident", nth, (one) => one.canteen_id === canteen);
}

// Signs in at the desk of the demonstration, or at that of a canteen of one's own. Gives the address of the desk.
async function atDesk(page, world, own) {
  const { who, at } = own ? { who: own.staff, at: `/desk/${own.canteen.id}` } : desk(world);
  await page.goto("/sign-in");
  await signIn(page, who);
  await page.goto(at);
  return at;
}

export async function visitors(world) {
  const open = await openCanteen(world);
  return [
    { name: "staff", who: desk(world).who },
    { name: "staff of a new canteen", who: open.staff, open },
    { name: "officer", who: world.person("district"), open },
  ];
}

// Somebody of this name is registered at the desk, and found by these letters.
async function known(world, name, letters) {
  const { who, at } = desk(world);
  const context = await world.visit({ who, js: false });
  const page = await context.newPage();
  await page.goto(`${at}?q=${letters}`);
  if (!page.url().includes("/people/") && (await page.locator(".found a").count()) === 0) {
    await page.goto(`${at}/residents/new`);
    await page.locator("#full_name").fill(name);
    await page.locator("#born_on").fill("1941-05-06");
    await follow(page.locator("main form[method=post] button[type=submit]"));
  }
  await context.close();
}

// A new family member asks to act for a resident who was just registered at the desk; gives both.
async function asked(world) {
  const { who, at } = desk(world);
  const card_number = String(Math.floor(Math.random() * 1e8)).padStart(8, "7");
  const staff = await world.visit({ who, js: false });
  const there = await staff.newPage();
  await there.goto(`${at}/residents/new`);
  await there.locator("#full_name").fill("钱测试");
  await there.locator("#born_on").fill("1944-02-03");
  await there.locator("#card_number").fill(card_number);
  await follow(there.locator("main form[method=post] button[type=submit]"));
  await staff.close();
  const family = await world.newPerson();
  const browser = await world.visit({ js: false });
  const page = await browser.newPage();
  await page.goto("/sign-up");
  await page.locator("#display_name").fill("钱小明");
  await page.locator("#user_name").fill(family.user_name);
  await page.locator("#password").fill(family.password);
  await follow(page.locator("main form button[type=submit]"));
  await page.goto("/family/ask");
  await page.locator("#card_number").fill(card_number);
  await page.locator("#born_on").fill("1944-02-03");
  await page.locator("input[name=relation]").first().check();
  await follow(page.locator("main form button[type=submit]"));
  expect(page.url().endsWith("/family"), `nothing was asked: ${page.url()}`);
  await browser.close();
  return { family, card_number };
}

const ROSTER_WITH_FAULTS = "姓名,出生日期,电话\n孙测试,1950-13-45,139\n,1950-01-01,\n";

// Two people whom nobody has met yet.
function roster() {
  const some = () => String.fromCodePoint(0x4e00 + Math.floor(Math.random() * 5000));
  return `姓名,出生日期,过敏\n孙${some()}${some()},1950-01-02,花生\n李${some()}${some()},1948-03-04,\n`;
}

// An account that the administrator makes for somebody who works here, with its one-time password.
async function newStaff(world) {
  const api = await Api.of(world, world.person("admin"));
  const made = {
    user_name: `test.${Math.random().toString(36).slice(2, 10)}`, display_name: "赵测试",
    grant: { role: "staff", canteen_id: desk(world).canteen },
  };
  const { one_time_password } = await api.post("/accounts", made);
  return { user_name: made.user_name, one_time_password };
}

async function choose(page, text) {
  const file = { name: "roster.csv", mimeType: "text/csv", buffer: Buffer.from(text) };
  await page.locator("#file").setInputFiles(file);
  await follow(page.locator("main form[method=post] button[type=submit]"));
}

// What is made at a new canteen for these pages: somebody who waits, with a standing order, a fact and a family member.
async function ownPages(world, open) {
  const at = `/desk/${open.canteen.id}`;
  const [full, waited, one] = [await fullMenu(open, 3), await fullMenu(open, 4), await newResident(open)];
  const entry = await open.desk.post(`/menus/${waited.id}/waiting`, {
    resident_id: one.id, mode: "dine_in", lines: [{ item_id: waited.items[0].id, portions: 1 }],
  });
  const { order } = await open.desk.post("/standing-orders", {
    canteen_id: open.canteen.id, resident_id: one.id, from_on: later(open.today, 9), item_rule: "cheapest",
    meals: [{ period: "lunch", mode: "dine_in", weekdays: ["mon"] }],
  });
  const { links: [link] } = await newFamily(world, open, [one]);
  return [
    { name: "join a waiting list", path: `${at}/people/${one.id}/wait/${full.id}` },
    { name: "leave a waiting list", path: `${at}/waiting/${entry.id}/leave` },
    { name: "a standing order", path: `${at}/standing/${order.id}` },
    { name: "end a standing order", path: `${at}/standing/${order.id}/end` },
    { name: "end a family link", path: `${at}/family/${link}/end` },
    { name: "import from the beginning", path: `${at}/import/confirm` },
  ];
}

async function officersPages(open) {
  const { id } = await newResident(open);
  const fact = await open.desk.post(`/residents/${id}/facts`, {
    kind: "low_income", source: "区民政局", evidence: "2026-19", from_on: DAY_WITHOUT_DEATH,
  });
  const at = `/desk/${open.canteen.id}/facts/${fact.id}`;
  return [{ name: "correct a fact", path: at }, { name: "verify a fact", path: `${at}/verify` }];
}

export async function pages({ world, visitor: { name: visitor, open } }) {
  if (visitor === "officer") return officersPages(open);
  if (open) return ownPages(world, open);
  const { at } = desk(world);
  const { resident_id: one } = resident(world, 3);
  await asked(world);
  const person = `${at}/people/${one}`;
  const record = `${at}/residents/${one}`;
  const context = await world.visit({ who: desk(world).who, js: false });
  const page = await context.newPage();
  await page.goto(person);
  const order = await page.locator("main a[href*='/order/']").first().getAttribute("href");
  await follow(page.locator("main form button[type=submit]").first());
  const done = page.url();
  await page.goto(person);
  const cancel = await page.locator("main a[href$='/cancel']").first().getAttribute("href");
  await page.goto(`${at}/family`);
  const request = await page.locator("main .found a").first().getAttribute("href");
  await context.close();
  return [
    { name: "desk", path: at },
    { name: "desk found", path: `${at}?q=l` },
    { name: "desk found nobody", path: `${at}?q=xqzv` },
    { name: "desk done", path: done },
    { name: "person", path: person },
    { name: "order", path: order },
    { name: "order unanswered", path: `${person}?order=1&menu=${order.match(/order\/([0-9a-f-]+)/)[1]}`, status: 422 },
    { name: "cancel", path: cancel },
    { name: "residents", path: `${at}/residents` },
    { name: "register", path: `${at}/residents/new` },
    {
      name: "register with errors", path: `${at}/residents/new`,
      prepare: (page) => follow(page.locator("main form[method=post] button[type=submit]")),
    },
    { name: "record", path: record },
    { name: "edit", path: `${record}/edit` },
    { name: "facts", path: `${record}/facts` },
    { name: "enter a fact", path: `${record}/facts/new` },
    { name: "pin", path: `${record}/pin` },
    { name: "card", path: `${record}/card`, heavy: true },
    { name: "past", path: `${record}/past` },
    { name: "standing orders", path: `${record}/standing` },
    { name: "make a standing order", path: `${record}/standing/new` },
    {
      name: "a standing order with errors", path: `${record}/standing/new`,
      prepare: (page) => follow(page.locator("main form[method=post] button[type=submit]")),
    },
    { name: "family requests", path: `${at}/family` },
    { name: "a request", path: request },
    { name: "refuse a request", path: `${request}/refuse` },
    {
      name: "a request with errors", path: request,
      prepare: (page) => follow(page.locator("main form[method=post] button[type=submit]")),
    },
    { name: "import", path: `${at}/import`, file: roster() },
    { name: "import without a file", path: `${at}/import`, prepare: (page) => press(page, /先看一遍|Look at it/) },
    { name: "import with faults", path: `${at}/import`, prepare: (page) => choose(page, ROSTER_WITH_FAULTS) },
    { name: "import looked at", path: `${at}/import`, prepare: (page) => choose(page, roster()) },
    { name: "due", path: `${at}/due` },
    { name: "password", path: "/me/password" },
    {
      name: "password with errors", path: "/me/password",
      prepare: (page) => follow(page.locator("main form[method=post] button[type=submit]")),
    },
    { name: "nobody else's", path: `${at}/people/${one.slice(0, -4)}0000`, status: 404 },
  ];
}

// What is reserved in a task is cancelled in it, so that it finds everything as it was.
const EATER = 4;
const CALLER = 5;

export const tasks = [
  {
    name: "a meal is reserved by keyboard alone: letters, Enter, Enter",
    async run({ page, world, say }) {
      await known(world, "李凤恩", "lfe");
      const at = await atDesk(page, world);
      // The whole card number finds one alone; letters may find several, of whom the first has the focus.
      for (const typed of [resident(world, EATER).card_number, "lfe", "l"]) {
        expect((await focused(page)) === "q", "the focus is not on the search field");
        await page.keyboard.type(typed);
        let enters = 0;
        const enter = async () => {
          await focused(page);
          await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
          enters += 1;
        };
        await enter();
        const listed = !page.url().includes("/people/");
        if (listed) await enter();
        expect(page.url().includes("/people/"), "nobody was opened");
        await expectText(page, say("应付", "to pay"));
        await enter();
        expect(page.url().includes("done="), `nothing was reserved: ${page.url()}`);
        await expectText(page, say("已订好", "Reserved:"));
        expect(enters <= 3, `it took ${enters} times Enter`);
        expect(listed || enters === 2, `it took ${enters} times Enter for somebody found alone`);
        await press(page, say("撤销", "Undo"));
        await expectText(page, say("已取消", "Cancelled:"));
        await page.goto(at);
      }
    },
  },
  {
    name: "somebody calls: another dish, two portions, taken away; changed and cancelled",
    async run({ page, world, say }) {
      await atDesk(page, world);
      await page.locator("#q").fill(resident(world, CALLER).card_number);
      await press(page, say("查找", "Find"));
      await press(page, say("换菜、取餐方式、份数", "Another dish"));
      await follow(page.locator(".back a"));
      await press(page, say("换菜、取餐方式、份数", "Another dish"));
      await page.locator("input[name=set]").nth(1).check();
      await page.locator("input[name=mode][value=takeaway]").check();
      await page.locator("summary").click();
      await page.locator("details select").nth(1).selectOption("2");
      await press(page, say("看价格", "See the price"));
      for (const box of await page.locator("input[name=sure]").all()) await box.check();
      await expectText(page, "× 2");
      await expectText(page, say("自取", "take away"));
      await press(page, say("确认订餐（电话）", "Reserve it, by telephone"));
      await expectText(page, say("已订好", "Reserved:"));
      await press(page, say("再给", "More for"));
      await follow(page.locator("main a[href*='/order/']", { hasText: say("修改", "Change") }).last());
      await page.locator("input[name=mode][value=dine_in]").check();
      await press(page, say("看价格", "See the price"));
      for (const box of await page.locator("input[name=sure]").all()) await box.check();
      await press(page, say("确认修改", "Change this meal"));
      await expectText(page, say("堂食", "eat in"));
      await press(page, say("再给", "More for"));
      await follow(page.locator("main a[href$='/cancel']").last());
      await press(page, say("确认取消", "Cancel this meal"));
      await expectText(page, say("已取消", "Cancelled:"));
    },
  },
  {
    name: "somebody new is registered, with a fact and a PIN, and their record edited",
    async run({ page, world, say }) {
      const at = await atDesk(page, world);
      await page.locator("#q").fill("zzqqxx");
      await press(page, say("查找", "Find"));
      await press(page, say("登记新的老人", "Register somebody new"));
      await page.locator("#full_name").fill("欧阳测试");
      await page.locator("#born_on").fill("yesterday");
      await press(page, say("登记", "Register"));
      await expectError(page, "born_on", "1945-03-21");
      expect((await page.locator("#full_name").inputValue()) === "欧阳测试", "the name was forgotten");
      await page.locator("#born_on").fill("1945年3月21日");
      await page.locator("#phone").fill("139 0000 1234");
      await page.locator("input[name=allergens][value=peanut]").check();
      await press(page, say("登记", "Register"));
      await expectText(page, say("已登记", "Registered."));
      const record = page.url().split("?")[0];
      await press(page, say("修改档案", "Edit the record"));
      await page.locator("#lives_in").fill("贵阳/南明");
      await press(page, say("保存档案", "Save the record"));
      await expectText(page, "贵阳/南明");
      await press(page, say("资格认定", "Eligibility facts"));
      await press(page, say("登记一项", "Enter one"));
      await page.locator("input[name=kind]:not([value=deceased])").first().check();
      await page.locator("#source").fill("区民政局");
      await page.locator("#evidence").fill("2026-17");
      await page.locator("#from_on").fill(DAY_WITHOUT_DEATH);
      await press(page, say("登记这项资格", "Enter this fact"));
      await expectText(page, say("等待核实", "to be verified"));
      await page.goto(`${record}/pin`);
      await press(page, say("发新的 PIN", "Issue a PIN"));
      const pin = await page.locator(".secret").innerText();
      expect(/^\d{6}$/.test(pin), `the PIN is “${pin}”`);
      await page.goto(`${record}/card`);
      const drawn = await page.locator("img.paper-card").evaluate((picture) => picture.complete && picture.naturalWidth > 0);
      expect(drawn, "the card is not drawn");
      await page.goto(`${at}?q=oycs`);
      expect(page.url().includes("/people/") || (await page.locator(".found a").count()) > 1, "the pinyin finds nobody");
    },
  },
  {
    name: "a family request is approved with how the resident consented, and ended",
    async run({ page, world, say }) {
      const { card_number } = await asked(world);
      const at = await atDesk(page, world);
      await press(page, say("家属申请", "Family requests"));
      await follow(page.locator("main .found a").last());
      await expectText(page, card_number);
      await press(page, say("同意这个申请", "Approve this request"));
      await expectError(page, "consent", say("请选一项", "Choose one"));
      await page.locator("input[name=consent][value=other]").check();
      await page.locator("input[name=reasons][value=no]").check();
      await press(page, say("同意这个申请", "Approve this request"));
      await expectError(page, "words", say("请写明", "Say how"));
      await page.locator("#words").fill(`上门探访 ${card_number}`);
      await press(page, say("同意这个申请", "Approve this request"));
      await expectHeading(page, say("家属申请", "Family requests"));
      await expectText(page, `上门探访 ${card_number}`);
      const stands = page.locator(".items > li", { hasText: card_number });
      await follow(stands.locator("a"));
      await press(page, say("确认结束", "End it"));
      expect(page.url().endsWith(`${at}/family`), "the list does not come back");
      expect((await stands.count()) === 0, "the link still stands");
    },
  },
  {
    name: "a roster with faults is told at row and column; a good one is imported as it was looked at",
    async run({ page, world, say }) {
      const at = await atDesk(page, world);
      await press(page, say("导入名册", "Import a roster"));
      await press(page, say("先看一遍", "Look at it first"));
      await expectError(page, "file", say("请选一个文件", "Choose a file"));
      await choose(page, "nothing\n");
      expect(await page.locator("#errors").isVisible(), "a file that is no roster is taken");
      await choose(page, ROSTER_WITH_FAULTS);
      await expectHeading(page, say("名册里有要改的地方", "The roster has faults"));
      await expectText(page, say("第 2 行 B 列", "Row 2, column B"));
      await expectText(page, say("第 3 行 A 列", "Row 3, column A"));
      expect((await page.locator("input[name=seal]").count()) === 0, "a roster with faults can be confirmed");
      await press(page, say("换一个文件", "Choose another file"));
      await choose(page, roster());
      await expectHeading(page, say("名册可以导入", "The roster can be imported"));
      const sealed = await page.locator("input[name=seal]").inputValue();
      expect(/^[0-9a-f]{64}$/.test(sealed), "the file is not sealed");
      await press(page, say("确认导入", "Import this roster"));
      await expectText(page, say("新登记 2 位", "2 registered"));
      expect(page.url().includes(`${at}/residents`), "the residents are not shown");
    },
  },
  {
    name: "what is due at the desk is read for today and the day before",
    async run({ page, world, say }) {
      const open = await openMeal(world, { reserved: 3 });
      for (const { reservation } of open.people.slice(0, 2)) {
        const tap = { tap_id: crypto.randomUUID(), reservation_id: reservation.id, point: "door" };
        await open.desk.post(`/menus/${open.menu.id}/attendance`, tap);
      }
      await atDesk(page, world, open);
      await press(page, say("应付款", "What is due"));
      await expectText(page, say("已用餐应付合计", "for meals served"));
      expect((await page.locator(".items .price").count()) > 0, "nobody owes anything today");
      await press(page, say("前一天", "The day before"));
      await expectHeading(page, say("昨天", "yesterday"));
    },
  },
  {
    name: "a card, an account and what is due are printed whole on sheets of A4",
    ways: ["zh", "en"].map((lang) => ({ lang, js: false })),
    async run({ page, world }) {
      const open = await openMeal(world, { reserved: 30 });
      const [{ id, full_name: name, card_number: number }] = open.people;
      const at = await atDesk(page, world, open);
      const printed = async (path) => {
        await page.goto(path);
        const sheets = await print(page);
        expect(sheets.every(({ width, height }) => width === 210 && height === 297), `${path} is not A4`);
        expectWhole(sheets);
        return sheets.map(textOf);
      };
      const card = await printed(`${at}/residents/${id}/card`);
      expect(card.length === 1, `the card is on ${card.length} sheets`);
      const [drawn] = await page.locator("img.paper-card").evaluateAll((pictures) => pictures.map(({ width, height }) => ({ width, height })));
      expect(drawn.width > 250 && drawn.height > 150, "the card is too small to be read");
      expect(card[0].includes(plain(name)), `the sheet does not say whose card ${number} it is`);
      const account = await printed(`${at}/residents/${id}/past`);
      expect(account.length === 1 && account[0].includes(plain(name)), "the account is not on one sheet");
      const due = await printed(`${at}/due`);
      for (const { full_name: who } of open.people) expect(due.some((sheet) => sheet.includes(plain(who))), `${who} is not on the list`);
      expect(due.length <= 3, `30 people are on ${due.length} sheets`);
    },
  },
  {
    name: "a password is changed; a wrong present one is told",
    async run({ page, world, say }) {
      const family = await world.newPerson();
      await page.goto("/sign-up");
      await page.locator("#display_name").fill("钱小明");
      await page.locator("#user_name").fill(family.user_name);
      await page.locator("#password").fill(family.password);
      await press(page, say("注册", "Sign up"));
      await page.goto("/me");
      await press(page, say("修改密码", "Change the password"));
      await page.locator("#present_password").fill("not-this-one-at-all");
      await page.locator("#new_password").fill("another-horse-battery");
      await press(page, say("确认修改密码", "Change the password"));
      await expectError(page, "present_password", say("现在的密码不对", "is not right"));
      await page.locator("#present_password").fill(family.password);
      await page.locator("#new_password").fill("another-horse-battery");
      await press(page, say("确认修改密码", "Change the password"));
      await expectText(page, say("密码已修改", "The password is changed"));
      await page.goto("/sign-out");
      await press(page, say("退出", "Sign out"));
      await page.goto("/sign-in");
      await signIn(page, { ...family, password: "another-horse-battery" });
      expect(page.url().includes("/home"), "the new password does not sign in");
    },
  },
  {
    name: "a one-time password leads to choosing one's own",
    async run({ page, world, say }) {
      const { user_name, one_time_password } = await newStaff(world);
      await page.goto("/me");
      await signIn(page, { user_name, password: one_time_password });
      await expectHeading(page, say("修改密码", "Change the password"));
      await expectText(page, say("一次性密码", "one-time password"));
      await page.goto("/home");
      await expectHeading(page, say("修改密码", "Change the password"));
      await page.locator("#present_password").fill(one_time_password);
      await page.locator("#new_password").fill("short");
      await press(page, say("确认修改密码", "Change the password"));
      await expectError(page, "new_password", "10");
      await page.locator("#present_password").fill(one_time_password);
      await page.locator("#new_password").fill("another-horse-battery");
      await press(page, say("确认修改密码", "Change the password"));
      await page.goto("/home");
      expect(!page.url().includes("/me/password"), "one is asked for a password again");
    },
  },
  {
    name: "a resident of another canteen presents their card",
    async run({ page, world, say }) {
      await atDesk(page, world);
      const guest = world.person("resident", 0, (one) => one.canteen_id !== desk(world).canteen);
      await page.locator("#q").fill(guest.card_number);
      await press(page, say("查找", "Find"));
      await expectText(page, say("登记在别的食堂", "Registered at another canteen"));
      await press(page, say("确认订餐", "Reserve this meal"));
      await expectText(page, say("已订好", "Reserved:"));
      await press(page, say("撤销", "Undo"));
      await expectText(page, say("已取消", "Cancelled:"));
      await page.goto(`${desk(world).at}/people/${guest.resident_id}`);
      expect((await page.locator("main form[method=post]").count()) === 0, "without the card they are known here");
    },
  },
  {
    name: "a full meal: somebody joins the waiting list at the desk, and leaves it",
    async run({ page, world, say }) {
      const open = await openCanteen(world);
      const { id: menu } = await fullMenu(open, 3);
      const { id: one } = await newResident(open);
      const at = await atDesk(page, world, open);
      await page.goto(`${at}/people/${one}?menu=${menu}`);
      await expectText(page, say("这一餐已订满", "This meal is full"));
      await press(page, say("排候补", "Join the waiting list"));
      await expectText(page, say("已排候补", "On the waiting list"));
      await page.goto(`${at}/people/${one}`);
      await expectText(page, say("在候补", "Waiting for"));
      await follow(page.locator("main a[href*='/waiting/']"));
      await press(page, say("退出候补", "Leave the waiting list"));
      await expectText(page, say("不再候补", "No longer waiting"));
    },
  },
  {
    name: "a standing order is made at the desk, paused and ended",
    async run({ page, world, say }) {
      const at = await atDesk(page, world);
      const { resident_id: one } = resident(world, CALLER);
      await page.goto(`${at}/residents/${one}/standing`);
      const orders = page.locator("main .meal");
      const before = await orders.count();
      await press(page, say("新的长期订餐", "Make a standing order"));
      await press(page, say("确认长期订餐", "Make this standing order"));
      expect(await page.locator("#errors").isVisible(), "an order without days is taken");
      await page.locator("input[name='days-lunch']").first().check();
      await page.locator("#from_on").fill("2027-03-01");
      await press(page, say("确认长期订餐", "Make this standing order"));
      await expectText(page, say("从 2027年3月1日", "From Monday 1 March 2027"));
      expect((await orders.count()) === before + 1, "the order is not listed");
      await follow(orders.filter({ hasText: "2027" }).first().locator("a"));
      await page.locator("#from_on").fill("2027-04-05");
      await page.locator("#to_on").fill("tomorrow");
      await press(page, say("确认暂停", "Pause it"));
      await expectError(page, "to_on", "2026-11-01");
      await page.locator("#to_on").fill("2027-04-11");
      await press(page, say("确认暂停", "Pause it"));
      await expectText(page, say("2027年4月11日 星期日 暂停", "to Sunday 11 April 2027"));
      await follow(orders.filter({ hasText: "2027" }).first().locator("a"));
      await press(page, say("取消暂停", "Take the pauses back"));
      expect(!(await page.locator("main").innerText()).includes(say("暂停：", "Paused from")), "it is still paused");
      await follow(orders.filter({ hasText: "2027" }).first().locator("a"));
      await press(page, say("结束长期订餐", "End this standing order"));
      await press(page, say("结束长期订餐", "End this standing order"));
      expect((await orders.count()) === before, "the order still stands");
    },
  },
  {
    name: "an officer verifies a fact that the desk entered, and ends it",
    async run({ page, world, say }) {
      const { canteen, at } = desk(world);
      const context = await world.visit({ who: desk(world).who, js: false });
      const there = await context.newPage();
      await there.goto(`${at}/residents/new`);
      await there.locator("#full_name").fill("吴测试");
      await there.locator("#born_on").fill("1939-07-08");
      await follow(there.locator("main form[method=post] button[type=submit]"));
      const facts = `${there.url().split("?")[0]}/facts`;
      await there.goto(`${facts}/new`);
      await there.locator("input[name=kind]:not([value=deceased])").first().check();
      await there.locator("#source").fill("区民政局");
      await there.locator("#evidence").fill("2026-18");
      await there.locator("#from_on").fill(DAY_WITHOUT_DEATH);
      await follow(there.locator("main form[method=post] button[type=submit]"));
      await context.close();
      const { city } = desk(world).who;
      await page.goto("/sign-in");
      await signIn(page, world.person("district", 0, (one) => one.city === city));
      await page.goto(facts);
      await press(page, say("核实", "Verify"));
      await press(page, say("确认核实", "Verify this fact"));
      await expectText(page, say("已核实", "verified"));
      await press(page, say("更正或结束", "Correct or end"));
      await page.locator("#to_on").fill("2026-10-01");
      await press(page, say("保存", "Save this fact"));
      await expectError(page, "to_on", say("早于", "before"));
      await page.locator("#to_on").fill("2026-11-30");
      await press(page, say("保存", "Save this fact"));
      await expectText(page, say("11月30日", "30 November"));
      expect(page.url().includes(canteen), "the officer is led away");
    },
  },
];
