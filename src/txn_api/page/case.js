// One case: its alerts with their reasons, what was done about it, and what is to be done.

import { Problem, act, call, newAction } from "./api.js";
import { alertCard } from "./alert_card.js";
import { nextCase } from "./alerts.js";
import { isCardNumber } from "./card_numbers.js";
import { closeDecision, decidesBy, startDecision } from "./decision.js";
import { byId, element } from "./elements.js";
import { hasKey } from "./key.js";
import { actor, listen } from "./live.js";
import { addressOfCard } from "./lookup.js";
import { moment } from "./moments.js";
import { sum } from "./money.js";
import { clearProblem, showProblem } from "./problem.js";
import { address, entitle, focusTitle } from "./router.js";

const ALERTS_MAX = 100;
const ALERTS_SHOWN = 4;
const place = byId("case-problem");
const news = byId("case-news");
let present = null;
let latest = null; // as others have left it
let sending = 0;
let asked = 0;

export function startCase() {
  startDecision((resolution, reason) => done("close", { resolution, reason }));
  byId("case-claim").addEventListener("click", () => done("claim"));
  byId("case-release").addEventListener("click", () => done("release"));
  byId("case-next").addEventListener("click", () => nextCase(news, place));
  byId("case-snooze").addEventListener("click", () => done("snooze", { minutes: Number(byId("case-minutes").value) }));
  byId("assign-form").addEventListener("submit", (event) => {
    event.preventDefault();
    // Who asks is known with the stream's first event, which may come after the case.
    const nobody = present?.assigned_to ? null : actor || null;
    done("assign", { assignee: byId("assignee").value.trim() || nobody });
  });
  byId("case-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("case-text").value.trim();
    const isClosed = present?.status === "closed" && event.submitter?.id === "case-reopen";
    done(isClosed ? "reopen" : "note", isClosed ? { reason: text } : { text });
  });
  byId("view-case").addEventListener("keydown", (event) => {
    // Keys act while the focus is within the view, and not while somebody types.
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) {
      return;
    }
    if (event.key === "n") {
      nextCase(news, place);
    } else if (event.key === "c") {
      done("claim");
    } else if (!present || present.status === "closed" || !decidesBy(event.key)) {
      return;
    }
    event.preventDefault();
  });
}

export async function enterCase(_query, caseId) {
  const mine = ++asked;
  present = latest = null;
  tellOfChange();
  clearProblem(place);
  closeDecision();
  byId("case").hidden = true;
  byId("case-text").value = "";
  if (isCardNumber(caseId)) {
    news.textContent = "That looks like a card number, and no case has it for a name: nothing was sent.";
    return;
  }
  news.textContent = hasKey() ? "Reading …" : "Give a key above to see it.";
  if (hasKey()) {
    listen((type, one) => heard(type, one, mine));
    await read(caseId, mine);
  }
}

/** Say at once that the case is no longer what is shown; nothing of it is replaced under somebody's hands. */
async function heard(type, one, mine) {
  if (type === "reset" && present) {
    const found = await call(`/cases/${present.case_id}`).catch(() => null);
    latest = mine === asked ? found : latest;
  } else if (one?.case_id === present?.case_id) {
    latest = one;
  }
  tellOfChange();
}

function tellOfChange() {
  const isBehind = present && latest?.case_id === present.case_id && latest.version > present.version && !sending;
  const button = element("button", { text: "Show it as it is", className: "small" });
  button.type = "button";
  button.addEventListener("click", async () => {
    await read(present.case_id, asked);
    focusTitle();
  });
  byId("case-changed").replaceChildren(...(isBehind ? [
    `This case has changed: it is ${latest.status}${latest.assignee ? ` by ${latest.assignee}` : ""} now. `, button] : []));
}

async function read(caseId, mine) {
  const path = encodeURIComponent(caseId);
  try {
    const [found, alerts] = await Promise.all([
      call(`/cases/${path}`), call(`/alerts?${new URLSearchParams({ case_id: caseId, limit: ALERTS_MAX })}`),
    ]);
    if (mine === asked) {
      news.textContent = "";
      show(found);
      const left = found.alert_count - alerts.data.length;
      byId("case-alerts").replaceChildren(
        ...alerts.data.slice(0, ALERTS_SHOWN).map(alertCard), ...earlier(alerts.data.slice(ALERTS_SHOWN)),
        left > 0 ? element("p", { className: "hint", text: `${left} earlier alerts are not shown.` }) : "");
      byId("case").hidden = false;
      showMore(found, alerts.data, mine);
    }
  } catch (problem) {
    if (mine === asked) {
      news.textContent = "";
      showProblem(place, problem, {}, () => read(caseId, mine));
    }
  }
}

/** Further alerts behind a fold: what follows them is to be seen without a long way down. */
function earlier(alerts) {
  const summary = element("summary", { text: `${alerts.length} earlier ${alerts.length === 1 ? "alert" : "alerts"}` });
  return alerts.length ? [element("details", { className: "wide" }, summary, element("div", { className: "alerts" }, ...alerts.map(alertCard)))] : [];
}

/** What else is known, by modules that no other view needs. */
async function showMore(found, alerts, mine) {
  const isAsked = () => mine === asked;
  try {
    const [{ showTransactions }, { showSimilar }] = await Promise.all([import("./card_transactions.js"), import("./similar_cases.js")]);
    showTransactions(byId("case-transactions"), found, alerts, isAsked);
    showSimilar(byId("case-similar"), found.case_id, isAsked);
  } catch (error) {
    showProblem(byId("case-similar"), new Problem({ title: "No answer", detail: `${error}` }), {}, () => showMore(found, alerts, mine));
  }
}

/** Do something with the case as it was seen. */
async function done(action, body = {}) {
  if (present !== null) {
    const { case_id: caseId, version } = present;
    await send({ action, caseId, version, body, name: newAction() });
  }
}

/** Send it, once more the same if nobody knows what became of it; where the case has changed since, it is read again. */
async function send(sent) {
  const { action, caseId, version, body, name } = sent;
  const mine = asked;
  clearProblem(place);
  sending += 1;
  try {
    const after = await act(`/cases/${caseId}/${action}`, name, { version, body });
    if (mine !== asked) {
      return; // another case is shown by now
    }
    show(after);
    byId("case-text").value = "";
    news.textContent = `Done: ${action}.`;
    focusTitle(); // what had the focus may be gone, and keys go on from here
  } catch (problem) {
    if (mine !== asked) {
      return;
    }
    if (problem.code === "case_changed") {
      await read(caseId, mine);
    }
    showProblem(place, problem, { "/text": byId("case-text"), "/reason": byId("case-text"), "/assignee": byId("assignee") }, () => send(sent));
  } finally {
    sending -= 1;
    tellOfChange();
  }
}

function show(found) {
  present = found;
  tellOfChange();
  const isClosed = found.status === "closed";
  entitle(`Case of ${found.card_masked}`);
  if (isClosed) {
    closeDecision();
  }
  const card = element("a", { text: found.card_masked });
  card.href = addressOfCard(found.card_id);
  const amounts = found.amount_at_risk.flatMap((amount, at) => (at ? [", ", sum(amount)] : [sum(amount)]));
  byId("case-head").replaceChildren(
    element("p", { className: "amount" }, ...amounts, " ", element("span", { className: "tag", text: found.status })),
    element("p", {}, "Score ", element("strong", { text: `${found.priority} of 999` }), ", card ", card,
      `, ${found.alert_count === 1 ? "1 alert" : `${found.alert_count} alerts`}, opened `, moment(found.opened_at), " UTC"),
    standing(found), assignment(found), previous(found));
  byId("decision").hidden = isClosed;
  byId("case-reopen").hidden = !isClosed || found.superseded;
  for (const id of ["case-claim", "case-release", "case-snooze", "case-minutes", "case-assign", "assignee"]) {
    byId(id).disabled = isClosed || (id === "case-release" && found.status !== "claimed");
  }
  const names = new Set([actor, ...found.audit.map(({ by }) => by)].filter((name) => name.includes("_")));
  byId("reviewers").replaceChildren(...Array.from(names, (name) => Object.assign(element("option"), { value: name })));
  byId("assignee").value = found.assigned_to ?? actor;
  byId("case-audit").replaceChildren(...found.audit.toReversed().map(entry));
}

function standing({ status, assignee, claim_expires_at: until, snoozed_until: snoozed, resolution, reason }) {
  if (status === "closed") {
    return element("p", {}, "Closed as ", element("strong", { text: resolution }), reason ? `: ${reason}` : "");
  }
  if (status === "claimed") {
    return element("p", {}, "Claimed by ", element("code", { text: assignee }), " until ", moment(until), " UTC");
  }
  return snoozed ? element("p", {}, "Put off until ", moment(snoozed), " UTC") : element("p", { text: "Free to be claimed." });
}

function assignment({ assigned_to: name, assignment_expires_at: until }) {
  return name ? element("p", {}, "Assigned to ", element("code", { text: name === actor ? `${name} (you)` : name }), " until ", moment(until), " UTC") : "";
}

function previous({ previous_case_id: before }) {
  if (before === null) {
    return "";
  }
  const link = element("a", { text: "The card's case before" });
  link.href = address(`cases/${before}`);
  return element("p", {}, link);
}

function entry({ number, at, by, action, text, resolution, until }) {
  const said = [resolution, text].filter(Boolean).join(": ");
  return element("tr", {},
    element("td", { className: "number", text: String(number) }),
    element("td", {}, moment(at)),
    element("td", { className: "mono", text: by }),
    element("td", { text: action.replaceAll("_", " ") }),
    element("td", { className: "name" }, said, until ? element("span", {}, said ? ", until " : "until ", moment(until)) : ""));
}
