// Officers and auditors of an area.

import { Api, later, today } from "../lib/api.mjs";
import { expect, expectError, expectHeading, expectText, follow, press } from "../lib/tasks.mjs";
import { signIn } from "../lib/world.mjs";

export const name = "district";

// The address of the first policy in reach.
async function policyOf(world, who) {
  const context = await world.visit({ who, js: false });
  const page = await context.newPage();
  await page.goto("/district/policies");
  const path = await page.locator("main .ways a").first().getAttribute("href");
  await context.close();
  return path;
}

export async function visitors(world) {
  return [
    { name: "officer", who: world.person("district", 1) },
    { name: "auditor", who: world.person("auditor", 1) },
  ];
}

export async function pages({ world, visitor }) {
  const policy = await policyOf(world, visitor.who);
  const month = today().slice(0, 7);
  const resident = world.person("resident", 0, ({ city }) => city === visitor.who.city);
  const asked = `card=${resident.card_number}&on=${month}-20&price=15.00&period=lunch&mode=dine_in&kind=set`;
  const all = [
    { name: "canteens today", path: "/district" },
    { name: "month", path: "/district/report" },
    { name: "policies", path: "/district/policies" },
    { name: "a policy", path: policy },
    { name: "try", path: `${policy}/try` },
    { name: "tried", path: `${policy}/try?${asked}` },
    { name: "try with errors", path: `${policy}/try?card=&on=x&price=y&period=lunch`, status: 422 },
    { name: "compare", path: `${policy}/compare?month=${month}` },
  ];
  if (visitor.name === "auditor") return all;
  const api = await Api.of(world, visitor.who);
  const { document } = await api.get(`/policies/${policy.split("/").at(-1)}`);
  const draft = await api.post("/policies", document);
  return [
    ...all,
    { name: "write a policy", path: "/district/policies/new", typed: { document: JSON.stringify(document) } },
    { name: "a new version", path: `/district/policies/new?from=${policy.split("/").at(-1)}` },
    { name: "activate", path: `/district/policies/${draft.id}/activate`, typed: { from: "2027-01-01" } },
    { name: "residents of a canteen", path: `/desk/${resident.canteen_id}/residents` },
    { name: "a resident's facts", path: `/desk/${resident.canteen_id}/residents/${resident.resident_id}/facts` },
  ];
}

export const tasks = [
  {
    name: "an officer sees the canteens of the day and the month, and takes a table away",
    async run({ page, context, world, say }) {
      const who = world.person("district");
      await page.goto("/home");
      await signIn(page, who);
      await expectHeading(page, say("各食堂", "Canteens"));
      await follow(page.locator("tbody th a").first());
      await expectHeading(page, say("老人档案", "Residents"));
      await page.goBack();
      for (let day = today(); day >= world.livedOn; day = later(day, -1)) {
        await press(page, say("前一天", "The day before"));
      }
      const served = await page.locator("tfoot td").nth(3).innerText();
      expect(Number(served) > 0, `nobody was served the day before ${world.livedOn}: ${served}`);
      await expectText(page, say("已结束", "closed"));
      await press(page, say("月报", "Month"));
      await expectText(page, say("老人付", "Residents pay"));
      expect((await page.locator("tbody").innerText()).includes(say("是", "yes")), "the month does not add up");
      const href = await page.locator(".files a").first().getAttribute("href");
      const file = await context.request.get(href);
      expect(file.ok(), `the table is answered with ${file.status()}`);
      expect(file.headers()["content-type"].includes("spreadsheet"), file.headers()["content-type"]);
    },
  },
  {
    name: "an officer reads a policy, writes a new version, tries and compares it, and puts it into force",
    async run({ page, world, say }) {
      const who = world.person("district", 2);
      const resident = world.person("resident", 0, ({ city }) => city === who.city);
      await page.goto("/home");
      await signIn(page, who);
      await press(page, say("补贴政策", "Subsidy policies"));
      await follow(page.locator("main .ways a").first());
      await expectText(page, say("这项政策说的是", "What this policy says"));
      await press(page, say("改成新版本", "Make a new version"));
      const text = await page.locator("#document").inputValue();
      await page.locator("#document").fill(text.slice(0, -3));
      await press(page, say("存成草稿", "Save it as a draft"));
      await expectError(page, "document", say("不是有效的 JSON", "this is not valid JSON"));
      const document = JSON.parse(text);
      await page.locator("#document").fill(JSON.stringify({ ...document, layers: [] }));
      await press(page, say("存成草稿", "Save it as a draft"));
      await expectText(page, "/layers");
      // Every amount that is paid is one fen less, so that everybody who had a subsidy pays more.
      const less = text.replaceAll(/"(fixed_fen|up_to_fen)": (\d+)/g, (_, name, fen) => `"${name}": ${fen - 1}`);
      expect(less !== text, "the policy pays no fixed amount");
      await page.locator("#document").fill(less);
      await press(page, say("存成草稿", "Save it as a draft"));
      await expectText(page, say("草稿，还没有生效", "draft, not in force"));
      const draft = page.url();
      await press(page, say("用一位老人试算", "Try it on a resident"));
      await page.locator("#card").fill("99999999");
      await page.locator("#on").fill(today());
      await page.locator("#price").fill("15");
      await press(page, say("试算", "Try it"));
      await expectError(page, "card", say("没有这张卡", "There is no such card"));
      await page.locator("#card").fill(resident.card_number);
      await press(page, say("试算", "Try it"));
      await expectText(page, say("按当天生效的政策", "By what is in force that day"));
      await page.goto(`${draft}/compare?month=${today().slice(0, 7)}`);
      await expectText(page, say("谁出多少钱", "What it costs each payer"));
      await expectText(page, say("位老人要多付", "residents would pay more"));
      expect((await page.locator("main table").count()) === 2, "nobody is named who would pay more");
      await page.goto(draft);
      await press(page, say("让这一版生效", "Put it into force"));
      await press(page, say("生效", "Put it into force"));
      await expectError(page, "from", "2027-01-01");
      await page.locator("#from").fill("2027-01-01");
      await press(page, say("生效", "Put it into force"));
      await expectText(page, say("起生效", "in force from"));
    },
  },
  {
    name: "an auditor reads everything of the district and changes nothing",
    async run({ page, world, say }) {
      await page.goto("/home");
      await signIn(page, world.person("auditor", 2));
      await press(page, say("补贴政策", "Subsidy policies"));
      expect((await page.locator("main a[href*='/new']").count()) === 0, "an auditor is offered to write a policy");
      await page.goto("/district/policies/new");
      await expectHeading(page, say("您的身份不能做这件事", "Your role does not cover this"));
    },
  },
];
