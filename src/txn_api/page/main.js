// Puts the page together. No build step: browsers load these modules as they stand.

import { Problem, useKey } from "./api.js";
import { byId } from "./elements.js";
import { startHealth } from "./health.js";
import { startLookup } from "./lookup.js";
import { clearProblem, showProblem } from "./problem.js";
import { startSample } from "./sample.js";

const news = byId("key-news");
const place = byId("key-problem");

function take(event) {
  event.preventDefault();
  clearProblem(place);
  const field = byId("key");
  const presented = field.value.trim();
  if (!/^[!-~]+$/.test(presented)) {
    showProblem(place, new Problem({ title: "Not a key", detail: "A key has letters, digits and signs, and no space." }));
    return;
  }
  useKey(presented);
  field.value = "";
  news.textContent = "A key is held in this tab's memory. Whether it is good shows with the first call.";
}

function forget() {
  clearProblem(place);
  useKey("");
  byId("key").value = "";
  news.textContent = "Forgotten: no key.";
}

byId("key-form").addEventListener("submit", take);
byId("forget").addEventListener("click", forget);
startLookup();
startSample();
startHealth();
