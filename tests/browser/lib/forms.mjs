// Every form of every page, sent as nobody should: pressed twice, sent several times at once, from a page that is stale,
// from another site, without its token. It has one effect, or a page says clearly why not.

import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { promisify } from "node:util";

import { later, today } from "./api.mjs";

// What is written beside what a form does: sessions, keys, what was tried in vain, what was looked at.
const BESIDE = ["idempotency_keys", "counters", "wrong_guesses", "pin_failures", "sessions", "refresh_tokens", "cookies",
  "audit_entries", "quotes", "attendance_refusals"];

// Acts that somebody may well do twice, one after the other, from two pages: what is registered, made or written down is
// one more each time, a new PIN or card takes the place of the one before, and a second closure cancels nothing more.
const MAY_BE_AGAIN = [
  "/standing/new", "/policies/new", "/facts/new", "/residents/new", "/devices/new", "/import/confirm", "/pin ", "/card ",
  "/closures/check", "客人一份",
];

const digits = (count) => String(randomInt(10 ** (count - 1), 10 ** count));

// What is typed into a field of this name where the page offers nothing.
function typed(name, { visitor, code }) {
  const soon = (days) => later(today(), days);
  const known = {
    born_on: "1944-02-03", from: soon(33), to: soon(34), from_on: soon(33), to_on: soon(40), user_name: `test.${digits(8)}`,
    card_number: digits(8), phone: `139${digits(8)}`, password: "correct-horse-battery", new_password: "another-horse-battery",
    present_password: visitor.who?.password, pin: visitor.who?.pin ?? "000000", code: code ?? "ABCDE-FGHJK",
    id_number: "", lives_in: "贵阳/南明", registered_in: "贵阳/南明", area: "贵阳", typed: digits(8), on: soon(33),
  };
  if (name in known) return known[name];
  if (/^price|fee/.test(name)) return "12";
  if (/capacity|portions|^n-/.test(name)) return "20";
  return `测试${digits(4)}`;
}

// Runs in the page: every form that changes something, filled in with what the test knows (`own`), and otherwise as far as
// the page does not do it. Gives for each its
// number in the page, where it is sent, its fields and the words on its button.
function harvest({ words, own }) {
  const found = [];
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const [at, form] of [...document.forms].entries()) {
    if (form.method !== "post") continue;
    const groups = new Map();
    for (const field of form.elements) {
      if (field.type === "radio" || field.type === "checkbox") groups.set(field.name, [...(groups.get(field.name) ?? []), field]);
      if (["text", "password", "tel", "search", "textarea"].includes(field.type) && !field.value && field.name in words) {
        field.value = words[field.name];
      }
      if (field.name in own) field.value = own[field.name];
    }
    for (const [name, group] of groups) {
      const asks = name === "sure" || group[0].type === "radio" || !group.some((one) => one.closest("details, .ticks"));
      if (!asks || group.some((one) => one.checked)) continue;
      for (const one of name === "sure" ? group : group.slice(0, 1)) one.checked = true;
    }
    const button = form.querySelector("button:not([type=button]), input[type=submit]");
    if (!button) continue;
    found.push({
      at, to: form.action, button: button.textContent.trim(), fileField: form.querySelector("input[type=file]")?.name,
      fields: [...new FormData(form, button).entries()].filter(([, value]) => typeof value === "string"),
    });
  }
  return found;
}

const fieldNames = () => [...document.querySelectorAll("form[method=post] :is(input, textarea)")].map(({ name }) => name);

// Opens a page as it is before a form is sent, with every field filled in.
async function open(context, page, told) {
  const tab = await context.newPage();
  await tab.goto(page.path);
  if (page.prepare) await page.prepare(tab);
  const names = await tab.evaluate(fieldNames);
  for (const name of names) told.words[name] ??= typed(name, told);
  const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const forms = await tab.evaluate(harvest, { words: told.words, own: told.own });
  return { tab, forms: forms.map((form) => ({ ...form, cookie, file: page.file })) };
}

// The columns in which it shows that a row was changed.
const CHANGES = ["version", "status", "ended_at", "revoked_at", "decided_at", "password_hash"];

// The number of rows of every table, and how many of them have each value in the columns of changes.
class Effects {
  static async of(file) {
    const effects = new Effects();
    effects.file = file;
    const tables = await effects.ask("select name from sqlite_master where type = 'table'");
    const asked = [];
    for (const table of tables.split("\n").filter((name) => name && !name.startsWith("_") && !BESIDE.includes(name))) {
      const columns = (await effects.ask(`select name from pragma_table_info('${table}')`)).split("\n");
      const counts = CHANGES.filter((name) => columns.includes(name)).map((name) =>
        `select group_concat(n || ':' || v) from (select coalesce(${name}, '') v, count(*) n from ${table} group by 1 order by 1)`);
      asked.push(`select '${table}', count(*) from ${table}`, ...counts);
    }
    effects.question = asked.join(";");
    return effects;
  }

  async ask(question) {
    const { stdout } = await promisify(execFile)("sqlite3", ["-readonly", this.file, question], { maxBuffer: 1 << 24 });
    return stdout;
  }

  now() {
    return this.ask(this.question);
  }
}

const FILE = "roster.csv";

// What a browser sends of a form.
function bodyOf({ fields, fileField, file }) {
  if (!fileField) return new URLSearchParams(fields);
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  body.append(fileField, new Blob([file], { type: "text/csv" }), FILE);
  return body;
}

// Sends a form as the browser would that opened it, whatever has become of its cookies since.
async function send(form, headers = {}) {
  const answer = await fetch(form.to, {
    method: "POST", redirect: "manual", body: bodyOf(form),
    headers: { accept: "text/html", cookie: form.cookie, origin: new URL(form.to).origin, ...headers },
  });
  const [heading] = (await answer.text()).match(/<h1.*?<\/h1>/s) ?? [];
  const { status } = answer;
  return { status, to: answer.headers.get("location"), clear: status === 303 || Boolean(heading), heading: heading?.replaceAll(/<[^>]*>/g, "") };
}

const saying = ({ status, to, heading }) => `${status} ${to ?? heading}`;

// Sent from another site, without its token, three times at once, once more, and from a page that is stale.
async function sendTwice({ effects, stale, form, again }) {
  const faults = [];
  const [start, foreign, bare] = [
    await effects.now(), await send(form, { origin: "https://evil.example" }),
    await send({ ...form, fields: form.fields.filter(([name]) => name !== "form_token") }),
  ];
  if (foreign.status !== 403 || !foreign.clear) faults.push(`from another site it is answered with ${saying(foreign)}`);
  if (bare.status !== 403 || !bare.clear) faults.push(`without its token it is answered with ${saying(bare)}`);
  if ((await effects.now()) !== start) faults.push("from another site or without its token it has an effect");
  const answers = await Promise.all([1, 2, 3].map(() => send(form)));
  const after = await effects.now();
  answers.push(await send(form));
  if (after !== (await effects.now())) faults.push("sent once more it has an effect again");
  // One effect, and whoever is told something else is told clearly; whoever has signed out is told to sign in.
  const ways = new Set(answers.filter(({ status, to }) => status < 400 && !to?.startsWith("/sign-in?")).map(saying));
  if (ways.size > 1) faults.push(`sent at once it is answered with ${[...ways].join(" and ")}`);
  answers.push(await send(stale));
  const unclear = answers.find(({ status, clear }) => status >= 500 || !clear);
  if (unclear) faults.push(`it is answered with ${saying(unclear)}`);
  const twice = after !== start && (await effects.now()) !== after;
  if (twice && !again) faults.push(`a stale page does it again: ${saying(answers[4])}`);
  return { faults, sends: 7, done: answers[0].status < 400 || after !== start, saying: saying(answers[0]) };
}

// Pressed twice, as fast as a hand that trembles does.
async function pressTwice({ tab, effects, form }) {
  const faults = [];
  if (form.fileField) {
    const chosen = { name: FILE, mimeType: "text/csv", buffer: Buffer.from(form.file) };
    await tab.locator("form").nth(form.at).locator("input[type=file]").setInputFiles(chosen);
  }
  const start = await effects.now();
  const sent = [];
  let open = 0;
  tab.on("request", (request) => {
    if (request.method() === "POST") {
      sent.push(request);
      open += 1;
    }
  });
  for (const end of ["requestfinished", "requestfailed"]) tab.on(end, (request) => { if (request.method() === "POST") open -= 1; });
  const loaded = tab.waitForEvent("domcontentloaded", { timeout: 10_000 }).catch(() => null);
  await tab.locator("form").nth(form.at).locator("button:not([type=button])").first().dblclick({ noWaitAfter: true });
  await loaded;
  while (open > 0) await new Promise((done) => setTimeout(done, 20));
  await tab.waitForLoadState("load");
  const shown = await tab.locator("h1").first().innerText().catch(() => "");
  if (!shown) faults.push("pressed twice it leads to nothing");
  const after = await effects.now();
  // What a script has done instead, a task looks at.
  if (!sent.some((request) => request.url() === form.to)) return { faults, sends: sent.length, done: true, saying: shown };
  const repeated = await send(form);
  if (repeated.status >= 500 || !repeated.clear) faults.push(`pressed twice it is answered with ${saying(repeated)}`);
  if ((await effects.now()) !== after) faults.push("pressed twice and sent again it has an effect again");
  if (repeated.status === 303 && sent.length > 0) {
    const wanted = new URL(repeated.to, tab.url()).pathname;
    const at = new URL(tab.url()).pathname;
    if (at !== wanted && !["/home", "/", "/sign-in"].includes(wanted)) faults.push(`pressed twice it leads to ${at}, not to ${wanted}`);
  }
  return { faults, sends: sent.length + 1, done: repeated.status < 400 || after !== start, saying: shown };
}

const WAYS = { "sent twice": sendTwice, "pressed twice": pressTwice };

// Sends every form of an audience in every way. Each way has an installation of its own, from `begin`; `withWorld` opens it.
export async function sendForms({ withWorld, audience, note, only }) {
  const seen = { forms: 0, sends: 0, refused: [] };
  for (const [way, act] of Object.entries(WAYS)) {
    await withWorld(async (world) => {
      const effects = await Effects.of(world.database);
      const known = new Set();
      for (const visitor of await audience.visitors(world)) {
        const pages = await audience.pages({ world, visitor });
        // Whoever signs out sees no other page.
        const order = pages.filter(({ name }) => (!only || name.includes(only)) && !name.endsWith("with errors"))
          .sort((one, other) => ENDS.indexOf(one.path) - ENDS.indexOf(other.path));
        for (const page of order) {
          const told = { visitor, code: world.code, own: page.typed ?? {}, words: {} };
          try {
            await formsOf({ world, visitor, page, told, act, way, effects, known, seen, note });
          } catch (error) {
            note(`${visitor.name} ${page.name}, its forms ${way}: ${error.message.split("\n")[0]}`);
          }
        }
      }
    });
  }
  return seen;
}

const ENDS = ["/me/password", "/sign-out"];

// The same form stands on many pages, and many times on some.
const nameOf = (visitor, { to, button }) =>
  `${visitor.name} ${new URL(to).pathname.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\d/g, "*")} “${button}”`;

async function formsOf({ world, visitor, page, told, act, way, effects, known, seen, note }) {
  const context = await world.visit({ who: visitor.who });
  const { forms } = await open(context, page, told);
  await context.close();
  for (const { at, fileField, ...found } of forms) {
    const name = nameOf(visitor, found);
    // Without a file there is nothing to send.
    if ((fileField && !page.file) || known.has(name)) continue;
    known.add(name);
    const context = await world.visit({ who: visitor.who });
    const [stale, fresh] = [await open(context, page, told), await open(context, page, told)];
    const [form, old] = [fresh, stale].map(({ forms }) => forms.find((one) => one.at === at));
    const again = MAY_BE_AGAIN.some((one) => name.includes(one));
    const { faults, sends, done, saying: said } = await act({ tab: fresh.tab, effects, form, stale: old, again });
    for (const fault of faults) note(`${page.name}, ${name}: ${fault}`);
    if (!done) seen.refused.push(`${name} ${way}: ${said}`);
    seen.forms += act === sendTwice ? 1 : 0;
    seen.sends += sends;
    await context.close();
    if (ENDS.includes(page.path)) world.forget(visitor.who);
  }
}
