// Every address that the program shows, and which of them nobody has visited.

import { readFile } from "node:fs/promises";

const LIST = new URL("../../../src/pages/mod.rs", import.meta.url);

// What is no page but a picture, a file, a script, or numbers for one.
const NO_PAGES = [/\.(csv|xlsx|svg|js)$/, /^\/assets\//, /\/live$/, /^\/door\/\{id\}\/\{menu\}\/list$/];
// What only leads on.
const LEAD_ON = ["/look"];

const pattern = (address) => new RegExp(`^${address.replaceAll(/\{\w+\}/g, "[^/]+")}$`);

// The addresses of pages as `src/pages/mod.rs` lists them.
export async function addresses() {
  const source = await readFile(LIST, "utf8");
  const shown = [...source.matchAll(/Address::at\("([^"]+)"\)\s*\.shows\(/g)].map(([, address]) => address);
  return shown.filter((address) => !LEAD_ON.includes(address) && !NO_PAGES.some((one) => one.test(address)));
}

// The addresses at which no page of these paths is. A path belongs to the address with the most words of its own.
export function unvisited(all, paths) {
  const visited = new Set();
  for (const path of paths) {
    const [nearest] = all.filter((address) => pattern(address).test(path))
      .sort((one, other) => one.split("{").length - other.split("{").length);
    visited.add(nearest);
  }
  return all.filter((address) => !visited.has(address));
}
