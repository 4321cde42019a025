// The door without a network. The list of one meal and every check-in that is not sent yet are kept on the phone; what is
// kept is sent when there is a network, each check-in once. Without this script the page does the same over the network.
(() => {
  "use strict";
  const door = document.getElementById("door");
  const leaving = document.getElementById("leaving");
  // The list is forgotten then, whatever happens.
  const KEEP_MS = 12 * 60 * 60 * 1000;
  // How long a check-in waits for its answer before it is kept on the phone.
  const ANSWER_MS = 4000;
  // How often the phone asks what is new.
  const ROUND_MS = 10_000;
  // How many check-ins are sent together.
  const MOST = 100;
  // A button that is pressed again so soon was pressed once.
  const ONE_PRESS_MS = 1000;
  const PAGES = "door-pages";

  // What is kept ------------------------------------------------------------------------------------------------------

  function openStores() {
    return new Promise((done, failed) => {
      const asked = indexedDB.open("leling-door", 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("lists", { keyPath: "menu_id" });
        asked.result.createObjectStore("outbox", { keyPath: "tap_id" });
        asked.result.createObjectStore("told", { keyPath: "tap_id" });
      };
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => failed(asked.error);
    });
  }

  // Done when it is on the disk.
  function within(stores, names, mode, act) {
    return new Promise((done, failed) => {
      const transaction = stores.transaction(names, mode, { durability: "strict" });
      const asked = act((name) => transaction.objectStore(name));
      transaction.oncomplete = () => done(asked?.result);
      transaction.onerror = transaction.onabort = () => failed(transaction.error);
    });
  }
  const all = (stores, name) => within(stores, [name], "readonly", (store) => store(name).getAll());

  // The list and what was told, but never what is not sent yet.
  const forgetPeople = (stores) => within(stores, ["lists", "told"], "readwrite", (store) => {
    store("lists").clear();
    store("told").clear();
  });

  // Signing out -------------------------------------------------------------------------------------------------------

  async function leave() {
    // Most who sign out have never been at the door.
    const known = await indexedDB.databases?.();
    if (known && !known.some(({ name }) => name === "leling-door")) return;
    const form = document.querySelector("main form");
    const stores = await openStores();
    const unsent = await all(stores, "outbox");
    if (unsent.length > 0) {
      const [{ canteen, menu }] = unsent;
      leaving.querySelector(".strong").textContent = leaving.dataset.unsent.replace("{count}", unsent.length);
      leaving.querySelector("a").href = `/door/${canteen}/${menu}`;
      leaving.hidden = false;
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await Promise.all([forgetPeople(stores), globalThis.caches?.delete(PAGES)]).catch(() => {});
      form.submit();
    });
  }

  if (leaving && globalThis.indexedDB) leave().catch(() => {});
  if (!door) return;

  // The page ----------------------------------------------------------------------------------------------------------

  const { canteen, menu } = door.dataset;
  const words = JSON.parse(door.dataset.words);
  const home = `/door/${canteen}/${menu}`;
  const english = document.documentElement.lang === "en";
  const byId = (id) => document.getElementById(id);
  const heading = document.querySelector("h1");
  const field = byId("typed");
  const title = document.title;

  function element(name, properties = {}, ...content) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...content);
    return made;
  }

  // A recorded name carries its language where that is not the page's.
  function recorded(text) {
    return english && /[\u3400-\u9fff]/.test(text) ? element("span", { lang: "zh-CN" }, text) : text;
  }

  // A text of ours with its places filled in by text or markup.
  function filled(text, values) {
    return text.split(/(\{[a-z_]+\})/).map((part) => (/^\{.*\}$/.test(part) ? values[part.slice(1, -1)] ?? part : part));
  }

  const line = ({ before, recorded: name, after, heed }) => Object.assign([before, recorded(name), after], { heed });
  const heeded = (text) => Object.assign([text], { heed: true });
  // On the canteen's clock, wherever the phone thinks that it is.
  const clock = (at) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: door.dataset.zone });

  function warn(what, more) {
    const place = byId("warning");
    place.replaceChildren(element("p", { className: "strong" }, what), element("p", {}, more));
    place.hidden = false;
  }

  if (!window.isSecureContext) {
    warn(words.insecure, words.insecure_what);
    return;
  }
  if (!navigator.serviceWorker || !globalThis.indexedDB || !globalThis.crypto?.subtle || !globalThis.caches
    || !AbortSignal.timeout) {
    warn(words.old_browser, words.old_browser_what);
    return;
  }

  let stores;
  let list = null; // of this meal, as it was read last
  let outbox = [];
  let told = [];
  let session = null; // who is signed in, and what this session's scripts send along
  let over = false; // the meal is over: the form does the rest, over the network
  let cutOff = false; // nobody is signed in any more
  let wiped = false;
  let reached = navigator.onLine;
  let sending = false;

  // What is answered --------------------------------------------------------------------------------------------------

  const heard = element("p", { className: "hidden" });
  heard.setAttribute("role", "status");
  byId("said").before(heard);

  // Shows and sounds an answer: `{tone, title, lines, offers, undo}`, the title and each line as parts of a text.
  function say({ tone, title: head, lines = [], actions = [] }) {
    const sign = element("span", { className: "sign", textContent: tone === "eat" ? "✓" : "!" });
    sign.setAttribute("aria-hidden", "true");
    const answer = element("span", { className: "answer" }, sign, element("span", {}, ...head));
    answer.dataset.tone = tone;
    heading.replaceChildren(answer);
    const place = byId("said");
    place.dataset.tone = tone;
    place.replaceChildren(...lines.map((parts) => element("p", { className: parts.heed ? "heed" : "" }, ...parts)), ...actions);
    byId("found")?.remove();
    byId("warning").hidden = true;
    document.title = `${answer.lastChild.textContent} · ${title}`;
    heard.replaceChildren(...[head, ...lines].flatMap((parts) => [...parts, " "]).map((part) => part.cloneNode?.(true) ?? part));
    sound(tone);
    window.scrollTo({ top: 0 });
  }

  function button(text, act, className = "button") {
    const made = element("button", { type: "button", className }, text);
    made.addEventListener("click", () => pressed(text, act));
    return made;
  }

  // Who taps, on a shared phone: somebody who is named there.
  const by = () => door.dataset.by ?? list?.by;
  const undoLink = (id) => element("a", { href: `${home}/undo/${id}${by() ? `?by=${by()}` : ""}` }, words.undo);

  // What the service says of a tap, with what can be done now.
  function sayServed(said, person, row) {
    const actions = [];
    if (said.offer) actions.push(button(words[`offer_${said.offer}`], () => instead(said.offer, person, row)));
    if (said.attendance_id) actions.push(element("p", {}, undoLink(said.attendance_id)));
    say({ tone: said.tone, title: line(said.title), lines: said.lines.map(line), actions });
  }

  const instead = (kind, person, row) => tap(kind === "guest" ? {} : person, kind, kind === "guest" ? null : row);

  const dishes = (row) => row.items.map(([name, portions]) => [recorded(name), portions > 1 ? ` × ${portions}` : ""]);

  // A check-in that is kept on the phone.
  function sayKept(kept, row) {
    const { kind } = kept.item;
    const own = kind === "reserved" && row;
    const what = kept.item.card_number ?? words[kind] ?? words.walk_in;
    const head = row ? filled(words.eat, { name: recorded(row.full_name) }) : filled(words.eat_class, { class: what });
    if (row && !own) head.push(` · ${words[kind]}`);
    const lines = [];
    if (own) lines.push(...dishes(row), ...(row.mode ? [[row.mode]] : []));
    if (row) lines.push(...row.care.map(heeded));
    lines.push([words.kept_on_phone]);
    const actions = kept.tries === 0 ? [element("p", {}, button(words.undo_here, () => takeBack(kept.tap_id), "quiet"))] : [];
    say({ tone: "eat", title: head, lines, actions });
  }

  let audio;
  // Two tones that rise for a meal, two that fall for what has to be looked at.
  function sound(tone) {
    try {
      audio ??= new AudioContext();
      if (audio.state === "suspended") audio.resume();
      const tones = tone === "eat" ? [880, 1320] : [392, 262];
      tones.forEach((pitch, nth) => {
        const from = audio.currentTime + nth * 0.16;
        const [voice, volume] = [audio.createOscillator(), audio.createGain()];
        voice.type = tone === "eat" ? "sine" : "square";
        voice.frequency.value = pitch;
        volume.gain.setValueAtTime(0.25, from);
        volume.gain.exponentialRampToValueAtTime(0.001, from + 0.15);
        voice.connect(volume).connect(audio.destination);
        voice.start(from);
        voice.stop(from + 0.16);
      });
    } catch {
      // A phone without sound still shows the answer.
    }
  }

  // What is shown -----------------------------------------------------------------------------------------------------

  const keptOf = (row) => outbox.find((kept) => kept.row === row.reservation_id && kept.item.kind === "reserved");
  const hasCome = (row) => Boolean(row.came || keptOf(row));
  const cameAt = (row) => row.came ?? clock(keptOf(row).item.tapped_at);

  function person(row) {
    const what = hasCome(row)
      ? [words.came_at.replace("{when}", cameAt(row))]
      : [...dishes(row).flatMap((dish, nth) => (nth > 0 ? ["、", ...dish] : dish)), row.mode ? ` · ${row.mode}` : ""];
    const made = element("button", { type: "submit", className: "person", name: "reservation", value: row.reservation_id },
      element("span", { className: "strong" }, recorded(row.full_name)), " ", element("span", { className: "hint" }, ...what));
    return element("li", {}, made);
  }

  function show() {
    // Without a list nobody knows: what the page came with stands until then.
    if (list || wiped) {
      for (const one of document.querySelectorAll("[data-count]")) one.textContent = list ? counts()[one.dataset.count] : "–";
    }
    const missing = byId("missing");
    const none = missing.closest("section").querySelector(".none");
    none?.remove();
    if (list) {
      const rows = list.expected.filter((row) => !hasCome(row));
      missing.replaceChildren(...rows.map(person));
      if (rows.length === 0) {
        const text = list.expected.length === 0 ? words.list_empty : words.missing_none;
        missing.closest("form").before(element("p", { className: "none" }, text));
      }
      showCame();
    } else if (wiped) {
      missing.replaceChildren();
      byId("came").querySelector("ul").replaceChildren();
    }
    showUnsent();
    showTold();
  }

  const counts = () => {
    const expected = list.expected.length;
    const came = list.expected.filter(hasCome).length;
    return { expected, came, missing: expected - came };
  };

  function showCame() {
    const came = list.expected.filter(hasCome).sort((a, b) => (cameAt(a) < cameAt(b) ? 1 : -1));
    byId("came").querySelector("ul").replaceChildren(...came.map((row) => {
      const kept = keptOf(row);
      const who = element("span", {}, element("span", { className: "strong" }, recorded(row.full_name)), " ",
        element("span", { className: "number" }, cameAt(row)));
      const back = row.attendance_id ? [undoLink(row.attendance_id)]
        : kept?.tries === 0 ? [button(words.undo_here, () => takeBack(kept.tap_id), "quiet")] : [];
      return element("li", {}, who, ...back);
    }));
  }

  function showUnsent() {
    const [own, others] = [outbox.filter(isOwn), outbox.filter((kept) => !isOwn(kept))];
    const unsent = byId("unsent");
    unsent.textContent = outbox.length === 0 ? words.unsent_none : words.unsent.replace("{count}", outbox.length);
    unsent.dataset.unsent = outbox.length;
    unsent.hidden = false;
    byId("state").hidden = false;
    byId("state").dataset.reached = reached;
    const state = byId("line");
    if (cutOff) state.replaceChildren(words.signed_out, " ", element("a", { href: `/sign-in?then=${encodeURIComponent(home)}` }, words.sign_in));
    else if (wiped) state.textContent = words.list_wiped;
    else if (!reached) state.textContent = list ? words.offline : words.no_list;
    else state.textContent = list ? words.kept.replace("{when}", clock(list.kept_at)) : words.online;
    byId("others").textContent = words.unsent_other.replace("{count}", others.length);
    byId("others").hidden = others.length === 0;
    const send = byId("send");
    send.hidden = own.length === 0;
    send.disabled = sending;
    send.textContent = sending ? words.sending : words.send_now;
  }

  // Whose taps may be sent is known once somebody is; until then they are taken for one's own.
  const isOwn = (kept) => !session || kept.account === session.account;

  function showTold() {
    const place = byId("told");
    place.hidden = told.length === 0;
    place.replaceChildren(element("h2", {}, words.to_look_at.replace("{count}", told.length)), element("ul", { className: "lines" }, ...told.map(({ name, outcome, words: why, tapped_at: at }) => {
      const became = outcome === "review" ? words.told_review : words.told_refused;
      return element("li", {}, element("span", {}, element("span", { className: "strong" }, name ? recorded(name) : words.somebody),
        ` ${clock(at)} · ${became}${why ? ` · ${why}` : ""}`));
    })));
  }

  // Talking to the service --------------------------------------------------------------------------------------------

  // What was answered, or null when nothing was: then it is tried again.
  async function ask(path, options = {}) {
    const headers = { Accept: "application/json", ...options.headers };
    try {
      const answer = await fetch(path, { ...options, headers, cache: "no-store", redirect: "error",
        signal: AbortSignal.timeout(options.patience ?? 20_000) });
      reached = answer.status < 502;
      return reached ? answer : null;
    } catch {
      reached = false;
      return null;
    }
  }

  async function send(path, body, patience) {
    for (const again of [true, false]) {
      if (!session) return null;
      const headers = { "Content-Type": "application/json", "Leling-Form-Token": session.form_token };
      const answer = await ask(path, { method: "POST", headers, body: JSON.stringify(body), patience });
      if (!answer) return null;
      if (answer.ok) return { body: await answer.json().catch(() => null) };
      const problem = await answer.json().catch(() => ({}));
      if (problem.code === "form_old" && again) {
        session = null;
        await refresh({ anew: true });
        continue;
      }
      if ([401, 403].includes(answer.status)) {
        await cutOffNow();
        return null;
      }
      return answer.status === 429 || answer.status >= 500 ? null : { problem };
    }
    return null;
  }

  // Reads the list, as it is now.
  async function refresh({ anew = false, patience = 8000 } = {}) {
    const held = !anew && session && list?.etag;
    const answer = await ask(`${home}/list`, { headers: held ? { "If-None-Match": list.etag } : {}, patience });
    if (!answer) return;
    if (answer.status === 304) {
      await keepList({ ...list, kept_at: Date.now() });
    } else if (answer.ok) {
      const read = await answer.json();
      session = { account: read.account, form_token: read.form_token };
      cutOff = false;
      over = read.over;
      if (over) {
        await forget();
        return;
      }
      wiped = false;
      const ahead = Date.parse(read.as_of) - Date.now();
      const { form_token: _, ...kept } = read;
      await keepList({ ...kept, etag: answer.headers.get("ETag"), kept_at: Date.now(), ahead });
    } else if ([401, 403, 404].includes(answer.status)) {
      await cutOffNow();
    }
  }

  async function keepList(read) {
    list = { ...read, by: door.dataset.by ?? list?.by };
    await within(stores, ["lists"], "readwrite", (store) => store("lists").put(list));
  }

  async function forget() {
    await forgetPeople(stores);
    wiped = wiped || Boolean(list) || over || cutOff;
    [list, told] = [null, []];
  }

  // Nobody is signed in here any more, or not for this door: the phone knows nobody from now on.
  async function cutOffNow() {
    cutOff = true;
    session = null;
    await forget();
    await caches.delete(PAGES);
  }

  // A list whose meal is over, or that is too old, is forgotten.
  async function expire() {
    const isOld = ({ kept_at: at, closes_at: closes, ahead }) => Date.now() - at > KEEP_MS || Date.now() + ahead >= Date.parse(closes);
    const lists = await all(stores, "lists");
    if (lists.some(isOld)) {
      await within(stores, ["lists", "told"], "readwrite", (store) => {
        for (const { menu_id: id } of lists.filter(isOld)) store("lists").delete(id);
        if (lists.every(isOld)) store("told").clear();
      });
    }
    if (list && isOld(list)) {
      [list, wiped] = [null, true];
      told = await all(stores, "told");
    }
  }

  // A page without anybody on it, for when there is no network.
  async function keepPage() {
    await navigator.serviceWorker.register("/door/worker.js", { scope: "/door/" });
    await navigator.serviceWorker.ready;
    const answer = await fetch(home, { headers: { "Leling-Keep": "1", Accept: "text/html" }, cache: "no-store" });
    if (answer.ok && !answer.redirected) await (await caches.open(PAGES)).put(home, answer);
  }

  // Checking in -------------------------------------------------------------------------------------------------------

  let turn = Promise.resolve();
  // One after another, however quickly they are scanned.
  function inTurn(act) {
    turn = turn.then(act).catch((error) => console.error(error)).then(show);
    return turn;
  }

  let lastPress = { what: "", at: -Infinity };
  // A hand that trembles presses twice: that is one meal.
  function pressed(what, act) {
    const again = what === lastPress.what && performance.now() - lastPress.at < ONE_PRESS_MS;
    lastPress = { what, at: performance.now() };
    if (!again) inTurn(act);
  }

  async function typed(text) {
    const plain = text.normalize("NFKC").replace(/\s+/g, "");
    const code = plain.toUpperCase();
    if (/^LL1-[0-9A-F]{32}$/.test(code)) {
      const card_hash = await hashOf(code);
      await tap({ card_hash }, "reserved", list?.expected.find((row) => row.card_hash === card_hash) ?? null);
    } else if (/^[0-9]{6,20}$/.test(plain)) {
      await tap({ card_number: plain }, "reserved", null);
    } else if (plain) {
      find(text.trim(), plain.toLowerCase());
    }
  }

  async function hashOf(code) {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code));
    return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function find(text, plain) {
    const isFound = ({ full_name: name, letters }) =>
      name.replace(/\s+/g, "").toLowerCase().includes(plain) || letters.some((one) => one.startsWith(plain));
    // Who is still missing comes first.
    const rows = (list?.expected ?? []).filter(isFound).sort((a, b) => Number(hasCome(a)) - Number(hasCome(b)));
    byId("found")?.remove();
    if (rows.length === 0) {
      say({ tone: "look", title: filled(words.find_nobody, { typed: recorded(text) }), lines: [[words.find_nobody_what]] });
      return;
    }
    // The buttons of the missing are the form's own, so that they are pressed like those.
    const people = element("ul", { className: "people" }, ...rows.map(person));
    const form = element("form", { method: "post", action: home, noValidate: true }, people);
    const place = byId("said");
    delete place.dataset.tone;
    heading.replaceChildren(words.find_title);
    place.replaceChildren(form);
    window.scrollTo({ top: 0 });
    people.querySelector("button").focus();
  }

  // Whether the service would hear a check-in now. Just after the page has opened, asking for the list tells.
  async function isHeard() {
    if (!session && !cutOff && reached && navigator.onLine) await refresh({ patience: ANSWER_MS });
    return Boolean(session) && reached && navigator.onLine;
  }

  // Somebody eats, as `kind`; `row` is theirs on the list, if they are on it.
  async function tap(who, kind, row) {
    const { noted: _, ...person } = who;
    const offline = !(await isHeard());
    if (offline && kind === "reserved" && !(await mayBeKept(who, row))) return;
    const item = { menu_id: menu, tap_id: crypto.randomUUID(), kind, ...person, tapped_at: new Date().toISOString() };
    if (by()) item.by = by();
    const account = session?.account ?? list?.account;
    const kept = { tap_id: item.tap_id, account, canteen, menu, item, row: row?.reservation_id ?? null, tries: offline ? 0 : 1 };
    await keep(kept);
    if (!offline && (await answered(kept, person, row))) return;
    if (cutOff) say({ tone: "look", title: [words.signed_out], lines: [[words.kept_on_phone]] });
    else sayKept(kept, row);
  }

  // Whether a check-in may be kept on the phone; says why not.
  async function mayBeKept(person, row) {
    if (row && hasCome(row)) {
      const title = filled(words.already, { name: recorded(row.full_name) });
      const again = button(words.offer_second, () => tap(person, "second", row));
      say({ tone: "look", title, lines: [[words.already_at.replace("{when}", cameAt(row))]], actions: [again] });
      return false;
    }
    if (!row && person.card_number) {
      if (person.noted) return true;
      const note = button(words.number_keep, () => tap({ ...person, noted: true }, "reserved", null));
      say({ tone: "look", title: [words.number_offline], lines: [[words.number_offline_what]], actions: [note] });
      return false;
    }
    if (!row) {
      const walkIn = button(words.offer_walk_in, () => tap(person, "walk_in", null));
      say({ tone: "look", title: [words.not_on_list], lines: [[words.not_on_list_what]], actions: [walkIn] });
      return false;
    }
    return true;
  }

  async function keep(kept) {
    await within(stores, ["outbox"], "readwrite", (store) => store("outbox").put(kept));
    outbox = [...outbox.filter(({ tap_id: id }) => id !== kept.tap_id), kept];
  }

  async function drop(id) {
    await within(stores, ["outbox"], "readwrite", (store) => store("outbox").delete(id));
    outbox = outbox.filter(({ tap_id: tap }) => tap !== id);
  }

  // Sends one at once; whether it was answered.
  async function answered(kept, person, row) {
    const { tapped_at: at, menu_id: _, ...now } = kept.item;
    const answer = await send(`${home}/tap`, now, ANSWER_MS);
    if (!answer?.body && !answer?.problem) return false;
    await drop(kept.tap_id);
    if (answer.problem) {
      say({ tone: "look", title: [answer.problem.title ?? ""], lines: [] });
      return true;
    }
    const { recorded: isMeal, said } = answer.body;
    if (isMeal && row && kept.item.kind === "reserved") Object.assign(row, { came: clock(at), attendance_id: said.attendance_id });
    sayServed(said, person, row);
    refresh().then(show);
    return true;
  }

  // A check-in that nobody has heard of yet.
  async function takeBack(id) {
    const kept = outbox.find(({ tap_id: tap }) => tap === id);
    if (kept?.tries !== 0) return;
    await drop(id);
    say({ tone: "look", title: [words.undone], lines: [[words.undone_what]] });
  }

  // Catching up -------------------------------------------------------------------------------------------------------

  async function flush() {
    if (sending || outbox.length === 0) return;
    if (!session) await refresh({ anew: true });
    const own = () => outbox.filter(isOwn);
    if (!session || own().length === 0) return;
    sending = true;
    showUnsent();
    try {
      for (const few of inFews(own())) {
        for (const kept of few) await keep({ ...kept, tries: kept.tries + 1 });
        const answer = await send("/door/taps", { items: few.map(({ item }) => item) });
        if (!answer?.body) break;
        for (const became of answer.body) await settle(became);
      }
    } finally {
      sending = false;
    }
    await refresh();
  }

  function inFews(rows) {
    return Array.from({ length: Math.ceil(rows.length / MOST) }, (_, nth) => rows.slice(nth * MOST, (nth + 1) * MOST));
  }

  // What became of one check-in. What has to be looked at stays in sight until the list is forgotten.
  async function settle({ tap_id: id, outcome, attendance_id, words: why }) {
    const kept = outbox.find(({ tap_id: tap }) => tap === id);
    if (!kept || outcome === "try_again") return;
    const row = list?.expected.find(({ reservation_id: one }) => one === kept.row);
    if (outcome === "recorded") {
      if (row && kept.item.kind === "reserved") Object.assign(row, { came: clock(kept.item.tapped_at), attendance_id });
    } else {
      const one = { tap_id: id, menu: kept.menu, name: row?.full_name ?? null, outcome, words: why, tapped_at: kept.item.tapped_at };
      await within(stores, ["told"], "readwrite", (store) => store("told").put(one));
      told = [...told.filter(({ tap_id: tap }) => tap !== id), one];
    }
    await drop(id);
  }

  async function round() {
    await expire();
    if (navigator.onLine) {
      await refresh();
      await flush();
    } else {
      reached = false;
    }
    show();
  }

  let running = null;
  // One at a time; whoever asks meanwhile gets the one that is under way.
  function goRound() {
    running ??= round().catch((error) => console.error(error)).finally(() => { running = null; });
    return running;
  }

  // The camera --------------------------------------------------------------------------------------------------------

  async function offerCamera() {
    const formats = await globalThis.BarcodeDetector?.getSupportedFormats?.().catch(() => []);
    if (!formats?.includes("qr_code") || !navigator.mediaDevices?.getUserMedia) return;
    const place = byId("camera");
    const [toggle, view] = [place.querySelector("button"), place.querySelector("video")];
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    let film = null;
    let last = { text: "", at: 0 };
    const stop = () => {
      film?.getTracks().forEach((track) => track.stop());
      film = null;
      view.hidden = true;
      toggle.textContent = words.camera;
      toggle.setAttribute("aria-pressed", "false");
    };
    const look = async () => {
      if (!film) return;
      const [found] = await detector.detect(view).catch(() => []);
      // A card is held before the camera for a while: it is one scan.
      if (found && (found.rawValue !== last.text || Date.now() - last.at > 4000)) inTurn(() => typed(found.rawValue));
      if (found) last = { text: found.rawValue, at: Date.now() };
      setTimeout(look, 200);
    };
    toggle.addEventListener("click", async () => {
      if (film) return stop();
      try {
        film = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
      } catch {
        warn(words.camera, words.camera_no);
        return;
      }
      view.srcObject = film;
      view.hidden = false;
      toggle.textContent = words.camera_stop;
      toggle.setAttribute("aria-pressed", "true");
      await view.play();
      look();
    });
    addEventListener("pagehide", stop);
    place.hidden = false;
  }

  // Beginning ---------------------------------------------------------------------------------------------------------

  // The forms of the page are answered here while there is a list; without one they go over the network.
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") !== home) return;
    if (!list || over) {
      if (navigator.onLine) return;
      event.preventDefault();
      say({ tone: "look", title: [over || wiped ? words.list_wiped : words.no_list] });
      return;
    }
    const { submitter } = event;
    const isScan = event.target.contains(field);
    if (!isScan && !["reservation", "kind"].includes(submitter?.name)) return;
    event.preventDefault();
    if (submitter?.name === "reservation") {
      const row = list.expected.find(({ reservation_id: id }) => id === submitter.value);
      if (row) inTurn(() => tap({ reservation_id: row.reservation_id }, "reserved", row));
    } else if (submitter?.name === "kind") {
      pressed(submitter.value, () => tap({}, submitter.value, null));
    } else {
      const text = field.value;
      field.value = "";
      field.focus();
      inTurn(() => typed(text));
    }
  });

  // A scanner types wherever the focus is: it is led to the field.
  document.addEventListener("keydown", (event) => {
    const plain = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " ";
    if (plain && !event.target.closest("input, textarea, select, summary")) field.focus();
  });

  async function begin() {
    stores = await openStores();
    await expire();
    outbox = await all(stores, "outbox");
    told = await all(stores, "told");
    list = await within(stores, ["lists"], "readonly", (store) => store("lists").get(menu)) ?? null;
    if (list || !navigator.onLine) show();
    byId("send").addEventListener("click", () => { reached = true; goRound(); });
    addEventListener("online", goRound);
    addEventListener("offline", () => { reached = false; show(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) goRound(); });
    setInterval(() => { if (!document.hidden) goRound(); }, ROUND_MS);
    await goRound();
    await keepPage().catch(() => {});
    await offerCamera();
  }
  begin().catch(() => warn(words.old_browser, words.old_browser_what));
})();
