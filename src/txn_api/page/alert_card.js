// One alert: what it is about, and why it was raised, in words; with the labels of its transaction.

import { call } from "./api.js";
import { element } from "./elements.js";
import { moment } from "./moments.js";
import { sum } from "./money.js";
import { showProblem } from "./problem.js";
import { address } from "./router.js";

export function alertCard(alert) {
  const link = element("a", { text: alert.transaction_id });
  link.href = address(`transactions/${encodeURIComponent(alert.transaction_id)}`);
  const reasons = alert.reasons.map(({ text, contribution }) => element("li", {}, text, " ",
    element("span", { className: "hint", text: contribution > 0 ? "(speaks for fraud)" : "(speaks against it)" })));
  const hits = alert.rule_hits.length ? element("p", {}, "Rules: ", element("code", { text: alert.rule_hits.join(", ") })) : "";
  const by = [alert.model, alert.rules].filter(Boolean).join(", rules ");
  return element("article", { className: "card" },
    element("h3", {}, sum(alert), `, score ${alert.score} `, element("span", { className: "tag", text: alert.severity })),
    element("p", {}, "Transaction ", link, ", occurred ", moment(alert.occurred_at), " UTC"),
    reasons.length ? element("ul", {}, ...reasons) : element("p", { text: "No reasons of the model: rules alone raised it." }),
    hits,
    element("p", { className: "hint", text: by ? `By ${by}` : "" }),
    labels(alert.transaction_id));
}

/** The labels of a transaction, read when somebody wants to see them. */
function labels(transactionId) {
  const shown = element("div");
  const made = element("details", {}, element("summary", { text: "Labels" }), shown);
  made.addEventListener("toggle", () => {
    if (made.open) {
      read(shown, transactionId);
    }
  });
  return made;
}

async function read(shown, transactionId) {
  shown.replaceChildren(element("p", { text: "Reading …" }));
  try {
    const { history: kept } = await call(`/labels/${encodeURIComponent(transactionId)}`);
    shown.replaceChildren(element("ol", {}, ...kept.map(label)));
  } catch (problem) {
    if (problem.code === "label_not_found") {
      shown.replaceChildren(element("p", { text: "It has no label yet." }));
    } else {
      showProblem(shown, problem, {}, () => read(shown, transactionId));
    }
  }
}

function label({ value, source, labelled_at: at, by, reason }) {
  return element("li", {}, element("strong", { text: value }), ` by ${source} (`, element("code", { text: by }), "), ",
    moment(at), " UTC", reason ? `: ${reason}` : "");
}
