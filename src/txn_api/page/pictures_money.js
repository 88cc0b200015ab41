// The pictures of questions on money: regions, preferences, women and men, merchants, growth, segments.

import { HIDDEN_SIGN, amount, categoryLabel, cells, distinct, framed, heat, labels, monthLabel, number, shades, signed } from "./picture_parts.js";

const LINE_PX = 260;
const LABEL_PX = 15;
const TOP_MERCHANTS = 3;

// A title that is read without turning the head.
const ABOVE = { titleAngle: 0, titleAnchor: "end", titleAlign: "left", titleY: -12, titleX: -30 };
const moneyAxis = (title, more = {}) => ({
  title, grid: true, tickCount: 5, labelExpr: "datum.value ? format(datum.value, '~s') : '0'", ...more,
});

/** A line for each region; the way to a month that has some of its days only is dashed, and its point is hollow. */
export function spendByRegion(answer) {
  const rows = cells(answer).filter(({ net }) => net !== null);
  const months = distinct(rows.map(({ month }) => month));
  const regions = distinct(rows.map(({ region }) => region));
  const points = rows.map((row) => ({
    ...row, at: monthLabel(row.month),
    tip: `${row.region}, ${monthLabel(row.month)}${row.partial ? " (a partial month)" : ""}\n${amount(row.net, row.currency)} net\n`
      + `${number(row.customers)} customers, ${number(row.transactions)} transactions`,
  }));
  const last = months.at(-1);
  return (width, colours) => {
    const most = Math.max(...rows.map(({ net }) => net), 0) * 1.05 || 1;
    const least = Math.min(...rows.map(({ net }) => net), 0);
    const ends = spaced(points.filter(({ month }) => month === last), (most - least) / LINE_PX * LABEL_PX);
    const x = labels("at", months.map(monthLabel), { labelOverlap: true });
    const y = { field: "net", type: "quantitative", scale: { domain: [least, most] }, axis: moneyAxis(`${rows[0]?.currency ?? ""} a month`, ABOVE) };
    const color = { field: "region", type: "nominal", scale: { domain: regions, range: colours.series }, legend: null };
    const steps = regions.flatMap((region) => {
      const own = points.filter((point) => point.region === region);
      return own.slice(1).map((point, at) => ({
        region, at: own[at].at, to: point.at, net: own[at].net, toNet: point.net, dashed: own[at].partial || point.partial,
      }));
    });
    return framed(width, {
      height: LINE_PX,
      layer: [
        {
          data: { values: steps }, mark: { type: "rule", strokeWidth: 2.5, strokeCap: "round" },
          encoding: { x, y, color, x2: { field: "to" }, y2: { field: "toNet" }, strokeDash: { condition: { test: "datum.dashed", value: [3, 5] }, value: [1, 0] } },
        },
        {
          data: { values: points }, mark: { type: "point", size: 60, strokeWidth: 2, opacity: 1 },
          encoding: {
            x, y, tooltip: { field: "tip" }, stroke: color,
            fill: { condition: { test: "datum.partial", value: colours.surface }, field: "region", type: "nominal", scale: color.scale, legend: null },
          },
        },
        {
          data: { values: ends }, mark: { type: "text", align: "left", dx: 9, fontWeight: "bold" },
          encoding: { x, y: { ...y, field: "label" }, color, text: { field: "region" } },
        },
      ],
      padding: { left: 0, right: 8, top: 16, bottom: 4 },
    });
  };
}

/** Labels that do not cover each other, `apart` from one to the next. */
function spaced(points, apart) {
  const sorted = points.toSorted((one, other) => one.net - other.net).map((point) => ({ ...point, label: point.net }));
  for (let at = 1; at < sorted.length; at += 1) {
    sorted[at].label = Math.max(sorted[at].label, sorted[at - 1].label + apart);
  }
  return sorted;
}

/** What stands on a cell: a sign where it is hidden, nothing where there is no value by nature. */
function shownAs({ hidden }, value, text) {
  if (hidden) {
    return HIDDEN_SIGN;
  }
  return value === null ? null : text(value);
}

/** Which part of its money a region spends on a category, against all regions. */
export function preferences(answer) {
  const rows = cells(answer);
  const shown = rows.filter(({ preference }) => preference !== null);
  const most = (category) => Math.max(0, ...shown.filter((row) => row.category === category).map(({ preference }) => Math.abs(preference - 100)));
  const ys = distinct(rows.map(({ category }) => category)).sort((one, other) => most(other) - most(one));
  const data = rows.map((row) => ({
    ...row, x: row.region, y: categoryLabel(row.category), value: row.preference, text: shownAs(row, row.preference, number),
    tip: row.hidden
      ? `${categoryLabel(row.category)}, ${row.region}: hidden`
      : `${categoryLabel(row.category)}, ${row.region}: ${row.preference === null ? "no index" : number(row.preference)}\n`
        + `${row.share ?? "no"} % of the money here, ${row.share_everywhere ?? "no"} % everywhere\n`
        + `${number(row.customers)} customers`,
  }));
  const xs = distinct(rows.map(({ region }) => region));
  return (width, colours) => heat(data, {
    xs, ys: ys.map(categoryLabel), width, colours, shade: shades(shown.map(({ preference }) => preference), colours, 100),
  });
}

/** What a woman and a man spend on a category: a point each, and the distance between them. */
export function womenAndMen(answer) {
  const names = { F: "women", M: "men", unknown: "not known" };
  const rows = cells(answer).filter((row) => row.net_a_customer !== null).map((row) => ({
    ...row, label: categoryLabel(row.category), who: names[row.gender] ?? row.gender,
    tip: `${categoryLabel(row.category)}, ${names[row.gender] ?? row.gender}\n${amount(row.net_a_customer, row.currency)} a customer\n`
      + `${number(row.customers)} customers`,
  }));
  const of = (category, gender) => rows.find((row) => row.category === category && row.gender === gender)?.net_a_customer ?? 0;
  const order = distinct(rows.map(({ category }) => category))
    .sort((one, other) => Math.max(of(other, "F"), of(other, "M")) - Math.max(of(one, "F"), of(one, "M")));
  const isBoth = (category) => ["F", "M"].every((gender) => rows.some((row) => row.category === category && row.gender === gender));
  const spans = order.filter(isBoth).map((category) => ({ label: categoryLabel(category), from: of(category, "F"), to: of(category, "M") }));
  return (width, colours) => {
    const y = labels("label", order.map(categoryLabel), { grid: true });
    const x = (field) => ({ field, type: "quantitative", axis: moneyAxis(`${rows[0]?.currency ?? ""} a customer`) });
    const who = { field: "who", type: "nominal", scale: { domain: ["women", "men", "not known"].filter((name) => rows.some((row) => row.who === name)) }, title: null };
    return framed(width, {
      height: 24 * order.length,
      layer: [
        { data: { values: spans }, mark: { type: "rule", strokeWidth: 3, color: colours.edge }, encoding: { y, x: x("from"), x2: { field: "to" } } },
        {
          data: { values: rows }, mark: { type: "point", filled: true, size: 110, opacity: 1 },
          encoding: {
            y, x: x("net_a_customer"), tooltip: { field: "tip" },
            color: { ...who, scale: { ...who.scale, range: colours.series } }, shape: { ...who, scale: { ...who.scale, range: ["circle", "diamond", "square"] } },
          },
        },
      ],
    });
  };
}

/** The leading merchants of each category; one colour, since they have nothing in common. */
export function leadingMerchants(answer) {
  const rows = cells(answer).filter(({ net, standing }) => net !== null && standing <= TOP_MERCHANTS).map((row) => ({
    ...row, place: `${categoryLabel(row.category)} ${row.standing}`,
    tip: `${row.merchant}\n${row.standing}. in ${categoryLabel(row.category)}: ${amount(row.net, row.currency)} net\n`
      + `${number(row.customers)} customers, ${number(row.transactions)} transactions`,
  }));
  const best = (category) => Math.max(...rows.filter((row) => row.category === category).map(({ net }) => net));
  const order = distinct(rows.map(({ category }) => category)).sort((one, other) => best(other) - best(one));
  const ofEach = order.map((category) => rows.filter((row) => row.category === category).map(({ place }) => place));
  const [places, firsts] = [ofEach.flat(), ofEach.map(([first]) => first)];
  return (width, colours) => {
    const y = labels("place", places, { labelExpr: "indexof(firsts, datum.label) < 0 ? '' : slice(datum.label, 0, -2)" });
    const x = { field: "net", type: "quantitative", axis: moneyAxis(`${rows[0]?.currency ?? ""} net`, { orient: "top" }) };
    return framed(width, {
      height: 15 * rows.length, data: { values: rows }, params: [{ name: "firsts", value: firsts }],
      layer: [
        { mark: { type: "bar", color: colours.low, height: { band: 0.86 } }, encoding: { y, x, tooltip: { field: "tip" } } },
        {
          mark: { type: "text", align: "left", dx: 5, fontSize: 11, limit: width - 160 },
          encoding: { y, x: { datum: 0, type: "quantitative" }, text: { field: "merchant" }, tooltip: { field: "tip" } },
        },
      ],
    });
  };
}

/** What a day of each month brings; a month that has some of its days only is hollow. */
export function growth(answer) {
  const rows = cells(answer).filter(({ net_a_day: net }) => net !== null).map((row) => ({
    ...row, at: monthLabel(row.month), label: row.net_growth === null ? "" : `${signed(row.net_growth, 1)} %`,
    days_label: row.partial ? `${row.days} days` : "",
    tip: `${monthLabel(row.month)}: ${amount(row.net_a_day, row.currency)} a day, of ${row.days} days\n`
      + `${row.net_growth === null ? "" : `${signed(row.net_growth, 1)} % against the month before\n`}${number(row.customers)} customers`,
  }));
  return (width, colours) => {
    const x = labels("at", rows.map(({ at }) => at), { labelOverlap: true });
    const y = { field: "net_a_day", type: "quantitative", axis: moneyAxis(`${rows[0]?.currency ?? ""} a day`, ABOVE) };
    const text = { fontSize: 12, baseline: "bottom", dy: -4 };
    return framed(width, {
      height: 240, data: { values: rows },
      layer: [
        {
          mark: { type: "bar", width: { band: 0.7 }, strokeWidth: 1.5 },
          encoding: {
            x, y, tooltip: { field: "tip" }, stroke: { value: colours.accent },
            fill: { condition: { test: "datum.partial", value: colours.ground }, value: colours.accent },
            strokeDash: { condition: { test: "datum.partial", value: [3, 3] }, value: [1, 0] },
          },
        },
        { mark: { type: "text", ...text }, encoding: { x, y, text: { field: "label" } } },
        { mark: { type: "text", baseline: "top", dy: 6, fontSize: 11, color: colours.text }, encoding: { x, y, text: { field: "days_label" } } },
      ],
    });
  };
}

/** What each combination of thirds brings of the money: three maps, by how lately the customers came. */
export function segments(answer) {
  const groups = ["came lately", "came some time ago", "came long ago"];
  const [often, much] = [["often", "now and then", "seldom"], ["much", "middling", "little"]];
  const rows = cells(answer);
  const data = rows.map((row) => ({
    x: often[row.frequency - 1], y: much[row.money - 1], group: groups[row.recency - 1], value: row.share_of_net, hidden: row.hidden,
    text: shownAs(row, row.share_of_net, (share) => `${number(share, 1)} %`),
    tip: row.hidden
      ? "Hidden"
      : `${number(row.customers)} customers who ${groups[row.recency - 1]}, come ${often[row.frequency - 1]} and spend ${much[row.money - 1]}\n`
        + `${amount(row.net, row.currency)} net${row.share_of_net === null ? "" : `, ${row.share_of_net} % of all`}`,
  }));
  const shown = data.map(({ value }) => value ?? 0);
  return (width, colours) => heat(data, {
    xs: often, ys: much, groups, width, colours, shade: shades(shown, colours), row: 40, xTitle: "how often", yTitle: "how much",
  });
}
