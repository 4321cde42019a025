// Whoever begins an installation: in which there is nothing yet, so that each task and the walker bring their own.

import { startEmpty } from "../lib/demo.mjs";
import { expect, expectError, expectHeading, expectText, follow, press } from "../lib/tasks.mjs";
import { signIn } from "../lib/world.mjs";

export const name = "first-run";

export const open = startEmpty;

const LONGEST_LOADING_MS = 600_000;

const ADMIN = { role: "admin", user_name: "admin", password: "correct-horse-battery" };

// The first administrator, from the code that was printed.
async function makeAdmin(page, { base, code }) {
  await page.goto(`${base}/first-run`);
  await page.locator("#code").fill(code);
  await page.locator("#display_name").fill("陈主任");
  await page.locator("#user_name").fill(ADMIN.user_name);
  await page.locator("#password").fill(ADMIN.password);
  await follow(page.locator("main form button[type=submit]"));
}

async function makeCanteen(page) {
  const typed = { name: "金元食堂", city: "贵阳", district: "云岩", address: "金元路 1 号", phone: "0851-5550100" };
  for (const [field, text] of Object.entries(typed)) await page.locator(`#${field}`).fill(text);
  await follow(page.locator("main form button[type=submit]"));
}

export async function visitors() {
  return [{ name: "nobody", who: null }, { name: "administrator", who: null }];
}

export async function pages({ world, visitor }) {
  if (visitor.name === "nobody") {
    return [
      { name: "first run", path: "/", typed: ADMIN },
      { name: "load the demonstration", path: "/first-run/demo" },
      {
        name: "load the demonstration with errors", path: "/first-run/demo",
        prepare: (page) => follow(page.locator("main form button[type=submit]")),
      },
    ];
  }
  const context = await world.visit({ js: false });
  const page = await context.newPage();
  await page.goto("/first-run");
  // Somebody may have made it already, as forms are sent.
  if ((await page.locator("#code").count()) > 0) await makeAdmin(page, world);
  else await signIn(page, ADMIN);
  await page.goto("/first-run/canteen");
  await makeCanteen(page);
  await context.close();
  visitor.who = ADMIN;
  return [
    { name: "what to do next", path: "/first-run/next" },
    { name: "a canteen", path: "/first-run/canteen" },
    { name: "an account", path: "/first-run/people" },
    { name: "first run over", path: "/first-run" },
  ];
}

export const tasks = [
  {
    name: "an empty installation leads to the first administrator, the first canteen and an account that can sign in",
    async run({ page, world, say, lang }) {
      const empty = await startEmpty({ binary: world.binary });
      try {
        await page.context().addCookies([{ name: "leling-lang", value: lang, url: empty.base }]);
        await page.goto(empty.base);
        await expectHeading(page, say("第一次使用", "The first run"));
        await makeAdmin(page, { base: empty.base, code: "00000-00000" });
        await expectError(page, "code", say("启动码不对", "This code is not right"));
        await makeAdmin(page, empty);
        await expectHeading(page, say("设立食堂", "Make a canteen"));
        await page.locator("#lunch-from").fill("14:00");
        await makeCanteen(page);
        await expectError(page, "lunch-to", say("供餐结束要晚于开始", "serving ends after it starts"));
        await page.locator("#lunch-from").fill("11:30");
        await makeCanteen(page);
        await expectHeading(page, say("接下来做什么", "What to do next"));
        await expectText(page, "金元食堂");
        await press(page, say("开账户", "Make an account"));
        await page.locator("#display_name").fill("王芳");
        await page.locator("#user_name").fill("wang.fang");
        await press(page, say("开账户", "Make the account"));
        await expectError(page, "role", say("请选一项", "Choose one"));
        await page.locator("input[name=role][value=staff]").check();
        await press(page, say("开账户", "Make the account"));
        await expectHeading(page, say("账户开好了", "The account is made"));
        const password = (await page.locator("main dd code").last().innerText()).trim();
        await page.goto(`${empty.base}/first-run`);
        await expectHeading(page, say("已经有管理员了", "There is an administrator already"));
        await page.goto(`${empty.base}/`);
        await expectText(page, "金元食堂");
        await page.goto(`${empty.base}/home`);
        expect(page.url().includes("/first-run/next"), "an administrator does not begin where there is something to do");
        await page.goto(`${empty.base}/sign-out`);
        await press(page, say("退出", "Sign out"));
        await page.goto(`${empty.base}/sign-in`);
        await signIn(page, { user_name: "wang.fang", password });
        expect(!page.url().includes("/sign-in"), "the new account cannot sign in");
      } finally {
        await empty.stop();
      }
    },
  },
  {
    name: "an empty installation is given to the demonstration, which tells how to sign in",
    // It takes a minute.
    ways: [{ lang: "zh", js: false }],
    async run({ page, world, say, lang }) {
      const empty = await startEmpty({ binary: world.binary });
      try {
        await page.context().addCookies([{ name: "leling-lang", value: lang, url: empty.base }]);
        await page.goto(empty.base);
        await press(page, say("装入演示数据", "Load the demonstration"));
        await page.locator("#code").fill("00000-00000");
        await press(page, say("装入演示数据", "Load the demonstration"));
        await expectError(page, "code", say("启动码不对", "This code is not right"));
        await page.locator("#code").fill(empty.code);
        await page.locator("main form button[type=submit]").dblclick();
        const there = page.locator("h1", { hasText: say("演示数据装好了", "The demonstration is there") });
        await there.waitFor({ timeout: LONGEST_LOADING_MS });
        const values = await page.locator("section.meal").first().locator("dd code").allInnerTexts();
        // Nobody else is told.
        const stranger = await (await world.visit({ lang })).newPage();
        await stranger.goto(`${empty.base}/first-run/demo`);
        expect((await stranger.locator("main dd code").count()) === 0, "a stranger is told how to sign in");
        await stranger.context().close();
        await press(page, say("登录", "Sign in"));
        await signIn(page, { role: "resident", card_number: values[0], pin: values[1] });
        expect(page.url().includes("/people/"), "the resident cannot sign in");
        await expectText(page, say("订", "Reserve"));
      } finally {
        await empty.stop();
      }
    },
  },
];
