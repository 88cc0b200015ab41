// The queue of cases: what reviewers decide, the most urgent first.

import { act, call, keyChanges, newAction } from "./api.js";
import { byId, element } from "./elements.js";
import { hasKey } from "./key.js";
import { actor, listen } from "./live.js";
import { ago, moment } from "./moments.js";
import { sum } from "./money.js";
import { clearProblem, showProblem } from "./problem.js";
import { address, go } from "./router.js";

const CASES_MAX = 1000;
const NEWS_AFTER_MS = 3000;
const LINK = 1; // the cell that may have the focus
const place = byId("queue-problem");
const news = byId("queue-news");
const ORDERS = { score: byScore, amount: byAmount, age: byAge };
const drawn = new Map(); // by case: what its row shows, and the row
let cases = [];
let heardSince = []; // changes since the list was last asked for
let hasMore = false;
let fresh = 0;
let readAt = 0;
let asked = 0;

export function startAlerts() {
  byId("queue-status").addEventListener("change", () => read());
  byId("queue-order").addEventListener("change", show);
  byId("queue-again").addEventListener("click", () => read());
  byId("queue-next").addEventListener("click", () => nextCase(news, place));
  keyChanges.addEventListener("change", clear); // what one key showed is not the next one's to see
}

function clear() {
  asked += 1;
  cases = [];
  drawn.clear();
  byId("queue-rows").replaceChildren();
  byId("queue").hidden = true;
  news.textContent = "";
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

export function enterAlerts() {
  read();
  if (hasKey()) {
    listen(heard);
  }
}

/** Read the queue; quietly, what is shown stays until then. */
async function read({ quietly = false } = {}) {
  const mine = ++asked;
  clearProblem(place);
  byId("queue").hidden ||= !quietly;
  heardSince = [];
  if (!hasKey()) {
    return;
  }
  news.textContent = quietly ? news.textContent : "Reading …";
  try {
    const chosen = byId("queue-status").value;
    const query = new URLSearchParams({ ...(chosen === "mine" ? { assignee: "me" } : { status: chosen }), limit: CASES_MAX });
    const page = await call(`/cases?${query}`);
    if (mine !== asked) {
      return;
    }
    cases = page.data;
    drawn.clear();
    heardSince.forEach(takeUp); // the list may be of a moment before them
    hasMore = page.has_more;
    readAt = Date.now();
    news.textContent = count();
    show();
  } catch (problem) {
    if (mine === asked) {
      news.textContent = "";
      showProblem(place, problem, {}, () => read());
    }
  }
}

function count() {
  const more = hasMore ? " Only those of the latest are shown: there are more." : "";
  const some = cases.length === 1 ? "1 case" : `${cases.length.toLocaleString("en")} cases`;
  return cases.length ? `${some}.${more}` : `There are no such cases.${more}`;
}

/** Take up a change: a case that is shown stays where it is read, whatever becomes of it. */
function heard(type, one) {
  if (type === "reset") {
    read({ quietly: true });
    return;
  }
  heardSince = [...heardSince, one].slice(-CASES_MAX);
  if (takeUp(one)) {
    show();
  }
}

/** Whether the change of a case is one to be shown. */
function takeUp(one) {
  const at = cases.findIndex(({ case_id: id }) => id === one.case_id);
  if (at >= 0) {
    cases[at] = one.version < cases[at].version ? cases[at] : one;
  } else if (isChosen(one) && cases.length < CASES_MAX) {
    cases.push(one);
    announce();
  } else {
    return false;
  }
  return true;
}

function isChosen({ status, assignee, assigned_to: assigned }) {
  const chosen = byId("queue-status").value;
  return chosen === "mine" ? [assignee, assigned].includes(actor) : status === chosen;
}

/** Say how many have come, now and then: a voice that reads each one aloud would never end. */
function announce() {
  if (!fresh++) {
    setTimeout(() => {
      news.textContent = `${fresh} new. ${count()}`;
      fresh = 0;
    }, NEWS_AFTER_MS);
  }
}

/** Put the rows in order; the one that has the focus stays where it is seen. */
function show() {
  byId("queue").hidden = cases.length === 0;
  byId("queue-age").textContent = `Read ${ago(Date.now() - readAt)}`;
  const [body, rows] = [byId("queue-rows"), cases.toSorted(ORDERS[byId("queue-order").value]).map(rowOf)];
  const held = document.activeElement.closest("#queue-rows tr");
  const at = rows.indexOf(held);
  if (at < 0) {
    body.replaceChildren(...rows);
    return;
  }
  const { top } = held.getBoundingClientRect();
  Array.from(body.rows).filter((other) => other !== held).forEach((other) => other.remove());
  held.before(...rows.slice(0, at));
  held.after(...rows.slice(at + 1));
  scrollBy(0, held.getBoundingClientRect().top - top);
}

function rowOf(one) {
  const before = drawn.get(one.case_id);
  if (before?.one === one) {
    return before.made;
  }
  const made = row(one);
  if (before) {
    Array.from(made.cells).forEach((cell, at) => at === LINK || before.made.cells[at].replaceWith(cell));
  }
  drawn.set(one.case_id, { one, made: before?.made ?? made });
  return drawn.get(one.case_id).made;
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
    element("td", { className: "mono", text: one.assignee ?? (one.assigned_to ? `for ${one.assigned_to}` : "") }));
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
