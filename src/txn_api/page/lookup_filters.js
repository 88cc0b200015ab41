// The filters of the look-up form. They are called as the API's parameters are, in an address too.

import { isCardNumber, looksLikeCardNumber } from "./card_numbers.js";
import { byId, worded } from "./elements.js";

const TEXTS = ["type", "category", "currency", "terminal_id", "entry_mode"];
const AMOUNTS = ["amount_min", "amount_max"];
const NAMES = [...TEXTS, ...AMOUNTS];
const WHOLE = /^[0-9]+$/;

/** The inputs by the pointers that blame them. */
export const filterFields = Object.fromEntries(NAMES.map((name) => [`/${name}`, input(name)]));

export function startFilters() {
  byId("filters-clear").addEventListener("click", () => fillFilters(new URLSearchParams()));
}

/** Show the filters of an address, and no others. */
export function fillFilters(query) {
  for (const name of NAMES) {
    input(name).value = query.get(name) ?? "";
  }
  byId("filters").open ||= NAMES.some((name) => query.get(name));
}

/** The filters that are given, as they stand in an address. */
export function filtersSaid() {
  return Object.fromEntries(NAMES.map((name) => [name, input(name).value.trim()]).filter(([, value]) => value));
}

/** The same as members of a body. What is no number is sent as it is, so that the answer says so. */
export function filtersAsked() {
  const said = Object.entries(filtersSaid());
  return Object.fromEntries(said.map(([name, value]) => [name, AMOUNTS.includes(name) && WHOLE.test(value) ? Number(value) : value]));
}

/** The filters in words, behind whose transactions are shown; nothing where there is none. */
export function filtersInWords() {
  const said = Object.entries(filtersSaid()).map(([name, value]) => `${worded(name)} ${value}`);
  return said.length ? ` (${said.join(", ")})` : "";
}

/** The pointer of a filter that may hold a card number, or undefined. */
export function misplacedFilter() {
  const found = Object.entries(filtersSaid()).find(
    ([name, value]) => (name === "terminal_id" ? isCardNumber : looksLikeCardNumber)(value));
  return found && `/${found[0]}`;
}

function input(name) {
  return byId(`filter-${name}`);
}
