// Reads the main part of a page aloud. The button is shown only where the browser can speak the page's language.
(() => {
  "use strict";
  const button = document.getElementById("aloud");
  const speech = window.speechSynthesis;
  if (!button || !speech || typeof SpeechSynthesisUtterance === "undefined") return;

  const language = document.documentElement.lang;
  // Shown and read once only: what stands in these is for the eye or the hand.
  const skipped = "script, .hidden, .help, nav, #aloud";
  const blocks = "h1, h2, h3, p, li, dt, dd, legend, label, caption, th, td";

  function sentences() {
    const said = [];
    for (const block of document.querySelectorAll(`main :is(${blocks})`)) {
      if (block.closest(skipped) || block.querySelector(blocks)) continue;
      const text = block.innerText.replace(/\s+/g, " ").trim();
      if (text) said.push([text, block.querySelector("[lang]") ? block.querySelector("[lang]").lang : language]);
    }
    return said;
  }

  function show(speaking) {
    button.textContent = speaking ? button.dataset.stop : button.dataset.start;
    button.setAttribute("aria-pressed", String(speaking));
  }

  function start() {
    speech.cancel();
    const said = sentences();
    said.forEach(([text, lang], position) => {
      const utterance = new SpeechSynthesisUtterance(text);
      utterance.lang = lang;
      utterance.rate = 0.85;
      if (position === said.length - 1) utterance.onend = () => show(false);
      utterance.onerror = () => show(false);
      speech.speak(utterance);
    });
    show(true);
  }

  button.addEventListener("click", () => {
    if (button.getAttribute("aria-pressed") === "true") {
      speech.cancel();
      show(false);
    } else {
      start();
    }
  });
  window.addEventListener("pagehide", () => speech.cancel());
  show(false);
  button.hidden = false;
})();
