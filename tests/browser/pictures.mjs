// The pictures of the READMEs: `node pictures.mjs [--binary FILE] [--from DIR]`. See README.md beside this.

import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";

import { Api, today } from "./lib/api.mjs";
import { liveThrough, startDemo } from "./lib/demo.mjs";
import { World } from "./lib/world.mjs";

const PICTURES = "../../docs/pictures";

const { values: asked } = parseArgs({
  options: { binary: { type: "string", default: "../../target/debug/leling" }, from: { type: "string" } },
});

const lived = asked.from ? { dir: asked.from, leave: () => {} } : await liveThrough({ binary: asked.binary });
const demo = await startDemo({ binary: asked.binary, from: lived.dir });
const world = await World.open(demo);
try {
  await mkdir(PICTURES, { recursive: true });
  const staff = world.person("staff", 0, ({ user_name }) => user_name.startsWith("zhenru"));
  const here = ({ canteen_id }) => canteen_id === staff.canteen_id;
  const resident = world.person("resident", 0, here);
  const officer = world.person("district", 0, ({ user_name }) => user_name.startsWith("shanghai"));
  const api = await Api.of(world, staff);
  const { items: menus } = await api.get(`/canteens/${staff.canteen_id}/menus?from=${today()}&to=${today()}`);
  const { items: policies } = await (await Api.of(world, officer)).get("/policies");
  const pictures = [
    { name: "resident", who: resident, path: `/people/${resident.resident_id}` },
    { name: "desk", who: staff, path: `/desk/${staff.canteen_id}?q=l`, wide: true },
    { name: "staff", who: staff, path: `/staff/${staff.canteen_id}`, wide: true },
    { name: "week", who: staff, path: `/staff/${staff.canteen_id}/week`, wide: true },
    { name: "door", who: world.person("volunteer", 0, here), path: `/door/${staff.canteen_id}/${menus[0].id}`, js: false },
    { name: "policy", who: officer, path: `/district/policies/${policies[0].id}`, wide: true },
  ];
  for (const { name, who, path, wide = false, js = true } of pictures) {
    const [width, height] = wide ? [1280, 900] : [640, 900];
    const context = await world.visit({ who, width, height, js });
    const page = await context.newPage();
    await page.goto(path);
    await page.screenshot({ path: `${PICTURES}/${name}.png` });
    await context.close();
    console.log(`${name}: ${path}`);
  }
} finally {
  await world.close();
  await demo.stop();
  await lived.leave();
}
