// What tests prepare through the API: what pages only show.

import { randomUUID } from "node:crypto";

export class Api {
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  // Signs in with user name and password.
  static async of(world, { user_name, password }) {
    const { access_token } = await new Api(world.base).post("/auth/sign-in", { user_name, password });
    return new Api(world.base, access_token);
  }

  get(path) {
    return this.ask("GET", path);
  }

  post(path, body = null) {
    return this.ask("POST", path, body);
  }

  async ask(method, path, body) {
    const headers = { "content-type": "application/json" };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (method === "POST") headers["idempotency-key"] = randomUUID();
    const asked = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    const answer = await fetch(`${this.base}/api/v1${path}`, asked);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} is answered with ${answer.status}: ${text.slice(0, 300)}`);
    return text ? JSON.parse(text) : null;
  }
}

// A civil day so many days after another.
export function later(on, days) {
  const day = new Date(`${on}T12:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

// The day that it is at a canteen of the demonstration.
export function today() {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(new Date());
}

// The Monday of a day's week.
export function monday(on) {
  return later(on, -((new Date(`${on}T12:00:00Z`).getUTCDay() + 6) % 7));
}
