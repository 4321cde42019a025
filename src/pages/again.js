// Asks again for a page on which something is on its way, after as many seconds as it says.
"use strict";

const waiting = document.querySelector("[data-again]");
if (waiting) setTimeout(() => location.reload(), Number(waiting.dataset.again) * 1000);
