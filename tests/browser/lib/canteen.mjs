// A canteen of one's own in the world of the demonstration: made through the API, as its staff would, so that a test knows
// everybody in it and shares nobody with another test.

import jsQR from "jsqr";

import { Api, later, today } from "./api.mjs";

const ZONES = ["Asia/Shanghai", "Europe/London", "America/Los_Angeles"];
const PASSWORD = "correct-horse-battery";
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

// Gives what `make` makes of a world, which is made once for each.
export function oncePerWorld(make) {
  const made = new WeakMap();
  return (world) => {
    if (!made.has(world)) made.set(world, make(world));
    return made.get(world);
  };
}

// A zone in which it is not near midnight; or, where it has to be early, not nine o'clock yet.
function quietZone(early) {
  const hourIn = (zone) => Number(new Intl.DateTimeFormat("en", { timeZone: zone, hour: "2-digit", hourCycle: "h23" }).format());
  return ZONES.find((one) => hourIn(one) >= 1 && hourIn(one) < (early ? 9 : 21));
}

const SURNAMES = [..."王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"];
const GIVEN = [..."秀英桂兰玉珍淑芳建国志强德明永福春生文华"];
const nameOf = (nth) => SURNAMES[nth % SURNAMES.length] + GIVEN[Math.floor(nth / SURNAMES.length) % GIVEN.length] + GIVEN[(nth * 7 + 3) % GIVEN.length];

// One that is served from midnight to midnight, and reserved until the afternoon before.
const ALL_DAY = {
  period: "lunch", serves_from: "00:00", serves_to: "23:59", cutoff: { service_days_before: 1, at: "16:00" },
  default_capacity: 500, modes: ["dine_in", "takeaway"], weekdays: DAYS,
};

const ITEMS = [
  { name: "红烧肉套餐", kind: "set", price_fen: 1473, allergens: ["soy"], diet_tags: ["soft"] },
  { name: "清蒸鱼套餐", kind: "set", price_fen: 1681, allergens: ["fish"], diet_tags: ["low_salt"] },
  { name: "凉拌时蔬", kind: "dish", price_fen: 400, allergens: ["peanut"], portions: 90 },
];

// Makes a canteen where the n-th officer's policies pay. Gives `{canteen, today, office, staff, desk}`: `office` and `desk`
// are the API as the officer and as its staff; `staff` is a sign-in.
export async function openCanteen(world, { nth = 0, name = "示例食堂", periods = [ALL_DAY], early = false } = {}) {
  const office = await Api.of(world, world.person("district", nth));
  const { grants } = await office.get("/me");
  const { area: within } = grants.find(({ role }) => role === "district");
  const near = (await office.all("/canteens")).find(({ area }) =>
    Object.entries(within).every(([part, called]) => !called || area[part] === called));
  const zone = quietZone(early);
  const mark = crypto.randomUUID().slice(0, 6);
  const canteen = await office.post("/canteens", {
    name: `${name} ${mark}`, area: near.area, address: "示例街道 9 号", phone: "0851-5550199", time_zone: zone,
    delivery_fee_fen: 100, periods,
  });
  const open = { canteen: { ...canteen, phone: "0851-5550199" }, today: today(zone), office, mark, registered: 0 };
  open.staff = await newAccount(world, open, "staff", "1", "何主任");
  open.desk = await Api.of(world, open.staff);
  return open;
}

// Somebody who works at the canteen, as a sign-in.
async function newAccount(world, { canteen, office, mark }, role, called, display_name) {
  const user_name = `${role}.${mark}.${called}`;
  const grant = { role, canteen_id: canteen.id };
  const { one_time_password } = await office.post("/accounts", { user_name, display_name, phone: "13600001111", grant });
  const api = await Api.of(world, { user_name, password: one_time_password });
  await api.ask("PUT", "/me/password", { present_password: one_time_password, new_password: PASSWORD });
  return { role, user_name, password: PASSWORD, canteen_id: canteen.id };
}

// A menu of the canteen so many days ahead, that is posted.
export function postMenu({ canteen, desk, today }, ahead, { period = "lunch", capacity } = {}) {
  const served_on = later(today, ahead);
  return desk.post(`/canteens/${canteen.id}/menus`, { served_on, period, capacity, publish: true, items: ITEMS });
}

// Somebody who is registered at the canteen, as they were registered and as a sign-in with card and PIN if `pin`.
export async function newResident(open, { pin = false, allergens = [], diet_tags = [] } = {}) {
  const { canteen, desk } = open;
  const born_on = bornOn();
  const number = idNumber(born_on);
  const resident = await desk.post("/residents", {
    canteen_id: canteen.id, full_name: nameOf(open.registered++), born_on, phone: `139${10_000_000 + anyOf(89_000_000)}`,
    registered_in: canteen.area, lives_in: canteen.area, id_number: number, allergens, diet_tags,
  });
  const known = { ...resident, idNumber: number, role: "resident", resident_id: resident.id };
  return pin ? { ...known, ...(await desk.post(`/residents/${resident.id}/pin`)) } : known;
}

// A family member who may act for these residents, as a sign-in with the ids of the links.
export async function newFamily(world, { desk }, residents) {
  const family = { role: "family", user_name: `test.${crypto.randomUUID().slice(0, 8)}`, password: PASSWORD };
  await new Api(world.base).post("/auth/sign-up", { ...family, role: undefined, display_name: "李晓明" });
  const api = await Api.of(world, family);
  const links = [];
  for (const { card_number, born_on } of residents) {
    const { id } = await api.post("/family-links", { card_number, born_on, relation: "child" });
    await desk.post(`/family-links/${id}/approve`, { consent: "本人当面同意", covers_reasons: true });
    links.push(id);
  }
  return { ...family, links };
}

// A reservation of one portion of the menu's n-th item, made at the desk.
export function reserveAt({ desk }, menu, resident, { nth = 0, mode = "dine_in" } = {}) {
  return desk.post("/reservations", {
    resident_id: resident.id, menu_id: menu.id, mode, lines: [{ item_id: menu.items[nth].id, portions: 1 }],
  });
}

// A menu of one place, which somebody has taken, so many days ahead.
export async function fullMenu(open, ahead, period) {
  const menu = await postMenu(open, ahead, { period, capacity: 1 });
  await reserveAt(open, menu, await newResident(open));
  return menu;
}

// Makes a canteen where lunch is served all day today: so many residents with a reservation, and so many without.
// Gives, besides what `openCanteen` gives, `{menu, people, walkIns, volunteers}`: people as they were registered, with their
// reservation; volunteers as sign-ins.
export async function openMeal(world, { reserved, unreserved = 1, volunteers = 1, nth = 0, early }) {
  const open = await openCanteen(world, { nth, name: "门口食堂", early });
  const helpers = [];
  for (let one = 1; one <= volunteers; one += 1) {
    helpers.push(await newAccount(world, open, "volunteer", String(one), `志愿者${one}`));
  }
  const menu = await postMenu(open, 0);
  const people = [];
  for (let one = 0; one < reserved + unreserved; one += 1) {
    people.push(await newResident(open, {
      allergens: one % 3 === 0 ? ["peanut", "egg"] : [], diet_tags: one % 4 === 0 ? ["soft"] : [],
    }));
  }
  for (const [one, resident] of people.slice(0, reserved).entries()) {
    const mode = one % 10 === 9 ? "takeaway" : "dine_in";
    resident.reservation = await reserveAt(open, menu, resident, { nth: one % 2, mode });
  }
  return Object.assign(open, { menu, people: people.slice(0, reserved), walkIns: people.slice(reserved), volunteers: helpers });
}

const anyOf = (count) => Math.floor(Math.random() * count);
const twoDigits = (number) => String(number).padStart(2, "0");

// A birth date of somebody old enough.
const bornOn = () => `19${35 + anyOf(15)}-${twoDigits(1 + anyOf(12))}-${twoDigits(1 + anyOf(28))}`;

// An identity number of somebody born then, with its check digit, from where nobody of the demonstration is.
function idNumber(born) {
  const body = `6501${twoDigits(anyOf(100))}${born.replaceAll("-", "")}${String(anyOf(1000)).padStart(3, "0")}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((so, weight, at) => so + weight * Number(body[at]), 0);
  return body + "10X98765432"[sum % 11];
}

// What the QR of a resident's card says: the card is drawn by the browser, and read as a scanner reads it.
export async function cardCode(world, desk, resident) {
  const svg = await desk.get(`/residents/${resident.id}/card.svg`);
  const context = await world.browser.newContext();
  const page = await context.newPage();
  const { pixels, width, height } = await page.evaluate(async (source) => {
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([source], { type: "image/svg+xml" }));
    await image.decode();
    const canvas = new OffscreenCanvas(700, Math.round((700 * image.height) / image.width));
    const paper = canvas.getContext("2d");
    paper.fillStyle = "#fff";
    paper.fillRect(0, 0, canvas.width, canvas.height);
    paper.drawImage(image, 0, 0, canvas.width, canvas.height);
    const { data } = paper.getImageData(0, 0, canvas.width, canvas.height);
    return { pixels: [...data], width: canvas.width, height: canvas.height };
  }, svg);
  await context.close();
  const found = jsQR(Uint8ClampedArray.from(pixels), width, height);
  if (!found) throw new Error("the card's QR cannot be read");
  return found.data;
}
