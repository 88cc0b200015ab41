// How well alerts work: what became of them by rule and by model, and which threshold fits the reviews of a day.

import { call } from "./api.js";
import { byId, element } from "./elements.js";
import { hasKey } from "./key.js";
import { ago, span } from "./moments.js";
import { sum } from "./money.js";
import { clearProblem, showProblem } from "./problem.js";
import { advice, bar, count, outOf, percent, plot, share } from "./quality_words.js";
import { addView, address, go, rename } from "./router.js";

const STALE_MS = 300_000;
const AGE_EVERY_MS = 15_000;
const place = byId("quality-problem");
const news = byId("quality-news");
const days = byId("quality-days");
const reviews = byId("quality-reviews");
let found = null;
let readAt = 0;
let asked = 0;

export function startQuality() {
  addView({ name: "alerts/", section: "quality", enter, needsKey: true, title: "How well alerts work" });
  days.addEventListener("change", () => go(here()));
  byId("quality-again").addEventListener("click", read);
  reviews.addEventListener("input", () => {
    rename(here());
    showThresholds();
  });
  addEventListener("resize", showThresholds);
  setInterval(showAge, AGE_EVERY_MS);
  document.addEventListener("visibilitychange", showAge);
}

function here() {
  return address("alerts/quality", { days: days.value, reviews: reviews.value });
}

function enter(query, rest) {
  if (rest !== "quality") {
    go("#/nowhere");
    return;
  }
  const wanted = query.get("days");
  days.value = Array.from(days.options, ({ value }) => value).includes(wanted) ? wanted : "30";
  const number = Number(query.get("reviews"));
  reviews.value = Number.isFinite(number) && number > 0 ? String(number) : "";
  read();
}

async function read() {
  const mine = ++asked;
  clearProblem(place);
  byId("quality").hidden = true;
  found = null;
  showAge();
  news.textContent = hasKey() ? "Reading …" : "";
  if (!hasKey()) {
    return;
  }
  try {
    const answer = await call(`/alerts/quality?${new URLSearchParams({ days: days.value })}`);
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
  const { total, rules, models, alerts_max: most, is_complete: isComplete, from } = found;
  const left = isComplete ? "" : ` Only the latest ${count(most)} are counted: those since ${from.slice(0, 10)}.`;
  const scored = found.scored ? ` ${count(found.scored)} transactions were scored since ${found.scored_since}.` : "";
  const alerts = total.alerts ? `${count(total.alerts)} alerts.${left}` : "There are no alerts of these days.";
  news.textContent = alerts + scored;
  byId("quality-seen").replaceChildren(...found.seen.map((text) => element("li", { text })));
  byId("quality-rules").replaceChildren(...rules.map(ruleRow));
  byId("quality-models").replaceChildren(...models.map(modelRow));
  byId("quality-norules").hidden = rules.length > 0;
  byId("quality-rules-box").hidden = !rules.length;
  byId("quality").hidden = false;
  showAge();
  showThresholds();
}

function showAge() {
  const age = Date.now() - readAt;
  const isStale = age > STALE_MS;
  byId("quality-age").textContent = found ? `Read ${ago(age)}${isStale ? ": more may be known by now" : ""}` : "";
  byId("quality-age").className = isStale ? "stale" : "hint";
}

function showThresholds() {
  if (found === null) {
    return;
  }
  byId("quality-advice").textContent = advice(found, Number(reviews.value));
  const box = byId("quality-plot");
  box.replaceChildren(found.thresholds.length ? plot(found, Number(reviews.value), box.clientWidth) : "");
  byId("quality-table").hidden = found.thresholds.length === 0;
  byId("quality-points").replaceChildren(...found.thresholds.map(pointRow));
}

function ruleRow(rule) {
  const hits = rule.hits + rule.shadow_hits;
  const state = [rule.state, rule.action].filter(Boolean).join(", ");
  return element("tr", {},
    element("th", { className: "name" }, element("code", { text: rule.rule }), hint(rule.about || "No description.")),
    element("td", { text: state }),
    number(found.scored ? share(hits, found.scored) : "not counted"),
    ...tally(rule, `${rule.rules_alone ?? "unknown how many"} by rules alone`));
}

function modelRow(model) {
  const isActive = model.model !== null && model.model === found.model;
  const from = model.alert_from === null ? "not known" : `alerts from ${model.alert_from} on`;
  return element("tr", {},
    element("th", { className: "name" }, model.model ? element("code", { text: model.model }) : "Rules alone"),
    element("td", { text: model.model ? `${from}${isActive ? ", scores now" : ""}` : "" }),
    ...tally(model));
}

function tally(one, alone = "") {
  const amounts = one.amounts.flatMap((amount) => [sum(amount), element("br")]);
  const time = one.median_decision_s === null ? [] : [span(one.median_decision_s), hint(`of ${count(one.decided_by_analysts)}`)];
  return [
    number(count(one.alerts), hint(one.alerts ? alone : "")),
    element("td", {}, bar(one.precision), precision(one)),
    number(`${count(one.open)}, ${count(one.inconclusive)}`),
    number(...amounts.slice(0, -1)),
    number(...time),
  ];
}

function precision({ precision: known }) {
  return element("span", { text: known ? `${outOf(known.count, known.of)}: ${percent(known)}` : "none decided" });
}

function pointRow(point) {
  const row = element("tr", {},
    element("th", { className: "number", text: `${point.score}${point.is_active ? " (now)" : ""}` }),
    number(point.alerts_a_day.toFixed(1)),
    ...[point.precision, point.recall].map((one) =>
      number(one ? `${outOf(one.count, one.of)}: ${percent(one)}` : "not known")));
  row.className = point.is_active ? "now" : "";
  return row;
}

function number(...content) {
  return element("td", { className: "number" }, ...content);
}

function hint(text) {
  return element("div", { className: "hint", text });
}
