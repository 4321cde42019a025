// Residents, and families for them.

import { Api, later } from "../lib/api.mjs";
import { fullMenu, newFamily, newResident, oncePerWorld, openCanteen, postMenu, reserveAt } from "../lib/canteen.mjs";
import { expectWhole, plain, print, textOf } from "../lib/paper.mjs";
import { expect, expectError, expectHeading, expectText, follow, press } from "../lib/tasks.mjs";
import { signIn } from "../lib/world.mjs";

export const name = "resident";

const MEAL = {
  period: "lunch", serves_from: "11:00", serves_to: "13:00", cutoff: { service_days_before: 1, at: "16:00" },
  default_capacity: 100, modes: ["dine_in", "takeaway"], weekdays: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
};

// A canteen with lunch and dinner, and their menus of the next days. Who is in a task was never in another.
async function openHouse(world, days = 8) {
  const periods = [MEAL, { ...MEAL, period: "dinner", serves_from: "17:00", serves_to: "18:30" }];
  const open = await openCanteen(world, { nth: 1, periods });
  open.menus = [];
  for (let ahead = 1; ahead <= days; ahead += 1) open.menus.push(await postMenu(open, ahead));
  await postMenu(open, 2, { period: "dinner" });
  return open;
}

const opened = oncePerWorld((world) => openHouse(world));

// Somebody new with card and PIN, who cannot eat fish; a returning one has reserved something before.
async function newcomer(open) {
  return newResident(open, { pin: true, allergens: ["fish"], diet_tags: ["soft"] });
}

async function returning(open) {
  const who = await newcomer(open);
  const { id } = await reserveAt(open, open.menus[2], who);
  await open.desk.post(`/reservations/${id}/cancel`);
  return who;
}

// From home: the large button, whatever is asked, and the button that reserves. Gives how many times something was pressed.
async function reserveNext(page) {
  let taps = 1;
  await follow(page.locator("main a.button").first());
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
    await follow(page.locator("main form button[type=submit]").first());
    taps += 1;
  }
  return taps;
}

export async function visitors(world) {
  const open = await opened(world);
  const [resident, father, mother] = [await newcomer(open), await newcomer(open), await newcomer(open)];
  // Who lived through the month of the demonstration.
  const eater = world.person("resident", 0);
  return [
    { name: "resident", who: resident, resident },
    { name: "family", who: await newFamily(world, open, [father, mother]), resident: father },
    { name: "eater", who: eater, eater },
  ];
}

export async function pages({ world, visitor: { name: visitor, who, resident, eater } }) {
  if (eater) {
    const home = `/people/${eater.resident_id}`;
    return [
      { name: "home", path: home },
      { name: "past meals", path: `${home}/past` },
      { name: "my meals", path: `${home}/meals` },
    ];
  }
  const open = await opened(world);
  const home = `/people/${resident.id}`;
  const meal = `${home}/meals/${(await reserveAt(open, open.menus[1], resident)).id}`;
  const { items: [safe, avoided] } = open.menus[2];
  const menu = `${home}/reserve/${open.menus[2].id}`;
  const all = [
    { name: "home", path: home },
    { name: "which meal", path: `${home}/reserve` },
    { name: "which canteen", path: `${home}/reserve/elsewhere` },
    { name: "what to eat", path: menu },
    { name: "what to eat with errors", path: `${menu}/how`, status: 422 },
    { name: "how", path: `${menu}/how?set=${safe.id}` },
    { name: "how many", path: `${menu}/portions?set=${safe.id}` },
    { name: "check", path: `${menu}/check?set=${safe.id}&mode=dine_in` },
    { name: "sure", path: `${menu}/sure?set=${avoided.id}&mode=dine_in` },
    { name: "my meals", path: `${home}/meals` },
    { name: "a meal", path: meal },
    { name: "a meal reserved", path: `${meal}?done=placed` },
    { name: "cancel", path: `${meal}/cancel` },
    ...(await standingOrder(open, resident)),
    ...(await waiting(open, resident)),
    { name: "past meals", path: `${home}/past` },
    { name: "me", path: "/me" },
    { name: "sign out", path: "/sign-out" },
  ];
  if (visitor === "resident") {
    const asked = await askLink(world, await newFamily(world, open, []), resident);
    const { links: [stands] } = await newFamily(world, open, [resident]);
    return [
      ...all,
      { name: "my family", path: `${home}/family` },
      { name: "answer a request", path: `${home}/family/${asked}` },
      { name: "end a link of my family", path: `${home}/family/${stands}/end` },
    ];
  }
  const [stranger, other] = [await newcomer(open), await newcomer(open)];
  const asked = await askLink(world, who, stranger);
  return [
    ...all,
    { name: "whom first", path: "/home" },
    { name: "my links", path: "/family" },
    { name: "ask", path: "/family/ask", typed: { card_number: other.card_number, born_on: other.born_on } },
    { name: "agree with a PIN", path: `/family/${asked}/pin`, typed: { pin: stranger.pin } },
    { name: "take a request back", path: `/family/${asked}/end` },
    { name: "end a link", path: `/family/${who.links[0]}/end` },
    { name: "nobody else's", path: `${home.slice(0, -4)}0000`, status: 404 },
  ];
}

// A family member asks to act for a resident. Gives the id of the link.
async function askLink(world, family, { card_number, born_on }) {
  const asked = await (await Api.of(world, family)).post("/family-links", { card_number, born_on, relation: "child" });
  return asked.id;
}

// The pages of a standing order, which is made for it, with a day that is skipped.
async function standingOrder({ desk, canteen, today }, resident) {
  const home = `/people/${resident.id}/standing`;
  const day = (days) => later(today, days);
  const terms = {
    from_on: day(5), item_rule: "cheapest", meals: [{ period: "lunch", mode: "dine_in", weekdays: MEAL.weekdays }],
  };
  const { order: { id } } = await desk.post("/standing-orders", { canteen_id: canteen.id, resident_id: resident.id, ...terms });
  await desk.change(`/standing-orders/${id}`, () => ({
    ...terms, skips: [day(9)], pauses: [{ from_on: day(20), to_on: day(22) }], cancel_reserved: false,
  }));
  const order = `${home}/${id}`;
  const answers = `meal=lunch&on-lunch=wed&on-lunch=thu&mode-lunch=dine_in&rule=cheapest&from=${day(1)}`;
  return [
    { name: "standing orders", path: home },
    { name: "standing order, which meal", path: `${home}/new` },
    { name: "standing order, which days", path: `${home}/new?meal=lunch&step=days` },
    { name: "standing order, how", path: `${home}/new?meal=lunch&on-lunch=mon&step=how` },
    { name: "standing order, what", path: `${home}/new?meal=lunch&on-lunch=mon&mode-lunch=dine_in&step=what` },
    { name: "standing order, when", path: `${home}/new?meal=lunch&step=when` },
    { name: "standing order with errors", path: `${home}/new?meal=lunch&asked=days`, status: 422 },
    { name: "standing order check", path: `${home}/new/check?${answers}` },
    { name: "standing order change", path: `${home}/new/check?order=${id}&version=2&${answers}` },
    { name: "standing order made", path: `${order}?done=made` },
    { name: "a standing order", path: order },
    { name: "standing order pause", path: `${order}/pause` },
    { name: "standing order skip", path: `${order}/skip` },
    { name: "standing order resume", path: `${order}/resume` },
    { name: "standing order sure to pause", path: `${order}/check?do=pause&from=${day(1)}&to=${day(9)}` },
    { name: "standing order sure to skip", path: `${order}/check?do=skip&day=${day(7)}` },
    { name: "standing order sure to resume", path: `${order}/check?do=resume&day=${day(9)}` },
    { name: "standing order sure to end", path: `${order}/check?do=end` },
  ];
}

// A day on which no dinner was posted yet.
const nextFull = (open) => (open.lastFull = (open.lastFull ?? 13) - 1);

// The pages of waiting lists: of one menu that is full, and of another for which the resident waits.
async function waiting(open, resident) {
  const [asked, joined] = [await fullMenu(open, nextFull(open), "dinner"), await fullMenu(open, nextFull(open), "dinner")];
  const { id } = await open.desk.post(`/menus/${joined.id}/waiting`, {
    resident_id: resident.id, mode: "dine_in", lines: [{ item_id: joined.items[0].id, portions: 1 }],
  });
  const page = `/people/${resident.id}/wait/${asked.id}`;
  const entry = `/people/${resident.id}/waiting/${id}`;
  return [
    { name: "whether to wait", path: page },
    { name: "how to wait", path: `${page}/how?want=cheapest` },
    { name: "waiting check", path: `${page}/check?want=cheapest&mode=dine_in` },
    { name: "waiting", path: entry },
    { name: "leave the waiting list", path: `${entry}/leave` },
  ];
}

export const tasks = [
  {
    name: "a returning resident reserves in three taps, looks at the price, and cancels",
    async run({ page, world, say }) {
      await page.goto("/home");
      await signIn(page, await returning(await opened(world)));
      await expectHeading(page, say("您好", "Hello"));
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
      expect((await page.locator("main a.card[href*='/meals/']").count()) === 0, "a meal is left over");
    },
  },
  {
    name: "a resident chooses what and how, changes it, and finds it among their meals",
    async run({ page, world, say }) {
      const who = await newcomer(await opened(world));
      await page.goto("/home");
      await signIn(page, who);
      await press(page, say("订别的餐", "Reserve another meal"));
      await follow(page.locator("main a.card[href*='/reserve/']").last());
      await press(page, say("下一步", "Next"));
      await expectError(page, "set", say("请至少选一样", "Choose at least one"));
      await page.locator("input[name=set]").first().check();
      await press(page, say("下一步", "Next"));
      await press(page, say("下一步", "Next"));
      await press(page, say("确认订餐", "Reserve this meal"));
      await expectHeading(page, say("订好了", "It is reserved"));
      await press(page, say("修改这一餐", "Change this meal"));
      // What the record says to avoid is asked about by name.
      await page.locator("input[name=set]").nth(1).check();
      await press(page, say("下一步", "Next"));
      await press(page, say("下一步", "Next"));
      expect(page.url().includes("/sure"), "nobody asks about the fish");
      for (const box of await page.locator("input[name=sure]").all()) await box.check();
      await press(page, say("确认，继续", "Confirm and go on"));
      await press(page, say("确认修改", "Change this meal"));
      await expectHeading(page, say("改好了", "It is changed"));
      await expectText(page, "清蒸鱼套餐");
      await page.goto(`/people/${who.id}/meals`);
      expect((await page.locator("main a.card").count()) === 1, "the meal is not listed");
    },
  },
  {
    name: "a form that is sent twice at once reserves one meal",
    async run({ page, context, world, say }) {
      await page.goto("/home");
      await signIn(page, await returning(await opened(world)));
      await follow(page.locator("main a.button").first());
      const fields = await page.locator("main form[method=post] input").evaluateAll((inputs) =>
        inputs.map(({ name, value }) => [name, value]));
      expect(fields.length > 0, "the button does not lead to the check");
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
    name: "a family member with two parents chooses whom first, and sees whom it is for",
    async run({ page, world, say }) {
      const open = await opened(world);
      const [father, mother] = [await newcomer(open), await newcomer(open)];
      await page.goto("/home");
      await signIn(page, await newFamily(world, open, [father, mother]));
      await expectHeading(page, say("替谁订餐", "whom"));
      expect((await page.locator("main a.card").count()) === 2, "the parents are not told apart");
      await press(page, mother.full_name);
      await expectHeading(page, mother.full_name);
      await reserveNext(page);
      await expectText(page, mother.full_name);
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
    name: "a resident's account is printed whole, every meal with its amounts in one row",
    ways: ["zh", "en"].map((lang) => ({ lang, js: false })),
    async run({ page, world, say }) {
      const who = world.person("resident", 0);
      await page.context().addCookies(await world.cookies(who));
      await page.goto(`/people/${who.resident_id}/past`);
      const rows = await page.locator("table.passbook tbody tr").allInnerTexts();
      expect(rows.length > 0, "the month has no meals");
      const sheets = await print(page);
      expect(sheets[0].width === 210 && sheets[0].height === 297, "it is not A4");
      expect(sheets.length <= Math.ceil((rows.length + 3) / 13), `${rows.length} meals are on ${sheets.length} sheets`);
      expectWhole(sheets);
      const all = sheets.map(textOf);
      // What stands in a row stands on one sheet.
      const words = rows.map((row) => row.split(/\n|\t/).map(plain).filter(Boolean));
      for (const row of words) expect(all.some((sheet) => row.every((word) => sheet.includes(word))), `${row} is not on one sheet`);
      expect(all.at(-1).includes(plain(say("合计", "Together"))), "there is no sum");
    },
  },
  {
    name: "somebody asks to reserve for a resident with a wrong card, and is told",
    async run({ page, world, say }) {
      await page.goto("/home");
      await signIn(page, await newFamily(world, await opened(world), []));
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
      // A house of its own: its menus are filled.
      const open = await openHouse(world, 2);
      const who = await newcomer(open);
      const { id: menu } = await fullMenu(open, 12, "dinner");
      await page.goto("/home");
      await signIn(page, who);
      await page.goto(`/people/${who.id}/reserve`);
      await follow(page.locator(`main a.card[href*="/wait/${menu}"]`));
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
      await page.goto(`/people/${who.id}/meals`);
      await follow(page.locator("main a.card[href*='/waiting/']"));
      await press(page, say("退出候补", "Leave the waiting list"));
      await press(page, say("确认退出", "Leave the waiting list"));
      await expectText(page, say("您已经退出候补", "You left the waiting list"));
      // Who opens a bookmark of the full meal is asked whether to wait.
      await page.goto(`/people/${who.id}/reserve/${menu}`);
      await expectHeading(page, say("要候补吗", "Wait for a place?"));
      await page.locator("input[name=want]").first().check();
      await press(page, say("下一步", "Next"));
      if (page.url().includes("/how")) await press(page, say("下一步", "Next"));
      await press(page, say("确认候补", "Wait for a place"));
      const entry = page.url();
      await open.desk.change(`/menus/${menu}`, ({ capacity, modes, note, items }) => ({
        capacity: capacity + 1, modes, note: note || null, items: items.map(({ portions_left, ...item }) => item),
      }));
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
      const open = await opened(world);
      const { today } = open;
      const who = await newcomer(open);
      await page.goto("/home");
      await signIn(page, who);
      await press(page, say("长期订餐", "Standing orders"));
      await press(page, say("新的长期订餐", "Make a standing order"));
      await expectHeading(page, say("每周订哪几餐", "Which meals every week"));
      await page.locator("input[name=meal][value=lunch]").check();
      await press(page, say("下一步", "Next"));
      await expectHeading(page, say("每周哪几天", "On which days of the week"));
      await press(page, say("下一步", "Next"));
      await expectError(page, "on-lunch", say("至少选一天", "at least one day"));
      for (const day of await page.locator("input[name=on-lunch]").all()) await day.check();
      await press(page, say("下一步", "Next"));
      await page.locator("input[name=mode-lunch]").first().check();
      await press(page, say("下一步", "Next"));
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

      // Another dish on the same days: what is reserved stays.
      await press(page, say("改日子、改菜", "Change the days or the food"));
      await expectHeading(page, say("改成这样，对不对", "Change it to this"));
      await follow(page.locator("main a[href*='step=what']"));
      await page.locator("input[name=rule][value=set_meal]").check();
      await press(page, say("下一步", "Next"));
      await press(page, say("确认修改", "Change it"));
      await expectHeading(page, say("长期订餐改好了", "The standing order is changed"));
      expect((await page.locator("main a.card[href*='/meals/']").count()) === reserved, "a change of dish cancelled a meal");

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

      const day = (days) => later(today, days);
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
      const who = await newcomer(await opened(world));
      const family = await world.newPerson();
      await page.goto("/sign-up");
      await page.locator("#display_name").fill("李晓明");
      await page.locator("#user_name").fill(family.user_name);
      await page.locator("#password").fill(family.password);
      await follow(page.locator("main form button[type=submit]"));
      const ask = async () => {
        await page.goto("/family/ask");
        await page.locator("#card_number").fill(who.card_number);
        await page.locator("#born_on").fill(who.born_on);
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
      expect(page.url().includes(`/people/${who.id}`), "the link does not lead to the resident");
      await reserveNext(page);
      await press(page, say("取消这一餐", "Cancel this meal"));
      await press(page, say("确认取消", "Cancel this meal"));

      const resident = await world.visit({ who, js: false, lang: say("zh", "en") });
      const own = await resident.newPage();
      await own.goto(`/people/${who.id}/family`);
      await expectText(own, "李晓明");
      await follow(own.locator("section.meal", { hasText: "李晓明" }).getByRole("link").last());
      await press(own, say("确认", "Confirm"));
      await page.goto("/family");
      await expectText(page, say("您还没有申请过", "You have not asked for any"));

      // Asked again: this time the resident agrees on their own page.
      await ask();
      await own.goto(`/people/${who.id}/family`);
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
