// The look-up form. A card number goes into a body; a merchant's name may stand in a URL unless it looks like one.

import { call, Problem } from "./api.js";
import { looksLikeCardNumber } from "./card_numbers.js";
import { byId, element } from "./elements.js";
import { clearProblem, showProblem } from "./problem.js";
import { hideResults, showResults, turn } from "./results.js";

const SUGGEST_AFTER_MS = 200;
const SUGGESTIONS = 10;
const place = byId("lookup-problem");
const fields = {
  "/card_number": byId("card"), "/merchant_name": byId("merchant"), "/from": byId("from"), "/to": byId("to"),
};
let suggesting = new AbortController();
let timer = 0;

export function startLookup() {
  for (const choice of document.getElementsByName("by")) {
    choice.addEventListener("change", choose);
  }
  byId("lookup-form").addEventListener("submit", (event) => {
    event.preventDefault();
    showing(() => (chosen() === "card" ? cardNumbers() : merchants()));
  });
  byId("previous").addEventListener("click", () => showing(() => turn(-1), { keep: true }));
  byId("next").addEventListener("click", () => showing(() => turn(1), { keep: true }));
  byId("merchant").addEventListener("input", suggestSoon);
  choose();
}

/** The transactions of a card by its id, which may stand in a URL. */
export function showCard(cardId) {
  return showing(() => ranges(`card ${cardId}`, { card_id: cardId }));
}

function chosen() {
  return document.querySelector("input[name=by]:checked").value;
}

function choose() {
  byId("card-field").hidden = chosen() !== "card";
  byId("merchant-field").hidden = chosen() === "card";
}

async function showing(work, { keep = false } = {}) {
  clearProblem(place, fields);
  try {
    await work();
  } catch (problem) {
    if (!keep) {
      hideResults();
    }
    showProblem(place, problem, fields);
  }
}

function cardNumbers() {
  const query = { card_number: byId("card").value.replace(/[ -]/g, ""), ...range(), limit: Number(byId("limit").value) };
  return showResults("the card", (cursor) => call("/transactions/search", { body: { ...query, ...at(cursor) } }));
}

function merchants() {
  const name = byId("merchant").value.trim();
  if (looksLikeCardNumber(name)) {
    throw new Problem({
      title: "That looks like a card number",
      detail: "Nothing was sent: a merchant's name stands in the URL. Choose “a card's” above.",
      errors: [{ pointer: "/merchant_name", code: "card_number_misplaced", message: "Holds digits like a card number's" }],
    });
  }
  return ranges(name, { merchant_name: name });
}

function ranges(whose, selector) {
  const query = { ...selector, ...range(), limit: byId("limit").value };
  return showResults(whose, (cursor) => call(`/transactions?${new URLSearchParams({ ...query, ...at(cursor) })}`));
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
  if (!prefix || looksLikeCardNumber(prefix)) {
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
