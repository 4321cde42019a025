// Keeps the numbers of today's page up to date: at each event of the canteen's stream the page is read again, and the
// numbers that are others now take their places. What the page shows is so made in one place only.
(() => {
  "use strict";
  const live = document.getElementById("live");
  const state = document.getElementById("live-state");
  if (!live || !state || typeof EventSource === "undefined") return;

  const on = state.textContent;
  const open = new Set();
  let reading = false;
  let again = false;

  const numbers = (root) => new Map([...root.querySelectorAll("[data-live]")].map((one) => [one.dataset.live, one]));

  // What is open stays open, where the whole has to be put in place of what was there.
  function replace(fresh) {
    const opened = [...live.querySelectorAll("details")].map((one) => one.open);
    live.replaceChildren(...fresh.childNodes);
    live.querySelectorAll("details").forEach((one, at) => { one.open = Boolean(opened[at]); });
  }

  function take(fresh) {
    if (fresh.dataset.streams !== live.dataset.streams) return location.reload();
    const [known, found] = [numbers(live), numbers(fresh)];
    const same = known.size === found.size && [...known.keys()].every((key) => found.has(key));
    if (!same || live.contains(document.activeElement) === false) return replace(fresh);
    for (const [key, one] of known) {
      const now = found.get(key).textContent;
      if (one.textContent !== now) one.textContent = now;
    }
  }

  async function read() {
    if (reading) { again = true; return; }
    reading = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
        if (fresh) take(fresh);
      }
    } catch {
      // The stream says that the line is down.
    }
    reading = false;
    if (again) { again = false; read(); }
  }

  function isNews({ menus }) {
    const known = numbers(live);
    const differs = (menu, key) => known.get(`${menu.menu_id}-${key}`)?.textContent !== String(menu[key].people);
    return menus.some((menu) => ["reserved", "confirmed", "served"].some((key) => differs(menu, key)));
  }

  function show() {
    state.textContent = open.size === streams.length ? on : state.dataset.off;
    state.hidden = false;
  }

  const streams = live.dataset.streams.split(" ").map((address) => {
    const stream = new EventSource(address);
    let first = true;
    stream.addEventListener("open", () => { open.add(stream); show(); });
    stream.addEventListener("error", () => { open.delete(stream); show(); });
    stream.addEventListener("headcounts", (event) => {
      // The first one mostly says what the page shows already.
      if (!first || isNews(JSON.parse(event.data))) read();
      first = false;
    });
    return stream;
  });
  window.addEventListener("pagehide", () => streams.forEach((stream) => stream.close()));
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
