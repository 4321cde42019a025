// What is measured of a page in the browser. `measure` runs inside the page and gives a list of sentences, one for each
// thing that is not as it should be.

export function measure({ lang, size }) {
  const faults = [];
  const fault = (what, element) => faults.push(element ? `${what}: ${describe(element)}` : what);
  const staff = document.body.classList.contains("wide");
  const LEAST_TARGET = staff ? 44 : 60;
  const LEAST_TEXT = 18;
  const MAIN_TEXT = [20, 25, 30][size - 1];

  function describe(element) {
    const text = (element.innerText || element.getAttribute("name") || "").replace(/\s+/g, " ").trim().slice(0, 40);
    return `<${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}> ${text}`;
  }
  function isShown(element) {
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1) return false;
    if (element.closest(".hidden, [hidden], .skip")) return false;
    return element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true });
  }
  function texts() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = new Map();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (node.data.trim() && element && !["SCRIPT", "STYLE", "OPTION"].includes(element.tagName) && isShown(element)) {
        found.set(element, (found.get(element) ?? "") + node.data);
      }
    }
    return found;
  }

  // Colours
  const rgba = (colour) => {
    const parts = colour.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    return { r: parts[0], g: parts[1], b: parts[2], a: parts[3] ?? 1 };
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a), a: 1,
  });
  function background(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      layers.push(colour);
      if (colour.a === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
  }
  function luminance({ r, g, b }) {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  }
  function contrast(element) {
    const below = background(element);
    const [a, b] = [luminance(over(rgba(getComputedStyle(element).color), below)), luminance(below)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }

  // The document
  const tag = lang === "zh" ? "zh-CN" : "en";
  if (document.documentElement.lang !== tag) fault(`the page's language is not ${tag}`);
  const h1 = document.querySelectorAll("h1");
  if (h1.length !== 1) fault(`there are ${h1.length} h1`);
  if (!document.title.trim()) fault("there is no title");
  for (const landmark of ["header", "main", "footer .help"]) {
    if (!document.querySelector(landmark)) fault(`there is no ${landmark}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) {
    const wide = [...document.querySelectorAll("body *")]
      .filter((element) => isShown(element) && element.getBoundingClientRect().right > innerWidth + 1).pop();
    fault(`it scrolls sideways: ${document.documentElement.scrollWidth} px of ${innerWidth}`, wide);
  }
  const main = parseFloat(getComputedStyle(document.body).fontSize);
  if (main < MAIN_TEXT - 0.01) fault(`the main text has ${main} px`);

  // Texts
  for (const [element, text] of texts()) {
    const style = getComputedStyle(element);
    const px = parseFloat(style.fontSize);
    if (px < LEAST_TEXT) fault(`a text has ${px} px`, element);
    const line = style.lineHeight === "normal" ? 1.2 : parseFloat(style.lineHeight) / px;
    if (line < 1.5 - 0.01) fault(`a line is ${line.toFixed(2)} high`, element);
    const ratio = contrast(element);
    if (ratio < 7) fault(`the contrast is ${ratio.toFixed(2)}`, element);
    if (lang === "en" && /[\u3400-\u9fff]/.test(text) && element.closest("[lang]").lang.slice(0, 2) !== "zh") {
      fault("Chinese that does not say so", element);
    }
    if (/\{[a-z_]+\}/.test(text)) fault("a place that was not filled", element);
  }

  // What is pressed
  for (const element of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
    if (element.type === "hidden" || !isShown(element)) continue;
    const boxes = [element, ...(element.labels ?? [])].map((one) => one.getBoundingClientRect());
    const isPick = element.type === "radio" || element.type === "checkbox";
    const box = isPick
      ? { width: Math.max(...boxes.map((b) => b.right)) - Math.min(...boxes.map((b) => b.left)),
          height: Math.max(...boxes.map((b) => b.height)) }
      : boxes[0];
    if (box.width < LEAST_TARGET - 0.5 || box.height < LEAST_TARGET - 0.5) {
      fault(`a target has ${Math.round(box.width)} × ${Math.round(box.height)} px`, element);
    }
    const isField = ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);
    if (isField && !(element.labels?.length || element.getAttribute("aria-label"))) fault("a field has no label", element);
  }

  // Forms
  for (const form of document.forms) {
    if (form.method !== "post") continue;
    if (!form.elements.namedItem("form_token")?.value) fault("a form has no token", form);
    if (!form.elements.namedItem("form_key")?.value) fault("a form has no key of its own", form);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) fault(`the id ${id} is there twice`);
  return [...new Set(faults)];
}
