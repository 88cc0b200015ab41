// What is seen in the quality of alerts, in words and in pictures. Every proportion is said with its denominator.

const SVG = "http://www.w3.org/2000/svg";
const FEW = 5; // of fewer decided alerts nothing is said but their number
const [LEFT, TOP, PANEL, GAP, BOTTOM] = [44, 30, 110, 48, 24];
const SCORE_MAX = 1000;

export function count(number) {
  return number.toLocaleString("en");
}

export function outOf(some, all) {
  return `${count(some)} of ${count(all)}`;
}

/** `7.5 % (2.6 to 19.9)`; of few nothing but that. */
export function percent({ value, low, high, of }) {
  const [middle, from, to] = [value, low, high].map((part) => (100 * part).toFixed(1));
  return of < FEW ? "too few to say" : `${middle} % (${from} to ${to})`;
}

export function share(some, all) {
  return `${outOf(some, all)} (${(100 * some / all).toFixed(2)} %)`;
}

/** The threshold that finds most frauds with so many reviews a day, in a sentence. */
export function advice({ thresholds, alert_from: active }, reviews) {
  if (!thresholds.length) {
    return "No threshold is known yet: the scorer has noted none, and no model has raised an alert.";
  }
  if (!(reviews > 0)) {
    return "Say how many alerts can be reviewed a day, to see the threshold that fits.";
  }
  const best = thresholds.find(({ alerts_a_day: load }) => load <= reviews);
  if (!best) {
    const last = thresholds.at(-1);
    return `No threshold fits: even at ${last.score} there would be ${last.alerts_a_day.toFixed(1)} alerts a day, those of rules included.`;
  }
  const now = best.is_active ? ", which is in force now," : active === null ? "" : ` (${active} is in force now)`;
  const first = `The lowest threshold with at most ${count(reviews)} alerts a day is ${best.score}${now} with ${best.alerts_a_day.toFixed(1)} a day.`;
  if (best.alerts === null) {
    return `${first} What became of alerts below the thresholds so far is not known, as none were raised there.`;
  }
  const right = best.precision ? `${outOf(best.precision.count, best.precision.of)} decided alerts from there on were frauds, ${percent(best.precision)}.` : "";
  const kept = best.recall ? `It keeps ${outOf(best.recall.count, best.recall.of)} frauds that are known among the alerts.` : "";
  return [first, right, kept].filter(Boolean).join(" ");
}

/** A proportion as a bar with its interval; the numbers stand beside it. */
export function bar(known) {
  if (!known || known.of < FEW) {
    return "";
  }
  const [value, low, high] = [known.value, known.low, known.high].map((part) => 1 + 98 * part);
  return svg("svg", { class: "bars", viewBox: "0 0 100 14", width: 100, height: 14, "aria-hidden": true },
    svg("rect", { class: "ground", x: 1, y: 3, width: 98, height: 8 }),
    svg("rect", { class: "part", x: 1, y: 3, width: value - 1, height: 8 }),
    svg("path", { class: "whisker", d: `M${low} 2v10M${low} 7H${high}M${high} 2v10` }));
}

/** Alerts a day and precision by threshold, one above the other. */
export function plot({ thresholds, alert_from: active }, reviews, width) {
  const wide = Math.max(240, Math.min(width, 700));
  const most = Math.max(...thresholds.filter(({ score }) => score >= (active ?? 0)).map(({ alerts_a_day: load }) => load), reviews || 0, 1) * 1.25;
  const x = (score) => LEFT + (wide - LEFT - 8) * score / SCORE_MAX;
  const upper = (load) => TOP + PANEL * (1 - load / most);
  const second = TOP + PANEL + GAP;
  const lower = (part) => second + PANEL * (1 - part);
  const height = second + PANEL + BOTTOM;
  const line = thresholds.filter(({ alerts_a_day: load }) => load <= most).map(({ score, alerts_a_day: load }, at) => `${at ? "L" : "M"}${x(score)} ${upper(load)}`).join("");
  const known = thresholds.filter(({ precision }) => precision && precision.of >= FEW);
  const text = (content, left, top, anchor = "end") => svg("text", { x: left, y: top, "text-anchor": anchor }, content);
  return svg("svg", { class: "plot", width: wide, height, role: "img", "aria-label": "Alerts a day and precision by threshold, as in the table below" },
    text("Alerts a day from a score on", 0, 11, "start"), text("Precision from a score on", 0, second - 12, "start"),
    ...[0, most].map((load) => text(String(Math.round(load)), LEFT - 6, upper(load) + 4)),
    ...[0, 0.5, 1].map((part) => text(`${100 * part} %`, LEFT - 6, lower(part) + 4)),
    ...[0, 250, 500, 750, 1000].map((score) => text(String(score), x(score), height - 6, score === SCORE_MAX ? "end" : "middle")),
    svg("path", { class: "axis", d: [upper(0), lower(0), lower(0.5), lower(1)].map((y) => `M${LEFT} ${y}H${wide - 8}`).join("") }),
    active === null ? "" : svg("path", { class: "now", d: `M${x(active)} ${TOP - 8}V${lower(0)}` }),
    active === null ? "" : text("now", x(active) - 4, TOP),
    reviews > 0 ? svg("path", { class: "capacity", d: `M${LEFT} ${upper(reviews)}H${wide - 8}` }) : "",
    reviews > 0 ? text(`${count(reviews)} reviews`, LEFT + 4, upper(reviews) - 4, "start") : "",
    svg("path", { class: "load", d: line }),
    ...known.map(({ score, precision: { value, low, high } }) => svg("g", {},
      svg("path", { class: "whisker", d: `M${x(score)} ${lower(low)}V${lower(high)}` }),
      svg("circle", { class: "part", cx: x(score), cy: lower(value), r: 3 }))));
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
