// The places of the queue and of a case among the views. Their files are loaded when somebody goes there.

import { Problem } from "./api.js";
import { byId } from "./elements.js";
import { showProblem } from "./problem.js";
import { addView } from "./router.js";

let asked = 0;
let loaded = null;

export function startReview() {
  addView({
    name: "alerts", enter: (...to) => enter("queue", "enterAlerts", to), leave, needsKey: true, label: "Alerts",
    about: "The cases of cards that the scorer finds suspicious: claim one, see why, decide it.",
  });
  addView({
    name: "cases/", section: "case", enter: (...to) => enter("case", "enterCase", to), leave, needsKey: true, title: "One case",
  });
}

async function enter(place, name, to) {
  const mine = ++asked;
  loaded ??= await import("./review.js").catch(() => null);
  if (mine !== asked) {
    return; // another view is shown by now
  }
  if (loaded) {
    loaded[name](...to);
  } else {
    showProblem(byId(`${place}-problem`), new Problem({ title: "This page did not load", detail: "Load it again, please." }));
  }
}

function leave() {
  asked += 1;
  loaded?.leaveLive();
}
