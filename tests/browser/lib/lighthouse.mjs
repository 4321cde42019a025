// What Lighthouse says of the accessibility of every page that somebody can open.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { freePort } from "./demo.mjs";
import { FLAGS } from "./world.mjs";

// Gives how many pages were looked at, and the lowest score of a hundred; notes each page that has less than a hundred.
export async function score({ world, audience, note, only }) {
  const { default: lighthouse } = await import("lighthouse");
  const dir = await mkdtemp(join(tmpdir(), "leling-lighthouse-"));
  const port = await freePort();
  const seen = { pages: 0, lowest: 100 };
  const context = await chromium.launchPersistentContext(dir, {
    executablePath: world.browserPath, args: [...FLAGS, `--remote-debugging-port=${port}`],
  });
  try {
    for (const visitor of await audience.visitors(world)) {
      const pages = await audience.pages({ world, visitor });
      await context.clearCookies();
      if (visitor.who) await context.addCookies(await world.cookies(visitor.who));
      for (const page of pages.filter(({ name, status, prepare }) => !status && !prepare && (!only || name.includes(only)))) {
        const told = await lighthouse(new URL(page.path, world.base).href, {
          port, onlyCategories: ["accessibility"], disableStorageReset: true, logLevel: "silent",
        });
        const { categories, audits } = told.lhr;
        const points = Math.round((categories.accessibility?.score ?? 0) * 100);
        seen.pages += 1;
        seen.lowest = Math.min(seen.lowest, points);
        if (points === 100) continue;
        const failed = (categories.accessibility?.auditRefs ?? []).filter(({ id }) => audits[id].score === 0).map(({ id }) => id);
        note(`${visitor.name} ${page.name}: Lighthouse gives ${points}: ${failed.join(", ") || told.lhr.runtimeError?.message}`);
      }
    }
  } finally {
    await context.close();
    await rm(dir, { recursive: true, force: true });
  }
  return seen;
}
