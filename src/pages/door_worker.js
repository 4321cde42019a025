// Keeps the page of the door on the phone, so that it opens without a network. What the page knows of people is not here:
// the page keeps that itself, and takes it away again. SHELL, written before this, is what every page of the door loads.
"use strict";
const ASSETS = "door-assets";
const PAGES = "door-pages";
// How long a page may be waited for where there is a copy of it.
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(ASSETS);
    await cache.addAll(SHELL);
    await self.skipWaiting();
  })());
});

// A new version fetches the pages anew before it forgets what the old ones load.
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    await self.clients.claim();
    const pages = await caches.open(PAGES);
    for (const request of await pages.keys()) {
      const fresh = await fetch(request.url, { headers: { "Leling-Keep": "1", Accept: "text/html" } }).catch(() => null);
      if (!fresh?.ok || fresh.redirected) return;
      await pages.put(request.url, fresh);
    }
    const assets = await caches.open(ASSETS);
    for (const request of await assets.keys()) {
      if (!SHELL.includes(new URL(request.url).pathname)) await assets.delete(request);
    }
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin || request.method !== "GET") return;
  if (request.mode === "navigate" && pathname.startsWith("/door/")) event.respondWith(page(request, pathname));
  else if (pathname.startsWith("/assets/")) event.respondWith(asset(request));
});

// From the network; the copy where there is none, or it takes too long.
async function page(request, pathname) {
  const copy = await copyOf(pathname);
  if (!copy) return fetch(request);
  const tooLong = new Promise((done) => setTimeout(done, PATIENCE_MS, null));
  const answer = await Promise.race([fetch(request).catch(() => null), tooLong]);
  return answer && ![502, 503, 504].includes(answer.status) ? answer : copy;
}

// The copy of this page, or the way to the one door that is kept of this canteen.
async function copyOf(pathname) {
  const pages = await caches.open(PAGES);
  const found = await pages.match(pathname, { ignoreVary: true });
  if (found) return found;
  const kept = (await pages.keys()).map((request) => new URL(request.url).pathname);
  const near = kept.filter((one) => one.startsWith(`${pathname}/`) || pathname.startsWith(`${one}/`)).pop();
  return near && Response.redirect(near, 302);
}

async function asset(request) {
  const cache = await caches.open(ASSETS);
  const found = await cache.match(request, { ignoreVary: true });
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
