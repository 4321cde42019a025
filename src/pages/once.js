// A form whose answer shows a secret this once is sent once, however often its button is pressed.
"use strict";

addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
// Whoever comes back to the page can send it again.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
