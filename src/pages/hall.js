// Keeps the numbers of the board in the hall live.
(() => {
  "use strict";
  const board = document.getElementById("board");
  if (!board || !globalThis.EventSource) return;
  const live = document.getElementById("live");
  const day = live.textContent;
  const AGAIN_MS = 30_000;
  let source;

  function say(text) {
    live.textContent = `${day} · ${text}`;
  }

  // The counts of the day. A meal that came or went is drawn anew.
  function show({ menus }) {
    const shown = new Set([...board.querySelectorAll("[data-of]")].map((figure) => figure.dataset.of));
    if (menus.some(({ menu_id: id }) => !shown.has(id))) {
      location.reload();
      return;
    }
    for (const figure of board.querySelectorAll("[data-of]")) {
      const count = menus.find(({ menu_id: id }) => id === figure.dataset.of)?.[figure.dataset.count];
      if (count) figure.textContent = count.people;
    }
    say(live.dataset.on);
  }

  function listen() {
    source = new EventSource(board.dataset.live);
    source.addEventListener("headcounts", (event) => show(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      say(live.dataset.off);
      // What was ended for good is begun again by the page itself, which leads to signing in where that is needed.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), AGAIN_MS);
    });
  }

  if (board.dataset.again) setTimeout(() => location.reload(), Math.min(Number(board.dataset.again), 86_400) * 1000);
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  listen();
})();
