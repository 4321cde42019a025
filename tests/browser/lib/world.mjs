// What tests know of the demonstration: its people, and how they come to pages.

import { chromium } from "playwright-core";

import { follow } from "./tasks.mjs";

export const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];

const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";

export class World {
  constructor({ base, code, binary, database, signIns, livedOn, browser, beside }) {
    this.base = base;
    // The file of its database.
    this.database = database;
    // What an installation in which there is nothing was started with.
    this.code = code;
    this.binary = binary;
    this.signIns = signIns;
    // The day before it is the last that is whole in the demonstration.
    this.livedOn = livedOn;
    this.browser = browser;
    // Starts another one of the service on the same database.
    this.beside = beside;
    this.browserPath = BROWSER;
    // Sessions are started once each: cookies by who it is.
    this.sessions = new Map();
  }

  // A browser in front of a service that was started.
  static async open(service) {
    const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
    return new World({ ...service, browser });
  }

  async close() {
    await this.browser.close();
  }

  // The n-th sign-in of a role, at a canteen if one is named by the beginning of its staff's user name.
  person(role, nth = 0, where = () => true) {
    const found = this.signIns.filter((signIn) => signIn.role === role).filter(where)[nth];
    if (!found) throw new Error(`the demonstration has no ${role} number ${nth}`);
    return found;
  }

  // A browser of its own: language, type size and script as told; `who` is a sign-in, or nobody.
  async visit({ lang = "zh", size = 1, js = true, width = 360, height = 780, who = null, ...more } = {}) {
    const context = await this.browser.newContext({
      baseURL: this.base,
      javaScriptEnabled: js,
      locale: lang === "zh" ? "zh-CN" : "en-GB",
      viewport: { width, height },
      ...more,
    });
    context.setDefaultTimeout(30_000);
    await context.addCookies([this.cookie("leling-lang", lang), this.cookie("leling-size", String(size))]);
    if (who) await context.addCookies(await this.cookies(who));
    return context;
  }

  cookie(name, value) {
    return { name, value, url: this.base };
  }

  async cookies(who) {
    const key = who.user_name ?? who.card_number;
    if (!this.sessions.has(key)) this.sessions.set(key, await this.signedIn(who));
    return this.sessions.get(key);
  }

  // Whoever has signed out, or has another password, signs in anew.
  forget(who) {
    this.sessions.delete(who?.user_name ?? who?.card_number);
  }

  async signedIn(who) {
    const context = await this.visit({ js: false });
    const page = await context.newPage();
    await signIn(page, who);
    const cookies = (await context.cookies()).filter((cookie) => cookie.name.includes("session"));
    await context.close();
    if (cookies.length === 0) throw new Error(`${who.role} could not sign in`);
    return cookies;
  }

  async newPerson() {
    return {
      role: "family", user_name: `test.${Math.random().toString(36).slice(2, 10)}`, password: "correct-horse-battery",
    };
  }
}

// Signs in on the pages as a person does, from wherever the page is on the way to sign in.
export async function signIn(page, who) {
  const byCard = Boolean(who.card_number);
  if (!page.url().includes("/sign-in")) await page.goto("/sign-in");
  await follow(page.locator(`a[href^="/sign-in/${byCard ? "card" : "name"}"]`));
  if (byCard) {
    await page.locator("#card_number").fill(who.card_number);
    await page.locator("#pin").fill(who.pin);
  } else {
    await page.locator("#user_name").fill(who.user_name);
    await page.locator("#password").fill(who.password);
  }
  await follow(page.locator("main form button[type=submit]"));
}
