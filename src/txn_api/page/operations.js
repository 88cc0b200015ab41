// How the system is, read every two seconds while somebody looks. The service says what is not as it should be, and
// which page says what to do; here it is shown.

import { call, keyChanges } from "./api.js";
import { clearDeadLetters, startDeadLetters } from "./dead_letters.js";
import { byId, element, row, worded } from "./elements.js";
import { hasKey } from "./key.js";
import { clearProblem, showProblem } from "./problem.js";

const EVERY_MS = 2_000;
const STALE_MS = 10_000;
const GAP_MS = 30_000;
const place = byId("ops-problem");
const news = byId("ops-news");
const drawn = new Map();
let readAt = 0;
let asked = 0;
let timer = 0;

startDeadLetters();
byId("ops-again").addEventListener("click", enter);
keyChanges.addEventListener("change", () => {
  // What one key showed is not the next one's to see.
  asked += 1;
  readAt = 0;
  clearTimeout(timer);
  byId("ops").hidden = true;
  clearDeadLetters();
});
document.addEventListener("visibilitychange", () => {
  if (readAt && isLookedAt()) {
    read();
  }
});

function isLookedAt() {
  return !document.hidden && !byId("view-operations").hidden;
}

/** Show the system as it is, and go on showing it. */
export function enter() {
  clearProblem(place);
  if (!hasKey()) {
    readAt = 0;
    asked += 1;
    byId("ops-again").hidden = true;
  }
  byId("ops").hidden = !readAt;
  news.textContent = readAt || !hasKey() ? "" : "Reading …";
  if (hasKey()) {
    read();
  }
}

/** Read now, and again in a while as long as somebody looks; the last answer is the one that is shown. */
async function read() {
  const mine = ++asked;
  let goesOn = true;
  clearTimeout(timer);
  try {
    const report = await call("/operations");
    if (mine === asked) {
      readAt = Date.now();
      clearProblem(place);
      show(report);
    }
  } catch (problem) {
    if (mine === asked) {
      goesOn = problem.mayPass;
      news.textContent = "";
      showProblem(place, problem);
    }
  }
  if (mine === asked) {
    showAge(goesOn);
    timer = goesOn && isLookedAt() ? setTimeout(read, EVERY_MS) : 0;
  }
}

function showAge(goesOn) {
  const old = Date.now() - readAt;
  const isStale = readAt > 0 && (!goesOn || old > STALE_MS);
  byId("ops-again").hidden = goesOn;
  byId("ops-age").className = isStale ? "stale" : "hint";
  byId("ops-age").textContent = isStale ? `These figures are ${seconds(old / 1000)} old` : "Read every 2 seconds";
}

function show({ state, findings, api, drains, dead_letters: letters, cost }) {
  const of = (figure, subject) => findings.find((each) => (!figure || each.figure === figure) && each.subject === subject)?.state ?? "ok";
  const says = ["critical", "warning"].map((each) => `${findings.filter((one) => one.state === each).length} ${each}`).join(", ");
  const now = findings.length ? says : "All is as it should be";
  if (news.textContent !== now) {
    news.textContent = now; // read aloud when it changes, and not each time
  }
  [, news.className] = cell(state);
  draw("ops-findings", findings, finding);
  byId("ops").hidden = false;
  if (isThere("ops-api", api)) {
    showApi(api, of);
  }
  if (isThere("ops-drains", drains)) {
    draw("ops-drain-rows", drains.drains, (drain) => drainRow(drain, of("", drain.name)), findings);
    const shards = drains.drains.flatMap(({ name, shards: own }) => own.map((shard) => ({ name, ...shard })));
    draw("ops-shard-rows", shards, shardRow);
    const more = drains.drains.reduce((sum, drain) => sum + drain.shards_more, 0);
    byId("ops-shards-more").textContent = more ? `${number(more)} shards more, less far behind` : "";
  }
  if (isThere("ops-letters", letters)) {
    draw("reason-rows", letters.reasons, ({ reason, waiting, kept, kept_more: isMore }) => row(reason,
      cell(of("dead_letters", reason)), [number(waiting), "number"], [`${number(kept)}${isMore ? "+" : ""}`, "number"]));
  }
  if (isThere("ops-cost", cost)) {
    byId("ops-usd").textContent = dollars(cost.usd);
    draw("ops-cost-rows", cost.parts, ({ name, usd, units, unit, basis }) => row(
      worded(name), [usd === null ? "not known now" : dollars(usd), "number"],
      [units === null ? "?" : String(Number(units.toPrecision(3))), "number"], `${unit}, ${basis}`));
    byId("ops-left-out").textContent = `Prices of ${cost.region}, ${cost.priced_on}. Not in it: ${cost.left_out.join("; ")}.`;
  }
}

function isThere(id, part) {
  byId(id).hidden = part === null;
  return part !== null;
}

/** Make the children of a place again if what they are made of has changed: what has the focus stays where it is. */
function draw(id, items, make, besides = null) {
  const text = JSON.stringify([items, besides]);
  if (drawn.get(id) !== text) {
    drawn.set(id, text);
    byId(id).replaceChildren(...items.map(make));
  }
}

function finding({ state, text, runbook, figure }) {
  const link = element("a", { text: "What to do" });
  link.href = runbook;
  link.target = "_blank";
  link.rel = "noopener";
  link.setAttribute("aria-label", `What to do about ${worded(figure)} (opens a tab)`);
  return element("li", { className: state }, element("strong", { text: state }), `: ${text} `, link);
}

/** A state as a cell of a table. */
function cell(state) {
  return [state, state === "ok" ? "good" : state];
}

function showApi(api, of) {
  const { history: steps } = api;
  const recent = Object.fromEntries(api.answers.map((each) => [each.status, number(each.recent)]));
  const figures = [
    ["Accepted a second", number(api.accepted_per_s)], ["p50", time(api.p50_ms)], ["p99", time(api.p99_ms), "latency"],
    ["2xx", recent["2xx"]], ["4xx", recent["4xx"]], ["5xx", recent["5xx"], "server_errors"],
    ["429 and 503", number(api.load_refused), "load_refused"], ["On their way", number(api.pending)],
  ].map(([name, text, figure]) => [name, text, figure ? of(figure, null) : "ok"]);
  draw("ops-figures", figures, ([name, text, state]) => element("div", {}, element("dt", { text: name }),
    element("dd", { className: state, text: state === "ok" ? text : `${text}: ${state}` })));
  byId("ops-window").textContent = `Within ${seconds(api.window_s)}, processes: ${api.processes}`;
  line("ops-rate-line", "Accepted a second", steps.map(({ at, accepted_per_s: value }) => [at, value]), number);
  line("ops-p99-line", "p99", steps.map(({ at, p99_ms: value }) => [at, value]), time);
  draw("ops-write-rows", api.shards.map((shard) => [shard, of("throttles", shard.shard_id)]), ([shard, state]) => row(
    [shard.shard_id, "mono"], cell(state), [number(shard.throttled), "number"],
    [number(shard.throttled_total), "number"], [shard.pace === null ? "?" : `${Math.round(100 * shard.pace)} %`, "number"]));
}

/** The line of a figure's last minutes, and its words. Where nothing was read for a while, the line breaks. */
function line(id, name, points, shown) {
  const known = points.filter(([, value]) => value !== null).map(([at, value]) => [Date.parse(at), value]);
  const highest = Math.max(...known.map(([, value]) => value));
  const [first, last] = [known[0], known.at(-1)];
  const says = last ? `${name}, last 5 minutes: now ${shown(last[1])}, highest ${shown(highest)}` : `${name}: no steps yet`;
  byId(`${id}-says`).textContent = says;
  byId(id).setAttribute("d", known.map(([at, value], index) => {
    const breaks = !index || at - known[index - 1][0] > GAP_MS;
    return `${breaks ? "M" : "L"}${(100 * (at - first[0])) / (last[0] - first[0] || 1)} ${39 - (38 * value) / (highest || 1)}`;
  }).join(""));
}

function drainRow({ name, lag_s: lag, behind, shards, shards_more: more, owners, ledger }, state) {
  const agreement = ledger && (ledger.differing ? `${ledger.differing} minutes differ` : ledger.agreeing ? "agree" : "nothing to compare");
  return row(name, cell(state), [seconds(lag), "number"], [`${behind} of ${shards.length + more}`, "number"],
    [owners, "number"], agreement ?? "");
}

function shardRow(shard) {
  const records = `${shard.lag_records ?? "?"}${shard.lag_records_more ? "+" : ""}`;
  return row(shard.name, [shard.shard_id.replace("shardId-", ""), "mono"], shard.state, [seconds(shard.lag_s), "number"],
    [records, "number"], [shard.owner ?? "nobody", "mono"], shard.done_minute?.replace("T", " ") ?? "");
}

function number(count) {
  return count?.toLocaleString("en", { maximumFractionDigits: count < 10 ? 1 : 0 }) ?? "?";
}

function time(milliseconds) {
  return milliseconds === null ? "no answers" : `${number(milliseconds)} ms`;
}

function seconds(count) {
  return count < 120 ? `${number(count)} s` : `${number(count / 60)} min`;
}

function dollars(amount) {
  return `${amount.toFixed(2)} $`;
}
