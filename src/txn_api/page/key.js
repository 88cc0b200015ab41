// The key of this tab: taken from its form, held by api.js alone, and forgotten.

import { Problem, useKey } from "./api.js";
import { byId } from "./elements.js";
import { clearProblem, showProblem } from "./problem.js";
import { again, focusTitle } from "./router.js";

const news = byId("key-news");
const place = byId("key-problem");
let held = false;

export function startKey() {
  byId("key-form").addEventListener("submit", take);
  byId("forget").addEventListener("click", forget);
}

/** Whether there is a key; if not, whoever asks is told to give one. */
export function hasKey() {
  if (!held) {
    news.textContent = "No key yet: give one to see what this page shows.";
  }
  return held;
}

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
  hold(true);
  news.textContent = "A key is held in this tab's memory. Whether it is good shows with the first call.";
  focusTitle();
  again();
}

function forget() {
  clearProblem(place);
  useKey("");
  hold(false);
  news.textContent = "Forgotten: no key.";
  byId("key").focus();
}

function hold(isHeld) {
  held = isHeld;
  byId("key-entry").hidden = held;
  byId("forget").hidden = !held;
}
