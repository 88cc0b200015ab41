// The warehouse's sums by all that can be chosen. The address says what is chosen, and all views follow it.

import { Problem } from "./api.js";
import { looksLikeCardNumber } from "./card_numbers.js";
import { download } from "./download.js";
import { byId, element } from "./elements.js";
import { amount, Facet, MEASURES } from "./facet.js";
import { insight } from "./insight_api.js";
import { words } from "./insight_filters.js";
import { hasKey } from "./key.js";
import { ago } from "./moments.js";
import { HIDDEN_SIGN, number } from "./picture_parts.js";
import { clearProblem, showProblem } from "./problem.js";
import { dataLines } from "./question_card.js";
import { address, go } from "./router.js";

const NAME = "explorer";
const TITLES = {
  month: "Month", state: "State", category: "Category", segment: "Segment", age_band: "Age", region: "Region",
  gender: "Gender", currency: "Currency",
};
const PATIENCE_MS = 250;
const STALE_MS = 300_000;
const LOOK_AT_AGE_MS = 15_000;
const place = byId("explorer-problem");
const news = byId("explorer-news");
const facets = Object.entries(TITLES).map(([name, title]) => new Facet(name, title, (label) => {
  choose({ ...chosen, [name]: chosen[name] === label ? "" : label });
}));
let chosen = {};
let measure = "net";
let answer = null;
let reading = new AbortController();

byId("facets").replaceChildren(...facets.map(({ section }) => section));
byId("explorer-measure").addEventListener("change", ({ target }) => choose(chosen, target.value));
const [tiles] = document.getElementsByClassName("facet state");
tiles.classList.add("tiled");
byId("explorer-list").addEventListener("click", ({ target }) => {
  target.setAttribute("aria-pressed", String(!tiles.classList.toggle("tiled")));
});
byId("explorer-chosen").addEventListener("click", ({ target }) => {
  const name = target.closest("button")?.value;
  if (name) {
    byId("explorer-chosen").focus();
    choose(name === "all" ? {} : { ...chosen, [name]: "" });
  }
});
byId("explorer-again").addEventListener("click", read);
byId("explorer-csv").addEventListener("click", save);
setInterval(showAge, LOOK_AT_AGE_MS);
document.addEventListener("visibilitychange", showAge);

function choose(choice, by = measure) {
  go(address(NAME, { ...choice, measure: by === "net" ? "" : by }));
}

/** Show what an address chooses. */
export function enter(query) {
  const before = measure;
  measure = Object.hasOwn(MEASURES, query.get("measure")) ? query.get("measure") : "net";
  byId(`measure-${measure}`).checked = true;
  chosen = Object.fromEntries(Object.keys(TITLES).map((name) => [name, query.get(name)]).filter(([, label]) => label));
  const chips = Object.entries({ ...chosen, ...(Object.keys(chosen).length > 1 && { all: "" }) });
  byId("explorer-chosen").replaceChildren(...chips.map(chip));
  if (measure !== before && answer?.of === choice()) {
    reading.abort(); // of a choice that was left
    draw();
  } else {
    read();
  }
}

function choice() {
  return String(new URLSearchParams(chosen));
}

function chip([name, label]) {
  const text = name === "all" ? "Clear all" : `${TITLES[name]}: ${words(name, label)} ✕`;
  const button = element("button", { className: "small", text }, element("span", { className: "unseen", text: " remove" }));
  return Object.assign(button, { type: "button", value: name });
}

async function read() {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  clearProblem(place);
  if (!hasKey()) {
    forget("Give a key above to see it.");
    return;
  }
  // What was seen last stays, and grows pale if it takes long, so that nothing moves under the pointer.
  const timer = setTimeout(() => {
    news.textContent = "Reading …";
    byId(NAME).setAttribute("aria-busy", "true");
  }, answer ? PATIENCE_MS : 0);
  try {
    if (Object.values(chosen).some(looksLikeCardNumber)) {
      throw new Problem({ title: "That looks like a card number", detail: "Nothing was sent: this would stand in a URL." });
    }
    const of = choice();
    const found = await insight(`/insight/explorer?${of}`, { signal });
    if (!signal.aborted) {
      answer = { ...found, of, readAt: Date.now() };
      draw();
    }
  } catch (problem) {
    if (!signal.aborted) {
      forget("");
      showProblem(place, problem, {}, read);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Show no numbers rather than those of another choice or key. */
function forget(text) {
  answer = null;
  news.textContent = text;
  byId(NAME).hidden = true;
}

function draw() {
  const { currency, data, total, too_few: tooFew, rule, segments, views } = answer;
  const partial = new Map(data.partial_months.map((each) => [each.month.slice(0, 7), `${each.days} of ${each.days_in_month} days`]));
  for (const facet of facets) {
    facet.show(views[facet.name], { chosen: chosen[facet.name], measure, currency, partial });
  }
  byId("explorer-sums").textContent = `${MEASURES[measure].title} in ${currency}`;
  byId("explorer-data").replaceChildren(...dataLines(data));
  byId("explorer-rule").textContent = `${HIDDEN_SIGN} ${rule}`;
  byId("segments").replaceChildren(...Object.entries(segments).map(([name, meaning]) => element("li", { text: `${name}: ${meaning}` })));
  byId("explorer-csv").hidden = !total;
  byId(NAME).hidden = !currency;
  byId(NAME).setAttribute("aria-busy", "false");
  news.textContent = currency ? `${said()} ${tooFew ?? sentence(total, currency)}` : "The warehouse has no transactions yet.";
  showAge();
}

function said() {
  const all = Object.entries(chosen).map(([name, label]) => `${TITLES[name].toLowerCase()} ${words(name, label)}`);
  return all.length ? `Chosen: ${all.join(", ")}.` : "Nothing is chosen.";
}

function sentence([customers, transactions, net], currency) {
  return `${number(customers)} customers, ${number(transactions)} transactions, net ${amount(net, currency)} ${currency}.`;
}

function showAge() {
  if (answer) {
    const age = Date.now() - answer.readAt;
    byId("explorer-age").textContent = `Read ${ago(age)}${age > STALE_MS ? ": there may be newer numbers" : ""}`;
    byId("explorer-age").className = age > STALE_MS ? "stale" : "hint";
  }
}

/** Download all that is shown. Hidden values are empty. */
function save() {
  const { currency, total, views } = answer;
  const cells = Object.entries(views).flatMap(([name, view]) => view.cells.map(([label, ...sums]) => [
    name, label, ...sums, name === "currency" ? label : currency,
  ]));
  const rows = [["view", "label", "customers", "transactions", "net", "currency"], ["total", "", ...total, currency], ...cells];
  download("explorer.csv", rows.map((row) => `${row.map(field).join(",")}\r\n`).join(""));
}

/** A field of a CSV file (RFC 4180). An apostrophe keeps spreadsheets from running a text. */
function field(value) {
  return typeof value === "string" ? `"${value.replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"` : value ?? "";
}
