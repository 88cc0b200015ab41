// The queue of cases: what reviewers decide, the most urgent first.

import { act, call, newAction } from "./api.js";
import { byId, element } from "./elements.js";
import { hasKey } from "./key.js";
import { ago, moment } from "./moments.js";
import { sum } from "./money.js";
import { clearProblem, showProblem } from "./problem.js";
import { addView, address, go } from "./router.js";

const CASES_MAX = 1000;
const place = byId("queue-problem");
const news = byId("queue-news");
const ORDERS = { score: byScore, amount: byAmount, age: byAge };
let cases = [];
let readAt = 0;
let asked = 0;

export function startAlerts() {
  addView({
    name: "alerts", enter: read, needsKey: true, label: "Alerts",
    about: "The cases of cards that the scorer finds suspicious: claim one, see why, decide it.",
  });
  byId("queue-status").addEventListener("change", read);
  byId("queue-order").addEventListener("change", show);
  byId("queue-again").addEventListener("click", read);
  byId("queue-next").addEventListener("click", () => nextCase(news, place));
}

/** Claim the most urgent case that is free, and go to it; or say at these places why not. */
export async function nextCase(newsHere, placeHere, name = newAction()) {
  clearProblem(placeHere);
  if (!hasKey()) {
    return;
  }
  try {
    const next = await act("/cases/next", name);
    if (next === null) {
      newsHere.textContent = "No case is free: each is claimed, put off or closed.";
    } else {
      go(address(`cases/${next.case_id}`));
    }
  } catch (problem) {
    showProblem(placeHere, problem, {}, () => nextCase(newsHere, placeHere, name));
  }
}

async function read() {
  const mine = ++asked;
  clearProblem(place);
  byId("queue").hidden = true;
  news.textContent = "";
  if (!hasKey()) {
    return;
  }
  news.textContent = "Reading …";
  try {
    const query = new URLSearchParams({ status: byId("queue-status").value, limit: CASES_MAX });
    const page = await call(`/cases?${query}`);
    if (mine !== asked) {
      return;
    }
    cases = page.data;
    readAt = Date.now();
    const more = page.has_more ? ` Only those of the latest are shown: there are more.` : "";
    const count = cases.length === 1 ? "1 case" : `${cases.length.toLocaleString("en")} cases`;
    news.textContent = cases.length ? `${count}.${more}` : `There are no such cases.${more}`;
    show();
  } catch (problem) {
    if (mine === asked) {
      news.textContent = "";
      showProblem(place, problem, {}, read);
    }
  }
}

function show() {
  byId("queue").hidden = cases.length === 0;
  byId("queue-age").textContent = `Read ${ago(Date.now() - readAt)}`;
  byId("queue-rows").replaceChildren(...cases.toSorted(ORDERS[byId("queue-order").value]).map(row));
}

function row(one) {
  const link = element("a", { text: one.card_masked });
  link.href = address(`cases/${one.case_id}`);
  const amounts = one.amount_at_risk.flatMap((amount, at) => (at ? [", ", sum(amount)] : [sum(amount)]));
  return element("tr", {},
    element("td", { className: "number", text: String(one.priority) }),
    element("td", { className: "mono" }, link),
    element("td", { className: "number" }, ...amounts),
    element("td", { className: "number", text: String(one.alert_count) }),
    element("td", {}, moment(one.last_alerted_at)),
    element("td", { text: one.resolution ?? one.status }),
    element("td", { className: "mono", text: one.assignee ?? "" }));
}

function byScore(one, other) {
  return other.priority - one.priority || byAge(one, other);
}

function byAge(one, other) {
  return one.opened_at < other.opened_at ? -1 : 1;
}

/** Amounts of one currency compare, those of two never do: currencies stand one after the other. */
function byAmount(one, other) {
  const [mine, theirs] = [one.amount_at_risk[0], other.amount_at_risk[0]];
  return mine.currency.localeCompare(theirs.currency) || theirs.amount_minor - mine.amount_minor || byScore(one, other);
}
