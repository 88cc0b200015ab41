// The views whose files are loaded when somebody goes there: together they weigh more than a first visit should.

import { Problem } from "./api.js";
import { byId } from "./elements.js";
import { showProblem } from "./problem.js";
import { addView } from "./router.js";

const insight = { load: () => import("./insight.js"), problem: "insight-problem" };
const review = { load: () => import("./review.js"), leave: "leaveLive" };
const VIEWS = [
  {
    load: () => import("./transaction.js"), problem: "detail-problem", name: "transactions/", section: "transaction",
    title: "One transaction",
  },
  {
    ...insight, name: "insight", label: "Insight",
    about: "Twelve questions about customers, regions, merchants and fraud, each answered by a picture.",
  },
  { ...insight, name: "insight/", section: "insight", title: "Insight" },
  {
    load: () => import("./explorer.js"), problem: "explorer-problem", name: "explorer", label: "Explorer",
    about: "What customers spend, by month, state, category and more: choose one, and all others follow.",
  },
  {
    ...review, problem: "queue-problem", name: "alerts", enter: "enterAlerts", label: "Alerts",
    about: "The cases of cards that the scorer finds suspicious: claim one, see why, decide it.",
  },
  { ...review, problem: "case-problem", name: "cases/", section: "case", enter: "enterCase", title: "One case" },
  {
    load: () => import("./quality.js"), problem: "quality-problem", name: "alerts/", section: "quality", title: "How well alerts work",
  },
  {
    load: () => import("./operations.js"), problem: "ops-problem", name: "operations", label: "Operations",
    about: "Live: what is accepted, how far each drain is, dead letters, cost; and what to do where something is red.",
  },
];

export function addLaterViews() {
  VIEWS.forEach(add);
}

/** A view that `load()` loads; `enter` and `leave` are the names of what its module does then, `problem` the place of problems. */
function add({ load, problem, enter = "enter", leave = "leave", ...view }) {
  let asked = 0;
  let module = null;
  addView({
    needsKey: true, ...view,
    async enter(...to) {
      const mine = ++asked;
      module ??= await load().catch(() => null);
      if (mine !== asked) {
        return; // another view is shown by now
      }
      if (module) {
        module[enter](...to);
      } else {
        showProblem(byId(problem), new Problem({ title: "This page did not load", detail: "Load it again, please." }));
      }
    },
    leave() {
      asked += 1;
      module?.[leave]?.();
    },
  });
}
