// Pages for everyone, signed in or not.

import { expect, expectError, expectHeading, expectText, follow, press } from "../lib/tasks.mjs";
import { signIn } from "../lib/world.mjs";

export const name = "everyone";

// Who walks through these pages.
export async function visitors(world) {
  return [{ name: "nobody", who: null }];
}

// Every page: a name of its own, its address, and its status unless that is 200.
export async function pages({ world }) {
  const [{ card_number, pin }, { user_name, password }] = [world.person("resident", 2), world.person("staff", 2)];
  const [canteen] = world.signIns.filter((signIn) => signIn.role === "staff").map((signIn) => signIn.canteen_id);
  return [
    { name: "canteens", path: "/" },
    { name: "canteen today", path: `/canteens/${canteen}` },
    { name: "canteen week", path: `/canteens/${canteen}/week` },
    { name: "canteen prices", path: `/canteens/${canteen}/prices` },
    { name: "canteen days", path: `/canteens/${canteen}/days` },
    { name: "help", path: "/help" },
    { name: "sign in", path: "/sign-in" },
    { name: "sign in by card", path: "/sign-in/card", typed: { card_number, pin } },
    { name: "sign in by name", path: "/sign-in/name", typed: { user_name, password } },
    { name: "sign up", path: "/sign-up" },
    {
      name: "sign up with errors", path: "/sign-up",
      prepare: (page) => follow(page.locator("main form button[type=submit]")),
    },
    { name: "no such page", path: "/nowhere", status: 404 },
  ];
}

export const tasks = [
  {
    name: "somebody reads today's menu, the prices and the opening days of a canteen",
    async run({ page, say }) {
      await page.goto("/");
      await expectHeading(page, say("各食堂菜单", "Canteens"));
      await follow(page.locator("main a.card").first());
      await expectHeading(page, say("今天的菜单", "the menu today"));
      await press(page, say("谁能来吃，多少钱", "Who may eat here and what it costs"));
      await expectText(page, say("人人都可以来就餐", "Everybody may eat here"));
      await press(page, say("什么时候开餐", "When it serves meals"));
      await expectText(page, say("供餐日", "Served on"));
      expect(await page.locator("footer .number").isVisible(), "the canteen's telephone number is not there");
    },
  },
  {
    name: "language and type size are chosen by links and kept",
    async run({ page, say }) {
      await page.goto("/");
      await follow(page.locator("header .letter-3"));
      expect(await page.locator("html.size-3").count() === 1, "the type is not larger");
      await follow(page.locator("header .language"));
      await expectHeading(page, say("Canteens", "各食堂菜单"));
      await page.goto("/help");
      await expectHeading(page, say("How to use this", "怎么用"));
      expect(await page.locator("html.size-3").count() === 1, "the type size was forgotten");
    },
  },
  {
    name: "a resident signs in with a card, first with a wrong PIN, and signs out",
    async run({ page, world, say }) {
      const who = world.person("resident", 1);
      await page.goto("/home");
      await signIn(page, { ...who, pin: "000000" });
      await expectError(page, "card_number", say("卡号或 PIN 不对", "is not right"));
      expect(await page.locator("#card_number").inputValue() === who.card_number, "the card number was forgotten");
      await page.locator("#pin").fill(who.pin);
      await follow(page.locator("main form button[type=submit]"));
      expect(page.url().includes("/people/"), "the resident is not led home");
      await page.goto("/sign-out");
      await press(page, say("退出", "Sign out"));
      await page.goto("/me");
      await expectHeading(page, say("怎么登录", "How do you sign in"));
    },
  },
  {
    name: "somebody signs up as family after mending the form",
    async run({ page, world, say }) {
      const who = await world.newPerson();
      await page.goto("/sign-up");
      await page.locator("#display_name").fill("王小明");
      await page.locator("#user_name").fill("!");
      await page.locator("#password").fill("short");
      await follow(page.locator("main form button[type=submit]"));
      await expectError(page, "user_name", say("3 到 40", "3 to 40"));
      expect(await page.locator("#display_name").inputValue() === "王小明", "the name was forgotten");
      await page.locator("#user_name").fill(who.user_name);
      await page.locator("#password").fill(who.password);
      await follow(page.locator("main form button[type=submit]"));
      await expectHeading(page, "王小明");
    },
  },
];
