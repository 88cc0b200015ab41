// One transaction with everything that is known of it: its fields, its score, what contradicts it.

import { call, table } from "./api.js";
import { isCardNumber, looksLikeCardNumber } from "./card_numbers.js";
import { download } from "./download.js";
import { byId, element } from "./elements.js";
import { hasKey } from "./key.js";
import { addressOfCard, addressOfMerchant } from "./lookup.js";
import { exactMoment, moment } from "./moments.js";
import { AMOUNT_FIELDS, money } from "./money.js";
import { clearProblem, showProblem } from "./problem.js";
import { contradictions, relations } from "./relations.js";
import { address, entitle } from "./router.js";

const DECISIONS = {
  pass: "pass: nothing to look at", review: "review: worth a look", alert: "alert: reviewers have been told",
};
const PARTS = { merchant: "Merchant", customer: "Customer", terminal: "Terminal", metadata: "Metadata" };
const APART = new Set([
  "amount_minor", "currency", "conflicts", "risk", "original_transaction_id", "flags", "original_missing", ...Object.keys(PARTS)]);
const MOMENTS = new Set(["occurred_at", "accepted_at"]);
const NO_MOMENTS = new Set(); // names of metadata are the client's own
const place = byId("detail-problem");
const news = byId("detail-news");
let asked = 0;

export async function enter(_query, id) {
  const mine = ++asked;
  clearProblem(place);
  byId("detail").hidden = true;
  if (isCardNumber(id)) {
    news.textContent = "That looks like a card number: it is looked up as a card's, and never in an address.";
    return;
  }
  entitle(`Transaction ${id}`);
  news.textContent = hasKey() ? "Reading …" : "Give a key above to see it.";
  if (!hasKey()) {
    return;
  }
  const path = `/transactions/${encodeURIComponent(id)}`;
  try {
    const [whole, amount] = await Promise.all([call(path), call(`${path}?fields=${AMOUNT_FIELDS}`)]);
    if (mine === asked) {
      news.textContent = "";
      show(whole, amount, path);
    }
  } catch (problem) {
    if (mine === asked) {
      news.textContent = "";
      showProblem(place, problem, {}, () => enter(_query, id));
    }
  }
}

function show(whole, amount, path) {
  const name = whole.merchant.name;
  const links = [link("This card's transactions", addressOfCard(whole.card_id))];
  if (!looksLikeCardNumber(name)) {
    links.push(link("This merchant's transactions", addressOfMerchant(name)));
  }
  const save = element("button", { text: "Download as CSV", className: "small" });
  save.type = "button";
  save.addEventListener("click", () => keep(whole.transaction_id, path));
  const [merchant, ...others] = Object.entries(PARTS).filter(([part]) => whole[part]).map(([part, title]) => group(title, whole[part], part === "metadata" ? NO_MOMENTS : MOMENTS));
  const amounts = element("p", { className: "amount" }, money(amount), " ", element("span", { className: "tag", text: whole.type }));
  byId("detail").replaceChildren(
    amounts,
    element("p", {}, "at ", element("strong", { text: name }), ", ", moment(whole.occurred_at), " UTC"),
    element("div", { className: "row" }, ...links, save),
    relations(whole, path),
    contradictions(whole, path),
    element("div", { className: "groups" }, own(whole), merchant, risk(whole.risk), ...others),
    raw(whole));
  byId("detail").hidden = false;
}

function own(whole) {
  const shown = Object.fromEntries(Object.entries(whole).filter(([name]) => !APART.has(name)));
  const made = group("Transaction", { ...shown, minor_units: `${whole.amount_minor} ${whole.currency}` });
  const original = whole.original_transaction_id;
  if (original) {
    made.lastChild.append(
      element("dt", { text: "original" }),
      element("dd", { className: "mono" }, link(original, address(`transactions/${encodeURIComponent(original)}`)),
        whole.original_missing ? " (not there, or not yet)" : ""));
  }
  return made;
}

function risk(found) {
  if (!found) {
    return group("Risk", { score: "not scored: it takes about a second, if the scorer runs" });
  }
  const { score, decision, model } = found;
  const text = score === null ? "none: rules alone decided" : `${score} of 999`;
  return group("Risk", { score: text, decision: DECISIONS[decision] ?? decision, model });
}

/** What is known of a part, a line each; what it has not is left out. */
function group(title, values, moments = MOMENTS) {
  const known = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  const lines = known.flatMap(([name, value]) => [
    element("dt", { text: name.replaceAll("_", " ") }),
    element("dd", { className: /(_id|masked)$/.test(name) ? "mono" : "" },
      moments.has(name) ? exactMoment(value) : String(value)),
  ]);
  return element("section", { className: "card" }, element("h2", { text: title }), element("dl", { className: "ids" }, ...lines));
}

function raw(whole) {
  const text = element("pre", { text: JSON.stringify(whole, null, 2) });
  text.tabIndex = 0;
  return element("details", {}, element("summary", { text: "As the API answers it" }), text);
}

function link(text, href) {
  const made = element("a", { text });
  made.href = href;
  return made;
}

async function keep(id, path) {
  clearProblem(place);
  try {
    download(`transaction-${id}.csv`, await table(path));
  } catch (problem) {
    showProblem(place, problem, {}, () => keep(id, path));
  }
}
