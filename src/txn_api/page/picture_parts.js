// What several pictures are made of: cells of an answer, words for labels, heat maps.

import { DECIMALS } from "./currencies.js";

export const HIDDEN_SIGN = "⊘";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const TEXT_PX_MIN = 27;
const DECIMALS_MAX = 3;
const LABELS_PX = 125;
const LETTER_PX = 6.5;
const SPACING_PX = 14;

/** The rows of an answer by the names of their columns; `hidden` tells of a cell of few customers, `partial` of a month with some of its days. */
export function cells({ columns, rows, suppressed, partial_rows: partialRows }) {
  const names = columns.map(({ name }) => name);
  const [hidden, partial] = [new Set(suppressed.rows), new Set(partialRows)];
  return rows.map((row, at) => ({
    ...Object.fromEntries(names.map((name, place) => [name, row[place]])), hidden: hidden.has(at), partial: partial.has(at),
  }));
}

/** `2020-04-01` as `Apr 2020`. */
export function monthLabel(month) {
  return `${MONTHS[Number(month.slice(5, 7)) - 1]} ${month.slice(0, 4)}`;
}

/** A category as people say it: `grocery_pos` is `grocery (in store)`. */
export function categoryLabel(category) {
  return category.replace(/_net$/, " (online)").replace(/_pos$/, " (in store)").replaceAll("_", " ");
}

/** An age band in few letters: `under 18` is `<18`, `65 and over` is `65+`. */
export function ageLabel(band) {
  return band.replace(/^under /, "<").replace(/ and over$/, "+");
}

/** Age bands from the youngest on, and what is not known at the end. */
export function byAge(one, other) {
  const rank = (band) => (band.startsWith("under") ? 0 : Number.parseInt(band, 10) || Infinity);
  return rank(one) - rank(other);
}

/** A number with at most so many decimals, and its thousands apart. */
export function number(value, decimals = 0) {
  return value.toLocaleString("en", { maximumFractionDigits: decimals });
}

/** An amount with the decimals of its currency. */
export function amount(value, currency) {
  const decimals = DECIMALS[currency] ?? DECIMALS_MAX;
  return `${value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })} ${currency}`;
}

/** A number with a sign. */
export function signed(value, decimals = 0) {
  return value.toLocaleString("en", { maximumFractionDigits: decimals, signDisplay: "exceptZero" });
}

/** The different values of a list, in the order in which they come. */
export function distinct(values) {
  return Array.from(new Set(values));
}

/** An axis of labels in an order of their own. */
export function labels(field, order, axis = {}) {
  return { field, type: "nominal", sort: order, axis: { title: null, labelAngle: 0, ...axis } };
}

/** What a picture's frame needs to be as wide as its place. */
export function framed(width, more) {
  return { width, autosize: { type: "fit-x", contains: "padding" }, ...more };
}

/**
 * A colour for each number: from `low` to `high` by size, or, with `even`, from below to above it. `is(number)` tells
 * whether text on the colour must be light.
 */
export function shades(numbers, colours, even = null) {
  if (even === null) {
    const most = Math.max(0, ...numbers) || 1;
    return { scale: { domain: [0, most], range: [colours.low, colours.high], interpolate: "rgb", clamp: true }, isDeep: (value) => value > 0.5 * most };
  }
  const most = Math.max(0, ...numbers.map((value) => Math.abs(value - even))) || 1;
  return {
    scale: { domain: [even - most, even, even + most], range: [colours.below, colours.surface, colours.high], interpolate: "rgb" },
    isDeep: (value) => Math.abs(value - even) > 0.6 * most,
  };
}

/**
 * A heat map of cells `{x, y, value, text, tip, hidden}`, whose labels stand in the order of `xs` and `ys`. A cell without a value
 * stays empty, unless it is hidden. With `group`, cells also have one of `groups`, and each group is a map of its own, beside or below the others.
 */
export function heat(data, { xs, ys, groups = [""], width, colours, shade, xTitle = null, yTitle = null, row = 24, xAxis = {} }) {
  const beside = width >= 340 + 110 * groups.length ? groups.length : 1;
  const room = (width - LABELS_PX - SPACING_PX * (beside - 1)) / beside - 8;
  const label = Math.max(...xs.map(({ length }) => length)) * LETTER_PX;
  const isSlanted = label > room / xs.length;
  // A slanted label of the last column stands out to the right.
  const inner = Math.floor(isSlanted ? room - 0.6 * label : room);
  const texts = inner / xs.length >= Math.max(TEXT_PX_MIN, ...data.map(({ text }) => (text?.length ?? 0) * LETTER_PX));
  const rows = data.map((cell) => ({ ...cell, group: cell.group ?? "", deep: cell.value !== null && shade.isDeep(cell.value) }));
  const slant = isSlanted ? { labelAngle: -40, labelAlign: "left" } : {};
  const x = labels("x", xs, { title: xTitle, titleAnchor: "start", orient: "top", ...slant, ...xAxis });
  const y = labels("y", ys, { title: yTitle, labelLimit: LABELS_PX });
  const tooltip = { field: "tip" };
  const layer = [
    {
      transform: [{ filter: "isValid(datum.value)" }], mark: { type: "rect", stroke: colours.surface, strokeWidth: 1 },
      encoding: { x, y, tooltip, color: { field: "value", type: "quantitative", scale: shade.scale, legend: null } },
    },
    {
      transform: [{ filter: "datum.hidden" }],
      mark: { type: "rect", fill: colours.ground, stroke: colours.muted, strokeDash: [2, 3], strokeWidth: 0.5 }, encoding: { x, y, tooltip },
    },
    {
      transform: [{ filter: texts ? "isValid(datum.text)" : "datum.hidden" }], mark: { type: "text", fontSize: 11 },
      encoding: { x, y, tooltip, text: { field: "text" }, color: { condition: { test: "datum.deep", value: colours.onHigh }, value: colours.text } },
    },
  ];
  if (groups.length === 1) {
    return framed(width, { height: row * ys.length, data: { values: rows }, layer });
  }
  return {
    data: { values: rows }, columns: beside, spacing: SPACING_PX,
    facet: { field: "group", type: "nominal", sort: groups, header: { title: null, labelAnchor: "start" } },
    spec: { width: inner, height: row * ys.length, layer },
  };
}
