// A card's transactions over time, one picture a currency: amounts of two currencies have no common scale.

import { mark, picture, svg } from "./drawing.js";
import { element } from "./elements.js";

const DAY_MS = 86_400_000;
const HEIGHT = 180;
const [LEFT, RIGHT, TOP, BOTTOM] = [12, 12, 22, 24];
const LABEL_PX = 130;
const LINE_PX = 16;

export function timelines(all, from, to) {
  const currencies = new Map();
  all.forEach((one) => currencies.set(one.currency, [...(currencies.get(one.currency) ?? []), one]));
  return Array.from(currencies, ([currency, some]) => element("figure", {},
    element("figcaption", { text: `Amounts in ${currency} over time, in UTC; an alerted one is a diamond` }),
    picture(`Timeline of ${some.length} transactions in ${currency}`, HEIGHT, (width, height) => drawn(some, from, to, width, height))));
}

function drawn(some, from, to, width, height) {
  const values = some.map(({ value }) => value);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values, 1)];
  const x = (time) => LEFT + ((time - from) / (to - from)) * (width - LEFT - RIGHT);
  const y = (value) => TOP + ((high - value) / (high - low)) * (height - TOP - BOTTOM);
  const days = Math.max(1, Math.ceil((to - from) / DAY_MS / Math.floor(width / LABEL_PX)));
  const made = [];
  for (let at = Math.ceil(from / DAY_MS) * DAY_MS; at <= to; at += days * DAY_MS) {
    made.push(svg("line", { x1: x(at), x2: x(at), y1: TOP, y2: height - BOTTOM }));
    if (x(at) < width - LABEL_PX / 2) {
      made.push(svg("text", { x: x(at), y: height - 6 }, new Date(at).toISOString().slice(0, 10)));
    }
  }
  for (const value of new Set([0, low, high])) {
    const isClear = value === 0 || Math.abs(y(value) - y(0)) > LINE_PX;
    made.push(svg("line", { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
      isClear ? svg("text", { x: LEFT, y: y(value) - 4 }, value.toLocaleString("en")) : "");
  }
  return [...made, ...some.map((one) => mark(one, x(one.time), y(one.value)))];
}
