// The look-up form. A card number goes into a body; a merchant's name may stand in a URL unless it looks like one.

import { call, Problem, table } from "./api.js";
import { beginsLikeCardNumber, isCardNumber, looksLikeCardNumber } from "./card_numbers.js";
import { byId, element } from "./elements.js";
import { hasKey } from "./key.js";
import { fillFilters, filterFields, filtersAsked, filtersInWords, filtersSaid, misplacedFilter, startFilters } from "./lookup_filters.js";
import { clearProblem, showProblem } from "./problem.js";
import { FIELDS, hideResults, save, showResults, startResults, turn } from "./results.js";
import { addView, address, entitle, go, rename } from "./router.js";

const NAME = "transactions";
const SUGGEST_AFTER_MS = 200;
const SUGGESTIONS = 10;
const CARD_ID = /^card_[0-9]+_[0-9a-f]{32}$/;
const place = byId("lookup-problem");
const fields = {
  "/card_number": byId("card"), "/card_id": byId("card"), "/merchant_name": byId("merchant"),
  "/transaction_id": byId("id"), "/from": byId("from"), "/to": byId("to"),
  ...filterFields,
};
let suggesting = new AbortController();
let timer = 0;
let shownAt = "";

export function startLookup() {
  addView({
    name: NAME, enter, needsKey: true, label: "Transactions",
    about: "Look up a card's or a merchant's transactions over any range of time, or one by its id.",
  });
  for (const choice of document.getElementsByName("by")) {
    choice.addEventListener("change", choose);
  }
  byId("lookup-form").addEventListener("submit", (event) => {
    event.preventDefault();
    shownAt = "";
    showing(() => ({ card, merchant, id })[chosen()]());
  });
  for (const [button, work] of [
    ["previous", () => turn(-1)], ["next", () => turn(1)], ["again", () => turn(0)], ["csv", save],
  ]) {
    byId(button).addEventListener("click", () => showing(work, { keep: true }));
  }
  byId("merchant").addEventListener("input", suggestSoon);
  startFilters();
  startResults();
  choose();
}

/** The address of a card's transactions, which its id may stand in. */
export function addressOfCard(cardId) {
  return address(NAME, { card_id: cardId });
}

/** The address of a merchant's transactions. */
export function addressOfMerchant(merchant) {
  return address(NAME, { merchant });
}

function enter(query, _rest, fragment) {
  const [cardId, merchantName] = [query.get("card_id") ?? "", query.get("merchant") ?? ""];
  fill(query, cardId, merchantName);
  if (!cardId && !merchantName) {
    clearProblem(place, fields);
    hideResults();
    shownAt = "";
    return;
  }
  if (fragment === shownAt || !hasKey()) {
    return;
  }
  const [whose, selector] = cardId ? [`card ${cardId}`, { card_id: cardId }] : [merchantName, { merchant_name: merchantName }];
  showing(async () => {
    refuse(cardId ? "/card_id" : "/merchant_name", cardId ? !CARD_ID.test(cardId) : looksLikeCardNumber(merchantName));
    refuseFilters();
    // Browsers remember titles.
    entitle(`Transactions of ${whose}`);
    await showResults(whose + filtersInWords(), ranges(selector));
    shownAt = fragment;
  });
}

function fill(query, cardId, merchantName) {
  const by = cardId ? "card" : merchantName ? "merchant" : "";
  if (!by) {
    return;
  }
  byId(`by-${by}`).checked = true;
  byId(by).value = cardId || merchantName;
  // Whoever opens a shared address sees what was shared: what it does not say is as usual.
  for (const [name, usual] of Object.entries({ from: "", to: "", order: "desc", limit: "25" })) {
    byId(name).value = query.get(name) ?? usual;
    byId(name).value ||= usual;
  }
  fillFilters(query);
  choose();
}

function chosen() {
  return document.querySelector("input[name=by]:checked").value;
}

function choose() {
  for (const by of ["card", "merchant", "id"]) {
    byId(`${by}-field`).hidden = chosen() !== by;
  }
  for (const part of document.querySelectorAll("[data-range]")) {
    part.hidden = chosen() === "id";
  }
}

async function showing(work, { keep = false } = {}) {
  clearProblem(place, fields);
  try {
    await work();
  } catch (problem) {
    if (!keep) {
      hideResults();
      shownAt = "";
    }
    showProblem(place, problem, fields, () => showing(work, { keep }));
  }
}

async function card() {
  const text = byId("card").value.trim();
  if (text.startsWith("card_")) {
    refuse("/card_id", !CARD_ID.test(text));
    refuseFilters();
    go(address(NAME, { card_id: text, ...said() }));
    return;
  }
  rename(address(NAME));
  entitle("Transactions");
  refuseFilters();
  const query = { card_number: text.replace(/[ -]/g, ""), ...range(), ...filtersAsked(), limit: Number(byId("limit").value), fields: FIELDS };
  const search = (ask) => (cursor) => ask("/transactions/search", { body: { ...query, ...at(cursor) } });
  const found = await showResults(`the card${filtersInWords()}`, { page: search(call), csv: search(table) });
  if (found?.length) {
    // The card's id instead of its number: this address may be shared.
    shownAt = address(NAME, { card_id: found[0].card_id, ...said() });
    rename(shownAt);
  }
}

function merchant() {
  const name = byId("merchant").value.trim();
  refuse("/merchant_name", looksLikeCardNumber(name));
  refuseFilters();
  go(address(NAME, { merchant: name, ...said() }));
}

function id() {
  const text = byId("id").value.trim();
  refuse("/transaction_id", isCardNumber(text));
  if (text) {
    go(address(`${NAME}/${encodeURIComponent(text)}`));
  }
}

function refuse(pointer, isMisplaced) {
  if (isMisplaced) {
    throw new Problem({
      title: "That looks like a card number",
      detail: "Nothing was sent: this would stand in a URL. Choose “a card's”, which does not.",
      errors: [{ pointer, code: "card_number_misplaced", message: "Holds digits like a card number's" }],
    });
  }
}

function refuseFilters() {
  const pointer = misplacedFilter();
  refuse(pointer, pointer !== undefined);
}

function ranges(selector) {
  const query = { ...selector, ...range(), ...filtersSaid(), limit: byId("limit").value, fields: FIELDS };
  const list = (ask) => (cursor) => ask(`/transactions?${new URLSearchParams({ ...query, ...at(cursor) })}`);
  return { page: list(call), csv: list(table) };
}

/** What the form says of the range, as it stands in an address; what is usual is left out. */
function said() {
  const [order, limit] = [byId("order").value, byId("limit").value];
  return {
    from: byId("from").value, to: byId("to").value,
    order: order === "desc" ? "" : order, limit: limit === "25" ? "" : limit, ...filtersSaid(),
  };
}

function range() {
  const moments = { from: byId("from").value, to: byId("to").value };
  const given = Object.entries(moments).filter(([, value]) => value).map(([name, value]) => [name, `${seconds(value)}Z`]);
  return { ...Object.fromEntries(given), order: byId("order").value };
}

// Browsers leave out seconds that are zero.
function seconds(local) {
  return local.length === "2026-01-01T00:00".length ? `${local}:00` : local;
}

function at(cursor) {
  return cursor === null ? {} : { cursor };
}

function suggestSoon() {
  clearTimeout(timer);
  suggesting.abort();
  suggesting = new AbortController();
  const { signal } = suggesting;
  timer = setTimeout(() => suggest(byId("merchant").value.trim(), signal), SUGGEST_AFTER_MS);
}

async function suggest(prefix, signal) {
  if (!prefix || beginsLikeCardNumber(prefix)) {
    return;
  }
  const query = new URLSearchParams({ name_prefix: prefix, limit: SUGGESTIONS });
  try {
    const { data } = await call(`/merchants?${query}`, { signal });
    byId("merchants").replaceChildren(...data.map(option));
    clearProblem(place, fields);
  } catch (problem) {
    if (!signal.aborted) {
      showProblem(place, problem, fields);
    }
  }
}

function option({ name }) {
  const made = element("option");
  made.value = name;
  return made;
}
