// The explorer's place among the views. Its other files are loaded when somebody goes there.

import { Problem } from "./api.js";
import { byId } from "./elements.js";
import { showProblem } from "./problem.js";
import { addView } from "./router.js";

export function startExplorer() {
  addView({
    name: "explorer", enter, needsKey: true, label: "Explorer",
    about: "What customers spend, by month, state, category and more: choose one, and all others follow.",
  });
}

async function enter(query) {
  const explorer = await import("./explorer.js").catch(() => null);
  if (explorer) {
    explorer.explore(query);
  } else {
    showProblem(byId("explorer-problem"), new Problem({ title: "This page did not load", detail: "Load it again, please." }));
  }
}
