// The warehouse's sums by everything that can be chosen, all of which follow a choice.

import { byId } from "./elements.js";
import { insight } from "./insight_api.js";
import { hasKey } from "./key.js";
import { clearProblem, showProblem } from "./problem.js";
import { addView } from "./router.js";

const place = byId("explorer-problem");
const news = byId("explorer-news");

export function startExplorer() {
  addView({ name: "explorer", enter, needsKey: true, title: "Explorer" });
}

async function enter(query) {
  clearProblem(place);
  news.textContent = hasKey() ? "Reading …" : "Give a key above to see it.";
  if (!hasKey()) {
    return;
  }
  try {
    const { total, too_few: tooFew } = await insight(`/insight/explorer?${query}`);
    news.textContent = tooFew ?? `${total[0].toLocaleString("en")} customers`;
  } catch (problem) {
    news.textContent = "";
    showProblem(place, problem, {}, () => enter(query));
  }
}
