// A page on which everything is wrong: whatever the walker does not notice there, it would not notice anywhere.

import { Html } from "./html.mjs";
import { walk } from "./walk.mjs";

const PATH = "/everything-is-wrong";

const PAGE = `<!doctype html><html lang="en"><head><title> </title>
<style>body { font-size: 17px; line-height: 1.2; width: 900px } p { color: #999; background: #fff }</style>
<script src="https://elsewhere.example/x.js"></script><script>missing()</script></head><body>
<h1>一</h1><h1>二</h1><p id="twice">很小的字 {name}</p><p id="twice">x</p><a href="/">a</a>
<form method="post"><input name="q"><button>b</button></form><table><div>${"x".repeat(60_000)}</div></table>
</body></html>`;

// What has to be said of it, each at least once.
const NOTICED = [
  "404", "language is not", "there are 2 h1", "there is no title", "there is no main", "scrolls sideways",
  "the main text has 17 px", "a text has 17 px", "a line is 1.20 high", "the contrast is 2.85", "a place that was not filled",
  "a target has", "a field has no label", "a form has no token", "a form has no key", "the id twice is there twice",
  "a request to https://elsewhere.example", "a script fails", "it weighs", "axe color-contrast", "axe label",
];

// Notes what the walker and the checker of HTML do not notice.
export async function checkTheWalker({ world, note }) {
  const said = [];
  const html = await Html.open();
  const visit = async (asked) => {
    const context = await world.visit(asked);
    await context.route(`**${PATH}`, (route) => route.fulfill({ status: 404, contentType: "text/html", body: PAGE }));
    await context.route("https://elsewhere.example/**", (route) => route.abort());
    return context;
  };
  const audience = { visitors: () => [{ name: "nobody", who: null }], pages: () => [{ name: "all wrong", path: PATH }] };
  await walk({
    world: { base: world.base, visit }, audience, note: (sentence) => said.push(sentence),
    plan: [{ lang: "zh", size: 1, widths: [320], axe: [320] }], html: (name, text) => html.keep(name, text),
  });
  for (const fault of NOTICED) {
    if (!said.some((sentence) => sentence.includes(fault))) note(`the walker does not notice: ${fault}`);
  }
  if ((await html.faults()).length === 0) note("vnu does not notice a page that is no HTML");
  await html.close();
}
