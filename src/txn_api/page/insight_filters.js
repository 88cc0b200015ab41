// The filters of the questions: those of all pictures, and on a question's own page whatever it carries.

import { element, byId } from "./elements.js";
import { insight } from "./insight_api.js";
import { categoryLabel, distinct, monthLabel } from "./picture_parts.js";
import { address, go } from "./router.js";

const OF_ALL = ["from", "to", "currency", "region"];
const NAMES = {
  from: "From", to: "To", currency: "Currency", region: "Region", state: "State", category: "Category", gender: "Gender",
  age_band: "Age", urbanicity: "Home",
};
const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;
const ENDS = { from: "the beginning", to: "the end" };
const GENDERS = { F: "women", M: "men" };
const form = byId("insight-filters");

/** What there is to choose from, and the currency with most transactions: by the first question, unfiltered. */
export async function readChoices(signal) {
  const answer = await insight("/insight/questions/q01", { signal });
  const values = valuesOf(answer);
  const place = Object.fromEntries(answer.columns.map(({ name }, at) => [name, at]));
  const counts = new Map();
  for (const row of answer.rows) {
    counts.set(row[place.currency], (counts.get(row[place.currency]) ?? 0) + (row[place.transactions] ?? 0));
  }
  const [main = ""] = Array.from(counts.keys()).sort((one, other) => counts.get(other) - counts.get(one) || (one < other ? -1 : 1));
  const months = (values.month ?? []).map((month) => month.slice(0, 7)).sort();
  return { data: answer.data, values: { ...values, from: months, to: months }, main };
}

function valuesOf({ columns, rows }) {
  return Object.fromEntries(columns.map(({ name, is_key: isKey }, at) => [name, isKey ? distinct(rows.map((row) => row[at])) : []]));
}

/** The filters of a question, as it is asked for them. Amounts are of one currency always. */
export function filterQuery(question, query, { main }) {
  const chosen = question.filters.map((name) => [name, query.get(name) ?? (name === "currency" ? main : "")]);
  const text = new URLSearchParams(chosen.filter(([, value]) => value)).toString();
  return text ? `?${text}` : "";
}

/** What there is to choose from for these questions; of one on a page of its own, by that question, unfiltered. */
export async function valuesToChoose(questions, choices, name, signal) {
  const isOwn = name && questions.some(({ filters }) => filters.some((each) => !OF_ALL.includes(each)));
  const own = isOwn ? valuesOf(await insight(`/insight/questions/${name}`, { signal })) : {};
  return { ...own, ...choices.values };
}

/** Show the filters of these questions, as the address has them; the focus stays on the filter that had it. */
export function showFilters(questions, query, choices, values, name) {
  const carried = distinct(questions.flatMap(({ filters }) => filters));
  const names = (name ? carried : OF_ALL).filter((each) => carried.includes(each));
  const focused = form.contains(document.activeElement) ? document.activeElement.id : "";
  form.hidden = names.length === 0;
  form.replaceChildren(...names.map((each) => choice(each, query, values[each] ?? [], choices.main)), clear(query, name));
  if (focused) {
    (form.elements[focused]?.hidden === false ? form.elements[focused] : form.elements[0]).focus();
  }
  form.onchange = () => {
    const chosen = Object.fromEntries(names.map((each) => [each, form.elements[each].value]));
    go(address(name ? `insight/${name}` : "insight", { ...chosen, currency: chosen.currency === choices.main ? "" : chosen.currency ?? "" }));
  };
}

function choice(name, query, values, main) {
  const present = query.get(name) ?? (name === "currency" ? main : "");
  const select = element("select", { className: "inline" });
  select.name = name;
  select.id = `filter-${name}`;
  const all = name === "currency" ? [] : [option("", ENDS[name] ?? "all", present)];
  const given = present && !values.includes(present) ? [...values, present] : values;
  select.append(...all, ...given.map((value) => option(value, words(name, value), present)));
  const label = element("label", { text: NAMES[name] ?? name, className: "inline" });
  label.htmlFor = select.id;
  return element("span", { className: "choice" }, label, select);
}

function option(value, text, present) {
  const made = element("option", { text });
  made.value = value;
  made.selected = value === present;
  return made;
}

/** A label as people say it. */
export function words(name, value) {
  if (["from", "to", "month"].includes(name) && MONTH.test(value)) {
    return monthLabel(`${value}-01`);
  }
  return name === "category" ? categoryLabel(value) : name === "gender" ? GENDERS[value] ?? value : value;
}

function clear(query, name) {
  const button = element("button", { text: "Clear the filters", className: "small" });
  button.type = "button";
  button.id = "filter-clear";
  button.hidden = query.size === 0;
  button.addEventListener("click", () => go(address(name ? `insight/${name}` : "insight")));
  return button;
}
