// The quality of alerts in pictures. Their numbers stand beside them.

import { svg } from "./drawing.js";

const [LEFT, TOP, PANEL, GAP] = [44, 30, 110, 48];

/** A proportion as a bar with its interval. */
export function bar({ value, low, high }) {
  return svg("svg", { class: "bars", viewBox: "0 0 100 14", width: 100, height: 14, "aria-hidden": true },
    svg("path", { class: "axis", d: "M0 7H100" }),
    svg("path", { class: "load", d: `M0 7H${100 * value}` }),
    svg("path", { class: "whisker", d: `M${100 * low} 2v10M${100 * low} 7H${100 * high}M${100 * high} 2v10` }));
}

/** Alerts a day and precision by threshold, one above the other. */
export function plot({ thresholds, alert_from: active }, reviews, width) {
  const wide = Math.max(240, Math.min(width, 700));
  const loads = thresholds.filter(({ score }) => score >= active).map(({ alerts_a_day: load }) => load);
  const most = 1.25 * Math.max(...loads, reviews || 1);
  const second = TOP + PANEL + GAP;
  const x = (score) => LEFT + (wide - LEFT - 8) * score / 1000;
  const upper = (load) => TOP + PANEL * (1 - load / most);
  const lower = (part) => second + PANEL * (1 - part);
  const text = (left, top, content, anchor = "end") => svg("text", { x: left, y: top, "text-anchor": anchor }, content);
  const path = (name, d) => svg("path", { class: name, d });
  const across = (y) => `M${LEFT} ${y}H${wide - 8}`;
  const line = thresholds.filter(({ alerts_a_day: load }) => load <= most)
    .map(({ score, alerts_a_day: load }, at) => `${at ? "L" : "M"}${x(score)} ${upper(load)}`).join("");
  return svg("svg", {
    class: "plot", width: wide, height: second + PANEL + 24, role: "img",
    "aria-label": "Alerts a day and precision by threshold, as in the table below",
  },
  path("axis", across(upper(0)) + across(lower(0)) + across(lower(0.5)) + across(lower(1))),
  text(0, 11, "Alerts a day from a score on", "start"), text(0, second - 12, "Precision from a score on", "start"),
  text(LEFT - 6, TOP + 4, String(Math.round(most))), text(LEFT - 6, upper(0) + 4, "0"),
  ...[0, 50, 100].map((part) => text(LEFT - 6, lower(part / 100) + 4, `${part} %`)),
  ...[0, 250, 500, 750, 1000].map((score) => text(x(score) + 8, lower(0) + 18, String(score))),
  ...(active === null ? [] : [path("now", `M${x(active)} ${TOP - 8}V${lower(0)}`), text(x(active) - 4, TOP, "now")]),
  ...(reviews > 0 ? [path("capacity", across(upper(reviews))), text(LEFT + 4, upper(reviews) - 4, `${reviews} reviews`, "start")] : []),
  path("load", line),
  ...thresholds.filter(({ precision }) => precision?.of >= 5).flatMap(({ score, precision: { value, low, high } }) => [
    path("whisker", `M${x(score)} ${lower(low)}V${lower(high)}`),
    svg("circle", { cx: x(score), cy: lower(value), r: 3 })]));
}

