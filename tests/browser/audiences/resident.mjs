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

// The addresses of a standing order, which is made for it with a day that is skipped; and of a place in a waiting list.
async function standingOrder(world, who, id) {
  const context = await world.visit({ who, js: false, lang: "en" });
  const page = await context.newPage();
  const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const asked = `meal=lunch&on-lunch=wed&on-lunch=thu&mode-lunch=dine_in&rule=cheapest&from=${day(1)}`;
  const check = `/people/${id}/standing/new/check?${asked}`;
  await page.goto(check);
  await page.locator("main form button[type=submit]").click();
  const order = new URL(page.url()).pathname;
  await page.goto(`${order}/skip`);
  const skipped = await page.locator("input[name=day]").last().inputValue();
  await page.goto(`${order}/check?do=skip&day=${skipped}`);
  await page.locator("main form button[type=submit]").click();
  const all = [
    { name: "standing order check", path: check },
    { name: "standing order made", path: `${order}?done=made` },
    { name: "a standing order", path: order },
    { name: "standing order pause", path: `${order}/pause` },
    { name: "standing order skip", path: `${order}/skip` },
    { name: "standing order resume", path: `${order}/resume` },
    { name: "standing order sure to pause", path: `${order}/check?do=pause&from=${day(1)}&to=${day(9)}` },
    { name: "standing order sure to end", path: `${order}/check?do=end` },
  ];
  const place = { canteen_id: (await canteenOf(page, id)) };
  const other = ({ canteen_id, resident_id }) => canteen_id === place.canteen_id && resident_id !== id;
  const { menu } = await fill(world, place, world.person("resident", 1, other));
  await page.goto(`/people/${id}/wait/${menu}`);
  if (page.url().includes("/wait/")) {
    const want = "want=cheapest&mode=dine_in";
    all.push({ name: "whether to wait", path: `/people/${id}/wait/${menu}` });
    all.push({ name: "waiting check", path: `/people/${id}/wait/${menu}/check?${want}` });
  }
  await context.close();
  return all;
}

// The canteen that a resident belongs to, as their home page names it.
async function canteenOf(page, id) {
  await page.goto(`/people/${id}`);
  const prices = await page.locator("main a[href^='/canteens/']").first().getAttribute("href");
  return prices.split("/")[2];
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
    { name: "standing orders", path: `/people/${id}/standing` },
    { name: "standing order, which days", path: `/people/${id}/standing/new?meal=lunch&step=days` },
    { name: "standing order, how", path: `/people/${id}/standing/new?meal=lunch&on-lunch=mon&step=how` },
    { name: "standing order, what", path: `/people/${id}/standing/new?meal=lunch&on-lunch=mon&mode-lunch=dine_in&step=what` },
    { name: "standing order, when", path: `/people/${id}/standing/new?meal=lunch&step=when` },
    { name: "standing order with errors", path: `/people/${id}/standing/new?meal=lunch&asked=days`, status: 422 },
    ...(await standingOrder(world, visitor.who, id)),
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

// What staff of a canteen do beside the pages: calls of the API.
async function desk(world, canteen) {
  const { user_name, password } = world.person("staff", 0, (staff) => staff.canteen_id === canteen);
  const call = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${world.base}/api/v1${path}`, {
      method, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return { etag: answer.headers.get("etag"), body: await answer.json() };
  };
  const { body } = await call("POST", "/auth/sign-in", { user_name, password });
  const authorization = `Bearer ${body.access_token}`;
  return (method, path, sent, headers) =>
    call(method, path, sent, { authorization, "idempotency-key": crypto.randomUUID(), ...headers });
}

// Makes the last menu that `who` can still reserve a full one, by its capacity; gives its page and how to open it again.
async function fill(world, who, taker) {
  const call = await desk(world, who.canteen_id);
  const on = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const { body } = await call("GET", `/canteens/${who.canteen_id}/menus?from=${on(0)}&to=${on(13)}`);
  const open = body.items.filter(({ status, cutoff_at }) =>
    status === "published" && new Date(cutoff_at) > Date.now() + 3_600_000);
  const menu = open.at(-1);
  if (!menu) throw new Error("the demonstration has no menu to fill");
  if (menu.places_left === menu.capacity) {
    await call("POST", "/reservations", {
      menu_id: menu.id, resident_id: taker.resident_id, mode: menu.modes[0], channel: "desk",
      lines: [{ item_id: menu.items[0].id, portions: 1 }], confirmed_allergens: menu.items[0].allergens,
    });
  }
  const resize = async (size) => {
    const { etag, body } = await call("GET", `/menus/${menu.id}`);
    const items = body.items.map(({ portions_left, ...item }) => item);
    await call("PUT", `/menus/${menu.id}`, {
      capacity: size(body), modes: body.modes, note: body.note || null, items,
    }, { "if-match": etag });
  };
  await resize(({ capacity, places_left }) => capacity - places_left);
  return { menu: menu.id, reopen: () => resize(() => menu.capacity) };
}

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
  {
    name: "a resident waits for a place of a full meal, sees the rank, and leaves the list",
    async run({ page, world, say }) {
      // Who waited leaves the list, and can wait again.
      const who = world.person("resident", 1, ({ canteen_id }) => canteen_id === world.person("staff").canteen_id);
      const taker = world.person("resident", 0, ({ canteen_id }) => canteen_id === who.canteen_id);
      const { menu, reopen } = await fill(world, who, taker);
      await page.goto("/home");
      await signIn(page, who);
      await page.goto(`/people/${who.resident_id}/reserve`);
      await page.locator(`main a.card[href*="/wait/${menu}"]`).click();
      await expectHeading(page, say("要候补吗", "Wait for a place?"));
      await press(page, say("下一步", "Next"));
      await expectError(page, "want", say("请选一项", "Choose one"));
      await page.locator("input[name=want]").first().check();
      await press(page, say("下一步", "Next"));
      if (page.url().includes("/how")) await press(page, say("下一步", "Next"));
      await expectHeading(page, say("这样候补，对不对", "Wait like this?"));
      await press(page, say("确认候补", "Wait for a place"));
      await expectHeading(page, say("已经排上候补", "You are on the waiting list"));
      await expectText(page, say("您排在第 1 位", "You are number 1 of 1"));
      await page.goto("/home");
      await expectText(page, say("候补中的餐", "Meals you wait for"));
      await page.goto(`/people/${who.resident_id}/meals`);
      await page.locator("main a.card[href*='/waiting/']").click();
      await press(page, say("退出候补", "Leave the waiting list"));
      await press(page, say("确认退出", "Leave the waiting list"));
      await expectText(page, say("您已经退出候补", "You left the waiting list"));
      // Who opens a bookmark of the full meal is asked whether to wait.
      await page.goto(`/people/${who.resident_id}/reserve/${menu}`);
      await expectHeading(page, say("要候补吗", "Wait for a place?"));
      await page.locator("input[name=want]").first().check();
      await press(page, say("下一步", "Next"));
      if (page.url().includes("/how")) await press(page, say("下一步", "Next"));
      await press(page, say("确认候补", "Wait for a place"));
      const entry = page.url();
      await reopen();
      await page.goto(entry);
      await expectText(page, say("候补成功", "A place became free"));
      await press(page, say("看这一餐", "See this meal"));
      await press(page, say("取消这一餐", "Cancel this meal"));
      await press(page, say("确认取消", "Cancel this meal"));
      await expectHeading(page, say("已经取消", "It is cancelled"));
    },
  },
  {
    name: "a resident makes a standing order, skips a day, pauses, takes it back, and ends it",
    async run({ page, world, say }) {
      const who = world.person("resident", used++);
      await page.goto("/home");
      await signIn(page, who);
      await press(page, say("长期订餐", "Standing orders"));
      await press(page, say("新的长期订餐", "Make a standing order"));
      // A canteen that serves one meal does not ask which.
      if (page.url().endsWith("/new") && (await page.locator("input[name=meal][type=radio]").count()) > 0) {
        await page.locator("input[name=meal][value=lunch]").check();
        await press(page, say("下一步", "Next"));
      }
      await expectHeading(page, say("每周哪几天", "On which days of the week"));
      await press(page, say("下一步", "Next"));
      await expectError(page, "on-lunch", say("至少选一天", "at least one day"));
      for (const day of await page.locator("input[name=on-lunch]").all()) await day.check();
      await press(page, say("下一步", "Next"));
      if ((await page.locator("input[name=mode-lunch]").count()) > 1) {
        await page.locator("input[name=mode-lunch]").first().check();
        await press(page, say("下一步", "Next"));
      }
      await expectHeading(page, say("自动订什么", "What should be reserved"));
      await page.locator("input[name=rule][value=cheapest]").check();
      await press(page, say("下一步", "Next"));
      await expectHeading(page, say("从哪天到哪天", "From when to when"));
      await page.locator("#to").fill("2001-01-01");
      await press(page, say("下一步", "Next"));
      await expectError(page, "to", say("今天或以后", "Choose today or a later day"));
      await page.locator("#to").fill("");
      await press(page, say("下一步", "Next"));
      await expectHeading(page, say("这样长期订餐，对不对", "Is this standing order right"));
      await press(page, say("确认长期订餐", "Make this standing order"));
      await expectHeading(page, say("长期订餐办好了", "The standing order is made"));
      await expectText(page, say("已经订好的餐", "What it has reserved"));
      const order = page.url().replace(/\?.*/, "");
      const reserved = await page.locator("main a.card[href*='/meals/']").count();
      expect(reserved > 0, "nothing was reserved on menus that are published");

      await press(page, say("跳过单独几天", "Skip single days"));
      await press(page, say("下一步", "Next"));
      await expectError(page, "day", say("至少选一项", "at least one"));
      for (const day of await page.locator("input[name=day]").all()) await day.check();
      await press(page, say("下一步", "Next"));
      await expectText(page, say("也取消这些餐吗", "Cancel these meals as well"));
      await page.locator("input[name=cancel][value=no]").check();
      await press(page, say("确认跳过", "Skip these days"));
      await expectHeading(page, say("已经跳过", "The days are skipped"));
      expect((await page.locator("main a.card[href*='/meals/']").count()) === reserved, "a meal was cancelled unasked");

      await press(page, say("恢复暂停或跳过的日子", "Take a pause or a skipped day back"));
      for (const day of await page.locator("input[name=day]").all()) await day.check();
      await press(page, say("下一步", "Next"));
      await press(page, say("确认恢复", "Take them back"));
      await expectHeading(page, say("已经恢复", "It goes on"));

      const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
      await press(page, say("暂停几天", "Pause it"));
      await page.locator("#from").fill(day(40));
      await page.locator("#to").fill(day(30));
      await press(page, say("下一步", "Next"));
      await expectError(page, "to", say("不能早于", "cannot be before"));
      await page.locator("#from").fill(day(1));
      await page.locator("#to").fill(day(40));
      await press(page, say("下一步", "Next"));
      await page.locator("input[name=cancel][value=yes]").check();
      await press(page, say("确认暂停", "Pause it"));
      await expectHeading(page, say("已经暂停", "It is paused"));
      expect((await page.locator("main a.card[href*='/meals/']").count()) === 0, "a meal of the pause is still reserved");

      await page.goto(`${order}/check?do=end`);
      await press(page, say("确认结束", "End it"));
      await expectHeading(page, say("长期订餐已经结束", "The standing order has ended"));
    },
  },
  {
    name: "somebody signs up, asks for a link, the resident's PIN agrees, the resident ends it",
    async run({ page, world, say }) {
      const who = world.person("resident", used++);
      const family = await world.newPerson();
      await page.goto("/sign-up");
      await page.locator("#display_name").fill("李晓明");
      await page.locator("#user_name").fill(family.user_name);
      await page.locator("#password").fill(family.password);
      await page.locator("main form button[type=submit]").click();
      const born = await bornOn(world, who);
      const ask = async () => {
        await page.goto("/family/ask");
        await page.locator("#card_number").fill(who.card_number);
        await page.locator("#born_on").fill(born);
        await page.locator("input[name=relation]").first().check();
        await press(page, say("提交申请", "Ask"));
        await expectText(page, say("已申请", "Asked"));
      };
      await ask();
      await press(page, say("用 PIN 马上同意", "Agree at once"));
      await page.locator("input[name=reasons][value=no]").check();
      await page.locator("#pin").fill(who.pin === "000000" ? "111111" : "000000");
      await press(page, say("同意", "Agree"));
      await expectError(page, "pin", say("PIN 不对", "The PIN is not right"));
      await page.locator("#pin").fill(who.pin);
      await press(page, say("同意", "Agree"));
      expect(page.url().includes(`/people/${who.resident_id}`), "the link does not lead to the resident");
      await reserveNext(page);
      await press(page, say("取消这一餐", "Cancel this meal"));
      await press(page, say("确认取消", "Cancel this meal"));

      const resident = await world.visit({ who, js: false, lang: say("zh", "en") });
      const own = await resident.newPage();
      await own.goto(`/people/${who.resident_id}/family`);
      await expectText(own, "李晓明");
      await own.locator("section.meal", { hasText: "李晓明" }).getByRole("link").last().click();
      await press(own, say("确认", "Confirm"));
      await page.goto("/family");
      await expectText(page, say("您还没有申请过", "You have not asked for any"));

      // Asked again: this time the resident agrees on their own page.
      await ask();
      await own.goto(`/people/${who.resident_id}/family`);
      await press(own, say("回答", "Answer"));
      await press(own, say("确认", "Confirm"));
      await expectError(own, "answer", say("请选一项", "Choose one"));
      await own.locator("input[name=answer][value=reasons]").check();
      await press(own, say("确认", "Confirm"));
      await expectText(own, say("可以看价格的理由", "may see the reasons for prices"));
      await resident.close();
      await page.goto("/family");
      await press(page, say("不再代订", "End it"));
      await press(page, say("确认", "Confirm"));
      await expectText(page, say("您还没有申请过", "You have not asked for any"));
    },
  },
];

// A resident's birth date, as the desk has it on record.
async function bornOn(world, who) {
  const call = await desk(world, who.canteen_id);
  return (await call("GET", `/residents/${who.resident_id}`)).body.born_on;
}
