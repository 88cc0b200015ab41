// The pictures of questions on habits: ages, the week, retention, distance from home.

import { HIDDEN_SIGN, ageLabel, byAge, categoryLabel, cells, distinct, framed, heat, labels, monthLabel, number, shades } from "./picture_parts.js";

const DAY_PARTS = 4;

/** Which part of its transactions an age band gives to a category; the colour is against the mean of all bands. */
export function ages(answer) {
  const rows = cells(answer);
  const shown = rows.filter(({ share }) => share !== null);
  const mean = (category) => {
    const own = shown.filter((row) => row.category === category);
    return own.reduce((sum, { share }) => sum + share, 0) / own.length;
  };
  const against = ({ category, share }) => (mean(category) ? 100 * share / mean(category) : 100);
  const ys = distinct(rows.map(({ category }) => category)).sort((one, other) => (mean(other) || 0) - (mean(one) || 0));
  const data = rows.map((row) => ({
    x: ageLabel(row.age_band), y: categoryLabel(row.category), hidden: row.share === null, value: row.share === null ? null : against(row),
    text: row.share === null ? HIDDEN_SIGN : number(row.share, 1),
    tip: row.share === null
      ? "Hidden"
      : `${row.age_band}: ${row.share} % of the transactions are ${categoryLabel(row.category)}\n${number(row.transactions)} transactions, `
        + `${number(row.customers)} customers\n${number(against(row))}, where 100 is the mean of the age bands`,
  }));
  return (width, colours) => heat(data, {
    xs: distinct(rows.map((row) => row.age_band)).sort(byAge).map(ageLabel), ys: ys.map(categoryLabel), width, colours, shade: shades(shown.map(against), colours, 100),
  });
}

/** Transactions by weekday and hour. */
export function week(answer) {
  const rows = cells(answer);
  const data = rows.map((row) => ({
    x: String(row.hour_utc), y: row.weekday_name.slice(0, 3), hidden: row.transactions === null, value: row.transactions,
    text: row.transactions === null ? HIDDEN_SIGN : null,
    tip: `${row.weekday_name}, ${row.hour_utc}:00 to ${row.hour_utc}:59 UTC\n`
      + `${row.transactions === null ? "hidden" : `${number(row.transactions)} transactions, ${row.share} % of all`}`,
  }));
  return (width, colours) => heat(data, {
    xs: Array.from({ length: 24 }, (_, hour) => String(hour)), ys: distinct(data.map(({ y }) => y)), width, colours,
    shade: shades(data.map(({ value }) => value ?? 0), colours), row: 30, xTitle: "hour of the day, UTC",
    xAxis: { labelExpr: `datum.label % ${DAY_PARTS} == 0 ? datum.label : ''`, labelAngle: 0 },
  });
}

/** Which part of those who began in a month came back later; always from 0 to 100 percent. */
export function retention(answer) {
  const rows = cells(answer);
  const name = (row) => `${monthLabel(row.cohort)}`;
  const data = rows.map((row) => ({
    x: String(row.months_after), y: name(row), hidden: row.retained === null, value: row.retained,
    text: row.retained === null ? HIDDEN_SIGN : `${number(row.retained, 1)} %${row.partial ? "*" : ""}`,
    tip: row.retained === null
      ? "Hidden"
      : `Of ${number(row.cohort_customers)} customers who began in ${name(row)}\n${number(row.customers)} came back ${row.months_after} months later, `
        + `${row.retained} %${row.partial ? "\n* of a month that has some of its days only" : ""}`,
  }));
  return (width, colours) => heat(data, {
    xs: distinct(rows.map((row) => row.months_after)).sort((one, other) => one - other).map(String),
    ys: distinct(rows.map((row) => row.cohort)).sort().map(monthLabel), width, colours, shade: shades([100], colours), row: 34, xTitle: "months after the first",
  });
}

/** How far from home people pay, and how often beyond 100 km: two bars for each kind of place. */
export function distance(answer) {
  const rows = cells(answer).filter(({ kilometers }) => kilometers !== null);
  const measures = [["kilometers", "mean distance, km", " km"], ["beyond_100_km", "beyond 100 km", " %"]];
  const data = rows.flatMap((row) => measures.map(([name, group, unit]) => ({
    label: row.urbanicity, group, value: row[name], text: `${number(row[name], 1)}${unit}`,
    tip: `${row.urbanicity}: ${number(row.kilometers, 1)} km from home on average\n${row.beyond_100_km} % beyond 100 km\n`
      + `${number(row.customers)} customers, ${number(row.transactions)} transactions`,
  })));
  return (width, colours) => {
    const y = labels("label", rows.map(({ urbanicity }) => urbanicity));
    const x = { field: "value", type: "quantitative", axis: null, scale: { domainMin: 0 } };
    return {
      data: { values: data }, columns: width > 480 ? 2 : 1, spacing: 24, resolve: { scale: { x: "independent" } },
      facet: { field: "group", type: "nominal", sort: measures.map(([, group]) => group), header: { title: null, labelAnchor: "start" } },
      spec: {
        width: (width > 480 ? width / 2 : width) - 145, height: 34 * rows.length,
        layer: [
          { mark: { type: "bar", color: colours.accent, height: { band: 0.7 } }, encoding: { y, x, tooltip: { field: "tip" } } },
          { mark: { type: "text", align: "left", dx: 5 }, encoding: { y, x, text: { field: "text" } } },
        ],
      },
    };
  };
}
