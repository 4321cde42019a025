// A canteen of one's own in the world of the demonstration, with a meal that is being served: made through the API, as its
// staff would, so that a test knows everybody at the door.

import jsQR from "jsqr";

const ZONES = ["Asia/Shanghai", "Europe/London", "America/Los_Angeles"];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

// The API, as somebody who signs in with user name and password.
export class Api {
  static async of(base, { user_name, password }) {
    const api = new Api();
    api.base = base;
    const { access_token: token } = await api.post("/auth/sign-in", { user_name, password });
    api.token = token;
    return api;
  }

  async ask(method, path, body) {
    const headers = { Accept: "application/json", "Idempotency-Key": crypto.randomUUID() };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await fetch(`${this.base}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} is answered with ${answer.status}: ${text.slice(0, 300)}`);
    return text && answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text;
  }

  get(path) {
    return this.ask("GET", path);
  }

  post(path, body) {
    return this.ask("POST", path, body);
  }
}

// A zone in which it is not near midnight, and the day there.
function zoneAndDay() {
  const hourIn = (zone) => Number(new Intl.DateTimeFormat("en", { timeZone: zone, hour: "2-digit", hourCycle: "h23" }).format());
  const zone = ZONES.find((one) => hourIn(one) >= 1 && hourIn(one) < 21);
  return { zone, today: new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format() };
}

const SURNAMES = [..."王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"];
const GIVEN = [..."秀英桂兰玉珍淑芳建国志强德明永福春生文华"];
const nameOf = (nth) => SURNAMES[nth % SURNAMES.length] + GIVEN[Math.floor(nth / SURNAMES.length) % GIVEN.length] + GIVEN[(nth * 7 + 3) % GIVEN.length];

// Makes a canteen where lunch is served all day today: so many residents with a reservation, and so many without.
// Gives `{canteen, menu, people, walkIns, staff, volunteers, district}`: people as they were registered, with their reservation;
// staff and volunteers as sign-ins.
export async function openMeal(world, { reserved, unreserved = 1, volunteers = 1, nth = 0 }) {
  const office = await Api.of(world.base, world.person("district", nth));
  const { grants } = await office.get("/me");
  const known = await office.get("/canteens?limit=200");
  const { area: within } = grants.find(({ role }) => role === "district");
  const near = known.items.find(({ area }) => Object.entries(within).every(([part, name]) => !name || area[part] === name));
  const { zone, today } = zoneAndDay();
  const mark = crypto.randomUUID().slice(0, 6);
  const canteen = await office.post("/canteens", {
    name: `门口食堂 ${mark}`, area: near.area, address: "示例街道 9 号", phone: "0851-5550199", time_zone: zone, delivery_fee_fen: 100,
    periods: [{
      period: "lunch", serves_from: "00:00", serves_to: "23:59", cutoff: { service_days_before: 1, at: "16:00" },
      default_capacity: 500, modes: ["dine_in", "takeaway"], weekdays: DAYS,
    }],
  });
  const account = async (role, name) => {
    const user_name = `${role}.${mark}.${name}`;
    const made = await office.post("/accounts", {
      user_name, display_name: role === "staff" ? "何主任" : `志愿者${name}`, phone: "13600001111", grant: { role, canteen_id: canteen.id },
    });
    return { role, user_name, password: made.one_time_password, canteen_id: canteen.id };
  };
  const staff = await account("staff", "1");
  const helpers = [];
  for (let one = 0; one < volunteers; one += 1) helpers.push(await account("volunteer", String(one + 1)));
  const desk = await Api.of(world.base, staff);
  const menu = await desk.post(`/canteens/${canteen.id}/menus`, {
    served_on: today, period: "lunch", publish: true,
    items: [
      { name: "红烧肉套餐", kind: "set", price_fen: 1473, allergens: ["soy"], diet_tags: ["soft"] },
      { name: "清蒸鱼套餐", kind: "set", price_fen: 1681, allergens: ["fish"], diet_tags: ["low_salt"] },
    ],
  });
  const people = [];
  for (let one = 0; one < reserved + unreserved; one += 1) {
    const born_on = bornOn();
    const number = idNumber(born_on);
    const resident = await desk.post("/residents", {
      canteen_id: canteen.id, full_name: nameOf(one), born_on,
      phone: `139${10_000_000 + anyOf(89_000_000)}`, registered_in: near.area, lives_in: near.area,
      id_number: number, allergens: one % 3 === 0 ? ["peanut", "egg"] : [], diet_tags: one % 4 === 0 ? ["soft"] : [],
    });
    people.push({ ...resident, idNumber: number });
  }
  for (const [nthPerson, resident] of people.slice(0, reserved).entries()) {
    resident.reservation = await desk.post("/reservations", {
      resident_id: resident.id, menu_id: menu.id, mode: nthPerson % 10 === 9 ? "takeaway" : "dine_in",
      lines: [{ item_id: menu.items[nthPerson % 2].id, portions: 1 }],
    });
  }
  return { canteen: { ...canteen, phone: "0851-5550199" }, menu, people: people.slice(0, reserved), walkIns: people.slice(reserved), staff, volunteers: helpers, desk, office };
}

const anyOf = (count) => Math.floor(Math.random() * count);
const twoDigits = (number) => String(number).padStart(2, "0");

// A birth date of somebody old enough.
const bornOn = () => `19${35 + anyOf(15)}-${twoDigits(1 + anyOf(12))}-${twoDigits(1 + anyOf(28))}`;

// An identity number of somebody born then, with its check digit.
function idNumber(born) {
  const body = `110101${born.replaceAll("-", "")}${String(anyOf(1000)).padStart(3, "0")}`;
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
