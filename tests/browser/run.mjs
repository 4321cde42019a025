// Every page in a real browser: the tasks of every audience, the walker, and every form sent as nobody should. See README.md
// beside this.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

import { addresses, unvisited } from "./lib/addresses.mjs";
import { checkTheWalker } from "./lib/bad.mjs";
import { liveThrough, startDemo } from "./lib/demo.mjs";
import { sendForms } from "./lib/forms.mjs";
import { Html } from "./lib/html.mjs";
import { score } from "./lib/lighthouse.mjs";
import { doTasks } from "./lib/tasks.mjs";
import { LONG, SHORT, walk } from "./lib/walk.mjs";
import { World } from "./lib/world.mjs";
import * as desk from "./audiences/desk.mjs";
import * as district from "./audiences/district.mjs";
import * as door from "./audiences/door.mjs";
import * as everyone from "./audiences/everyone.mjs";
import * as firstRun from "./audiences/first-run.mjs";
import * as resident from "./audiences/resident.mjs";
import * as staff from "./audiences/staff.mjs";

// Those with the most to do first.
const AUDIENCES = [resident, desk, staff, door, district, everyone, firstRun];
const PARTS = ["tasks", "pages", "forms", "lighthouse"];

const { values: asked } = parseArgs({
  options: {
    binary: { type: "string", default: "../../target/debug/leling" },
    from: { type: "string" },
    audience: { type: "string" },
    part: { type: "string" },
    task: { type: "string" },
    page: { type: "string" },
    long: { type: "boolean", default: false },
    screens: { type: "string" },
  },
});

const faults = [];
const note = (sentence) => {
  faults.push(sentence);
  console.log(`  ✗ ${sentence}`);
};
const say = (sentence) => console.log(`${String(Math.round(performance.now() / 1000)).padStart(5)} s  ${sentence}`);

const seen = { tasks: 0, pages: 0, layouts: 0, forms: 0, sends: 0, lowest: 100, heaviest: 0, mostRequests: 0, paths: new Set() };

// Each part of each audience has an installation of its own, in which nobody else has left anything.
async function withWorld(audience, from, work) {
  const service = await (audience.open ?? startDemo)({ binary: asked.binary, from });
  const world = await World.open(service);
  try {
    return await work(world);
  } finally {
    await world.close();
    await service.stop();
  }
}

const parts = {
  async tasks({ audience, from }) {
    const done = await withWorld(audience, from, (world) =>
      doTasks({ world, audience, note, only: asked.task, screens: asked.screens }));
    seen.tasks += done;
    return `${done} tasks were done`;
  },
  async pages({ audience, from, html }) {
    const chosen = {
      ...audience,
      pages: async (of) => (await audience.pages(of)).filter(({ name }) => !asked.page || name.includes(asked.page)),
    };
    const of = await withWorld(audience, from, (world) => walk({
      world, audience: chosen, note, plan: asked.long ? LONG : SHORT, screens: asked.screens,
      html: (name, text) => html.keep(`${audience.name}-${name}`, text),
    }));
    for (const what of ["pages", "layouts"]) seen[what] += of[what];
    for (const what of ["heaviest", "mostRequests"]) seen[what] = Math.max(seen[what], of[what]);
    for (const path of of.paths) seen.paths.add(path);
    return `${of.pages} pages in ${of.layouts} layouts; the heaviest, ${of.heaviestPage}, has ${of.heaviest} bytes, ` +
      `the most requests are ${of.mostRequests}`;
  },
  async forms({ audience, from }) {
    const of = await sendForms({ withWorld: (work) => withWorld(audience, from, work), audience, note, only: asked.page });
    seen.forms += of.forms;
    seen.sends += of.sends;
    for (const refused of of.refused) say(`  refused: ${refused}`);
    return `${of.forms} forms were sent ${of.sends} times`;
  },
  async lighthouse({ audience, from }) {
    const of = await withWorld(audience, from, (world) => score({ world, audience, note, only: asked.page }));
    seen.lowest = Math.min(seen.lowest, of.lowest);
    return `Lighthouse gives ${of.pages} pages at least ${of.lowest}`;
  },
};

// Runs the jobs, so many at a time.
async function inLanes(count, jobs) {
  const left = [...jobs];
  const lane = async () => {
    for (let job = left.shift(); job; job = left.shift()) {
      const { part, audience } = job;
      say(`${part} of ${audience.name}: ${await parts[part](job).catch((error) => {
        note(`${part} of ${audience.name}: ${error.message}`);
        return "not to the end";
      })}`);
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
}

const lived = asked.from ? { dir: asked.from, leave: () => {} } : await liveThrough({ binary: asked.binary });
const html = await Html.open();
try {
  say("the demonstration was lived through");
  const chosen = AUDIENCES.filter(({ name }) => !asked.audience || name === asked.audience);
  // Lighthouse says little that axe has not said, and is slow.
  const usual = asked.long ? PARTS : PARTS.filter((part) => part !== "lighthouse");
  const wanted = asked.part ? [asked.part] : usual;
  const jobs = wanted.flatMap((part) => chosen.map((audience) => ({ part, audience, from: lived.dir, html })));
  await inLanes(Math.min(availableParallelism(), 4), jobs.filter(({ part }) => part !== "lighthouse"));
  // It keeps its time in one place of the process.
  await inLanes(1, jobs.filter(({ part }) => part === "lighthouse"));
  if (wanted.includes("pages")) {
    for (const fault of await html.faults()) note(`HTML: ${fault}`);
    say(`${html.count} pages are valid HTML for vnu, as far as nothing else is said`);
    await withWorld(everyone, lived.dir, (world) => checkTheWalker({ world, note }));
    if (!asked.audience && !asked.page) {
      const all = await addresses();
      for (const address of unvisited(all, seen.paths)) note(`nobody has visited ${address}`);
      say(`${all.length} addresses show a page`);
    }
  }
} finally {
  await html.close();
  await lived.leave();
}
say(
  `${seen.tasks} tasks, ${seen.pages} pages in ${seen.layouts} layouts, ${seen.forms} forms sent ${seen.sends} times; ` +
    `the heaviest page has ${seen.heaviest} bytes, the most requests are ${seen.mostRequests}`,
);
for (const fault of faults) say(`  ${fault}`);
say(faults.length === 0 ? "all is well" : `${faults.length} things are not as they should be`);
process.exitCode = faults.length === 0 ? 0 : 1;
