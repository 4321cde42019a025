// Every page in a real browser: the tasks of every audience, and the walker. See README.md beside this.

import { parseArgs } from "node:util";

import { startDemo } from "./lib/demo.mjs";
import { doTasks } from "./lib/tasks.mjs";
import { Html, walk } from "./lib/walk.mjs";
import { World } from "./lib/world.mjs";
import * as desk from "./audiences/desk.mjs";
import * as district from "./audiences/district.mjs";
import * as door from "./audiences/door.mjs";
import * as everyone from "./audiences/everyone.mjs";
import * as firstRun from "./audiences/first-run.mjs";
import * as resident from "./audiences/resident.mjs";
import * as staff from "./audiences/staff.mjs";

// In the order in which people meet them.
const AUDIENCES = [firstRun, everyone, resident, desk, staff, door, district];

const { values: asked } = parseArgs({
  options: {
    binary: { type: "string", default: "../../target/debug/leling" },
    from: { type: "string" },
    audience: { type: "string" },
    task: { type: "string" },
    page: { type: "string" },
    "tasks-only": { type: "boolean", default: false },
    "walk-only": { type: "boolean", default: false },
    screens: { type: "string" },
  },
});

const faults = [];
const note = (sentence) => {
  faults.push(sentence);
  console.log(`  ✗ ${sentence}`);
};
const step = (sentence) => console.log(`\n== ${sentence} (after ${Math.round(performance.now() / 1000)} s)`);

step("starting the demonstration");
const demo = await startDemo({ binary: asked.binary, from: asked.from });
const common = await World.open(demo);
const html = await Html.open();
try {
  for (const audience of AUDIENCES.filter(({ name }) => !asked.audience || name === asked.audience)) {
    // An audience that needs another installation brings its own.
    const own = audience.open ? await audience.open({ binary: asked.binary }) : null;
    const world = own ? await World.open(own) : common;
    if (!asked["walk-only"]) {
      step(`tasks: ${audience.name}`);
      const done = await doTasks({ world, audience, note, only: asked.task, screens: asked.screens });
      console.log(`  ${done} tasks were done`);
    }
    if (!asked["tasks-only"]) {
      step(`pages: ${audience.name}`);
      const keep = (name, text) => html.keep(`${audience.name}-${name}`, text);
      const chosen = {
        ...audience,
        pages: async (of) => (await audience.pages(of)).filter(({ name }) => !asked.page || name.includes(asked.page)),
      };
      const seen = await walk({ world, audience: chosen, note, screens: asked.screens, html: keep });
      console.log(
        `  ${seen.pages} pages in ${seen.layouts} layouts; the heaviest has ${seen.heaviest} bytes, ` +
          `the most requests are ${seen.mostRequests}`,
      );
    }
    if (own) {
      await world.close();
      await own.stop();
    }
  }
  if (!asked["tasks-only"]) {
    step("valid HTML: vnu");
    for (const fault of await html.faults()) note(`HTML: ${fault}`);
  }
} finally {
  await html.close();
  await common.close();
  await demo.stop();
}
step(faults.length === 0 ? "all is well" : `${faults.length} things are not as they should be`);
process.exitCode = faults.length === 0 ? 0 : 1;
