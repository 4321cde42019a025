// What tests prepare and look up through the API: what pages only show.

import { randomUUID } from "node:crypto";

export class Api {
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  // Signs in: with user name and password, or with card number and PIN.
  static async of(world, { user_name, password, card_number, pin }) {
    const secret = card_number ? { card_number, pin } : { user_name, password };
    const { access_token } = await new Api(world.base).post("/auth/sign-in", secret);
    return new Api(world.base, access_token);
  }

  async get(path) {
    return (await this.ask("GET", path)).body;
  }

  async post(path, body) {
    return (await this.ask("POST", path, body)).body;
  }

  async delete(path) {
    await this.ask("DELETE", path);
  }

  // Reads something and puts what `change` makes of it in its place.
  async change(path, change) {
    const { etag, body } = await this.ask("GET", path);
    return (await this.ask("PUT", path, change(body), { "if-match": etag })).body;
  }

  // Every item of a list, page after page.
  async all(path) {
    const items = [];
    let cursor = "";
    do {
      const page = await this.get(`${path}${path.includes("?") ? "&" : "?"}limit=200${cursor}`);
      items.push(...page.items);
      cursor = page.next ? `&cursor=${encodeURIComponent(page.next)}` : "";
    } while (cursor);
    return items;
  }

  async ask(method, path, body, more = {}) {
    const headers = { "content-type": "application/json", "idempotency-key": randomUUID(), ...more };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    const asked = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    const answer = await fetch(`${this.base}/api/v1${path}`, asked);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} is answered with ${answer.status}: ${text.slice(0, 300)}`);
    const json = answer.headers.get("content-type")?.includes("json");
    return { etag: answer.headers.get("etag"), body: json ? JSON.parse(text) : text };
  }
}

// A civil day so many days after another.
export function later(on, days) {
  const day = new Date(`${on}T12:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

// The day that it is in a time zone, or was at an instant; unless told otherwise, in that of the demonstration's canteens.
export function today(zone = "Asia/Shanghai", at = new Date()) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(at);
}

// The Monday of a day's week.
export function monday(on) {
  return later(on, -((new Date(`${on}T12:00:00Z`).getUTCDay() + 6) % 7));
}
