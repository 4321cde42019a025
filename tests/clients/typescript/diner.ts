// A small program on the generated TypeScript types: sign in, read the menus, reserve, read it back, hear a refusal,
// cancel.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import createClient from "openapi-fetch";

import type { components, paths } from "./schema.js";

type Menu = components["schemas"]["Menu"];
type Problem = components["schemas"]["Problem"];
type SignIn = { role: string; card_number: string; pin: string };

const [base, signIns] = process.argv.slice(2);
if (!base || !signIns) throw new Error("usage: diner <base url> <sign-ins file>");

const expected: Problem["code"][] = ["already_reserved", "diet_conflict", "mode_not_offered"];
const key = () => ({ "Idempotency-Key": randomUUID() });
const day = (later: number) => new Date(Date.now() + later * 86_400_000).toISOString().slice(0, 10);

async function signedIn(someone: SignIn) {
  const client = createClient<paths>({ baseUrl: base });
  const { data, error } = await client.POST("/api/v1/auth/sign-in", {
    body: { card_number: someone.card_number, pin: someone.pin },
  });
  if (!data) throw new Error(error.detail);
  const authorization = `Bearer ${data.access_token}`;
  client.use({ onRequest: ({ request }) => void request.headers.set("Authorization", authorization) });
  return client;
}

type Client = Awaited<ReturnType<typeof signedIn>>;

async function openMenus(client: Client, canteen: string): Promise<Menu[]> {
  const { data, error } = await client.GET("/api/v1/canteens/{id}/menus", {
    params: { path: { id: canteen }, query: { from: day(0), to: day(14) } },
  });
  if (!data) throw new Error(error.detail);
  return data.items.filter((menu) => new Date(menu.cutoff_at) > new Date() && menu.places_left > 0);
}

function reserve(client: Client, resident: string, menu: Menu) {
  const [first] = menu.items;
  if (!first) throw new Error("a menu without items");
  return client.POST("/api/v1/reservations", {
    params: { header: key() },
    body: { menu_id: menu.id, resident_id: resident, lines: [{ item_id: first.id, portions: 1 }] },
  });
}

async function dine(someone: SignIn): Promise<boolean> {
  const client = await signedIn(someone);
  const me = await client.GET("/api/v1/me");
  const resident = me.data?.resident;
  if (!resident) throw new Error("no resident");
  for (const menu of await openMenus(client, resident.canteen_id)) {
    const made = await reserve(client, resident.id, menu);
    if (!made.data) {
      if (!expected.includes(made.error.code)) throw new Error(made.error.detail);
      continue;
    }
    const back = await client.GET("/api/v1/reservations/{id}", { params: { path: { id: made.data.id } } });
    if (back.data?.menu_id !== menu.id) throw new Error("what was reserved cannot be read back");
    const again = await reserve(client, resident.id, menu);
    if (again.error?.code !== "already_reserved") throw new Error("the same meal was reserved twice");
    const done = await client.POST("/api/v1/reservations/{id}/cancel", {
      params: { path: { id: made.data.id }, header: key() },
    });
    if (!done.data) throw new Error(done.error.detail);
    console.log(`typescript: reserved ${menu.served_on} ${menu.period}, heard ${again.error.code}, cancelled`);
    return true;
  }
  return false;
}

const all = JSON.parse(readFileSync(signIns, "utf8")) as SignIn[];
for (const someone of all.filter((one) => one.role === "resident").reverse()) {
  if (await dine(someone)) process.exit(0);
}
throw new Error("typescript: nothing could be reserved");
