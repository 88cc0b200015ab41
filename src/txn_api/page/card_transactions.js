// The card's transactions before its newest alert, as a timeline, a map and a table. Loaded when a case is shown.

import { call } from "./api.js";
import { cardMap } from "./card_map.js";
import { element } from "./elements.js";
import { moment } from "./moments.js";
import { AMOUNT_FIELDS, money } from "./money.js";
import { clearProblem, showProblem } from "./problem.js";
import { address } from "./router.js";
import { timelines } from "./timeline.js";

const SPAN_MS = 30 * 86_400_000;
const ROWS_MAX = 200;
const FIELDS = [
  "transaction_id,occurred_at,type", AMOUNT_FIELDS, "merchant.name,merchant.latitude,merchant.longitude",
  "customer.city,customer.state,customer.latitude,customer.longitude",
].join(",");

/** Show them in a place, as long as `isAsked()`. */
export async function showTransactions(shown, { card_id: cardId }, alerts, isAsked) {
  if (!alerts.length) {
    shown.replaceChildren(element("p", { text: "The case's alerts cannot be found yet: read it again in a moment." }));
    return;
  }
  shown.replaceChildren(element("p", { text: "Reading …" }));
  const newest = Math.max(...alerts.map(({ occurred_at: at }) => Date.parse(at)));
  const [from, to] = [newest - SPAN_MS, newest + 1000];
  const query = new URLSearchParams({
    card_id: cardId, fields: FIELDS, limit: ROWS_MAX, from: new Date(from).toISOString(), to: new Date(to).toISOString(),
  });
  try {
    const page = await call(`/transactions?${query}`);
    if (isAsked()) {
      const alerted = new Set(alerts.map(({ transaction_id: id }) => id));
      show(shown, page.data.map((one) => seen(one, alerted)).reverse(), page.has_more, from, to);
    }
  } catch (problem) {
    if (isAsked()) {
      clearProblem(shown);
      showProblem(shown, problem, {}, () => showTransactions(shown, { card_id: cardId }, alerts, isAsked));
    }
  }
}

/** What is drawn of a transaction, and how it is read aloud. */
function seen(one, alerted) {
  const { transaction_id: id, occurred_at: at, amount, amount_minor: minor, currency, merchant, customer } = one;
  const isAlerted = alerted.has(id);
  const when = at.slice(0, 16).replace("T", " ");
  const value = Number(amount ?? (one.type === "purchase" ? minor : -minor));
  const place = placeOf(merchant);
  return {
    one, isAlerted, when, value, currency, place, merchant: merchant.name, time: Date.parse(at),
    home: placeOf(customer) && { place: placeOf(customer), name: [customer.city, customer.state].filter(Boolean).join(", ") },
    href: address(`transactions/${encodeURIComponent(id)}`),
    text: `${when}: ${amount ?? minor} ${currency}, ${merchant.name}${isAlerted ? ", alerted" : ""}`,
  };
}

function placeOf(part) {
  const place = [part?.latitude, part?.longitude];
  return place.every((degrees) => typeof degrees === "number") ? place : null;
}

function show(shown, all, hasMore, from, to) {
  if (!all.length) {
    shown.replaceChildren(element("p", { text: "No transaction of these days is in the index." }));
    return;
  }
  const count = all.length === 1 ? "1 transaction" : `${all.length} transactions`;
  const more = hasMore ? ", the latest of them: there are more" : "";
  const told = element("p", { className: "hint", text: `${count}${more}. Arrow keys go from mark to mark.` });
  const drawn = element("div", {}, ...timelines(all, from, to), ...cardMap(all));
  for (const kind of ["focusin", "mouseover"]) {
    drawn.addEventListener(kind, ({ target }) => {
      told.textContent = target.closest(".mark")?.getAttribute("aria-label") ?? told.textContent;
    });
  }
  shown.replaceChildren(told, drawn, table(all));
}

function table(all) {
  const head = element("tr", {}, ...["Occurred (UTC)", "Amount", "Merchant", "Latitude, longitude", "Alerted"].map((text) => {
    const made = element("th", { text });
    made.scope = "col";
    return made;
  }));
  const rows = all.toReversed().map(({ one, isAlerted, place }) => element("tr", {},
    element("td", {}, moment(one.occurred_at)),
    element("td", { className: "number" }, money(one)),
    element("td", { className: "name", text: one.merchant.name }),
    element("td", { className: "number", text: place?.join(", ") ?? "" }),
    element("td", { text: isAlerted ? "yes" : "" })));
  const caption = element("caption", { text: "The same as a table, the latest first" });
  const scroll = element("div", { className: "scroll bounded" },
    element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows)));
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "The card's transactions");
  return element("details", {}, element("summary", { text: "As a table" }), scroll);
}
