// The cases that are most like a case: what they have in common, and how they were decided.

import { call } from "./api.js";
import { element } from "./elements.js";
import { moment } from "./moments.js";
import { showProblem } from "./problem.js";
import { address } from "./router.js";

/** Show them in a place, as long as `isAsked()`. */
export async function showSimilar(shown, caseId, isAsked) {
  shown.replaceChildren(element("p", { text: "Reading …" }));
  try {
    const found = await call(`/cases/${encodeURIComponent(caseId)}/similar`);
    if (isAsked()) {
      const whole = found.is_all ? "" : ", the latest of them";
      const looked = `Cases with alerts since ${found.since.slice(0, 10)} were looked at: ${found.cases_looked_at}${whole}.`;
      shown.replaceChildren(
        found.data.length ? element("ol", {}, ...found.data.map(similar)) : element("p", { text: "No case is like this one." }),
        element("p", { className: "hint", text: looked }));
    }
  } catch (problem) {
    if (isAsked()) {
      showProblem(shown, problem, {}, () => showSimilar(shown, caseId, isAsked));
    }
  }
}

function similar({ case: one, similarity, shared }) {
  const link = element("a", { text: one.card_masked });
  link.href = address(`cases/${one.case_id}`);
  const decided = one.resolution ?? one.status;
  return element("li", {}, link, ", ", element("strong", { text: decided }), one.reason ? `: ${one.reason}` : "",
    ", opened ", moment(one.opened_at), " UTC. ",
    element("span", { className: "hint", text: `${Math.round(similarity * 100)} % alike: ${shared.map(({ text }) => text).join(", ")}` }));
}
