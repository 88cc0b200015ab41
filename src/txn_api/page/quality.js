// How well alerts work: what became of them by rule and by model, and which threshold fits the reviews of a day.

import { call } from "./api.js";
import { byId, element } from "./elements.js";
import { hasKey } from "./key.js";
import { ago } from "./moments.js";
import { sum } from "./money.js";
import { clearProblem, showProblem } from "./problem.js";
import { bar, plot } from "./quality_pictures.js";
import { address, go, rename } from "./router.js";

const FEW = 5; // of fewer decided alerts nothing is said but their number
const place = byId("quality-problem");
const news = byId("quality-news");
const days = byId("quality-days");
const reviews = byId("quality-reviews");
let found = null;
let readAt = 0;
let asked = 0;

days.addEventListener("change", () => go(here()));
byId("quality-again").addEventListener("click", read);
reviews.addEventListener("input", () => {
  rename(here());
  showThresholds();
});
addEventListener("resize", showThresholds);
setInterval(showAge, 15_000);

function here() {
  return address("alerts/quality", { days: days.value, reviews: reviews.value });
}

/** Show which rules and models are right, over the days of the address. */
export function enter(query, rest) {
  if (rest !== "quality") {
    go("#/nowhere");
    return;
  }
  days.value = query.get("days");
  days.value ||= "30";
  reviews.value = query.get("reviews") > 0 ? query.get("reviews") : "";
  read();
}

async function read() {
  const mine = ++asked;
  clearProblem(place);
  byId("quality").hidden = true;
  found = null;
  showAge();
  news.textContent = "";
  if (!hasKey()) {
    return;
  }
  news.textContent = "Reading …";
  try {
    const answer = await call(`/alerts/quality?days=${days.value}`);
    if (mine === asked) {
      found = answer;
      readAt = Date.now();
      show();
    }
  } catch (problem) {
    if (mine === asked) {
      news.textContent = "";
      showProblem(place, problem, {}, read);
    }
  }
}

function show() {
  const { total, rules, models, scored } = found;
  news.textContent = [
    total.alerts ? `${count(total.alerts)} alerts.` : "There are no alerts of these days.",
    found.is_complete ? "" : `Only the latest are counted: those since ${found.from.slice(0, 10)}.`,
    scored ? `${count(scored)} transactions were scored since ${found.scored_since}.` : "",
  ].join(" ");
  byId("quality-seen").replaceChildren(...found.seen.map((text) => element("li", { text })));
  byId("quality-rows").replaceChildren(...rules.map(ruleRow), ...models.map(modelRow));
  byId("quality").hidden = false;
  showAge();
  showThresholds();
}

function showAge() {
  const age = Date.now() - readAt;
  const isStale = age > 300_000;
  byId("quality-age").textContent = found ? `Read ${ago(age)}${isStale ? ": more may be known by now" : ""}` : "";
  byId("quality-age").className = isStale ? "stale" : "hint";
}

function showThresholds() {
  if (found) {
    const { thresholds } = found;
    const box = byId("quality-plot");
    byId("quality-advice").textContent = advice(found, Number(reviews.value));
    byId("quality-table").hidden = !thresholds.length;
    box.replaceChildren(thresholds.length ? plot(found, Number(reviews.value), box.clientWidth) : "");
    byId("quality-points").replaceChildren(...thresholds.map((point) => row(
      [`${point.score}${point.is_active ? " (now)" : ""}`],
      number(point.alerts_a_day.toFixed(1)), number(proportion(point.precision)), number(proportion(point.recall)))));
  }
}

/** The threshold that finds most frauds with so many reviews a day, in a sentence. */
function advice({ thresholds, alert_from: active }, most) {
  const best = thresholds.find(({ alerts_a_day: load }) => load <= most);
  if (!thresholds.length) {
    return "No threshold is known yet, and no model has raised an alert.";
  }
  if (!(most > 0)) {
    return "Say how many alerts can be reviewed a day, to see the threshold that fits.";
  }
  if (!best) {
    return `No threshold fits: even from ${thresholds.at(-1).score} on there are more alerts a day.`;
  }
  const now = best.is_active ? ", which is in force now," : active === null ? "" : ` (${active} is in force now)`;
  const fits = `The lowest threshold with at most ${count(most)} alerts is ${best.score}${now} with ${best.alerts_a_day.toFixed(1)} a day.`;
  return best.alerts === null
    ? `${fits} What becomes of alerts there is not known: none were raised so far below.`
    : `${fits} Frauds of the decided alerts: ${proportion(best.precision)}. Known frauds that it keeps: ${proportion(best.recall)}.`;
}

function ruleRow(rule) {
  const hits = rule.hits + rule.shadow_hits;
  return row([element("code", { text: rule.rule }), hint(rule.about || "No description.")],
    cell([rule.state, rule.action].filter(Boolean).join(", ")),
    number(...(found.scored ? [outOf(hits, found.scored), hint(`${(100 * hits / found.scored).toFixed(2)} %`)] : ["not counted"])),
    ...tally(rule, `${rule.rules_alone ?? "?"} by rules alone`));
}

function modelRow({ model, alert_from: from, ...rest }) {
  return row([model ? element("code", { text: model }) : "Rules alone", hint(model ? "Model" : "")],
    cell(model ? `alerts from ${from ?? "?"}` : "", hint(model && model === found.model ? "scores now" : "")), cell(), ...tally(rest));
}

function tally(one, alone = "") {
  const { median_decision_s: median, decided_by_analysts: by, precision } = one;
  const isKnown = precision?.of >= FEW;
  return [
    number(count(one.alerts), hint(one.alerts ? alone : "")),
    cell(isKnown ? bar(precision) : "", precision ? proportion(precision) : "none decided"),
    number(`${count(one.open)}, ${count(one.inconclusive)}`),
    number(...one.amounts.map((amount) => element("div", {}, sum(amount)))),
    number(...(median === null ? [] : [`${(median / 3600).toFixed(1)} h`, hint(`of ${count(by)}`)])),
  ];
}

/** `3 of 40: 7.5 % (2.6 to 19.9)`; of few no percentage. */
function proportion(known) {
  if (!known) {
    return "not known";
  }
  const [value, low, high] = [known.value, known.low, known.high].map((part) => (100 * part).toFixed(1));
  return `${outOf(known.count, known.of)}: ${known.of < FEW ? "too few to say" : `${value} % (${low} to ${high})`}`;
}

function outOf(some, all) {
  return `${count(some)} of ${count(all)}`;
}

function count(many) {
  return many.toLocaleString("en");
}

function row(head, ...cells) {
  return element("tr", {}, element("th", { className: "name" }, ...head), ...cells);
}

function cell(...content) {
  return element("td", {}, ...content);
}

function number(...content) {
  return element("td", { className: "number" }, ...content);
}

function hint(text) {
  return element("div", { className: "hint", text });
}
