// The pictures of questions on fraud: by state with its interval, and whom it hits.

import { HIDDEN_SIGN, ageLabel, byAge, categoryLabel, cells, distinct, framed, heat, labels, number, shades } from "./picture_parts.js";

/** Frauds among 10,000 in each state, with the 95 % interval; and how that is to the rate of all. One state alone has nothing beside it. */
export function fraudByState(answer) {
  const rows = cells(answer).filter((row) => row.frauds_in_10000 !== null).sort((one, other) => other.frauds_in_10000 - one.frauds_in_10000);
  const sums = rows.reduce(([frauds, labelled], row) => [frauds + row.frauds, labelled + row.labelled], [0, 0]);
  const all = sums[1] ? 10_000 * sums[0] / sums[1] : 0;
  const isAlone = rows.length === 1;
  const [above, open, below] = ["surely more than in all", "not sure", "surely less"];
  const data = rows.map((row) => ({
    ...row, sure: row.from_at_least > all ? above : row.to_at_most < all ? below : open,
    tip: `${row.state_name}: ${number(row.frauds_in_10000, 1)} frauds in 10,000\n95 % interval ${number(row.from_at_least, 1)} to ${number(row.to_at_most, 1)}\n`
      + `${number(row.frauds)} of ${number(row.labelled)} labelled transactions, ${number(row.customers)} customers`,
  }));
  return (width, colours) => {
    const y = labels("state", rows.map(({ state }) => state));
    const x = (field) => ({ field, type: "quantitative", axis: { title: "frauds in 10,000 labelled transactions", grid: true, tickCount: 5, orient: "top" } });
    const color = isAlone ? { value: colours.accent } : { field: "sure", type: "nominal", scale: { domain: [above, open, below], range: [colours.series[1], colours.muted, colours.series[0]] }, title: null, legend: { columns: width > 480 ? 3 : 1 } };
    const tooltip = { field: "tip" };
    return framed(width, {
      height: 15 * rows.length, data: { values: data },
      layer: [
        ...isAlone ? [] : [{
          data: { values: [{ all, text: `all: ${number(all, 1)}` }] }, encoding: { x: { field: "all", type: "quantitative" } },
          layer: [{ mark: { type: "rule", color: colours.text, strokeDash: [4, 3] } }, { mark: { type: "text", align: "left", dx: 4, dy: 3, baseline: "top", fontWeight: "bold" }, encoding: { y: { value: "height" }, text: { field: "text" } } }],
        }],
        { mark: { type: "rule", strokeWidth: 2, opacity: 0.6 }, encoding: { y, x: x("from_at_least"), x2: { field: "to_at_most" }, color, tooltip } },
        { mark: { type: "point", filled: true, size: 55, opacity: 1 }, encoding: { y, x: x("frauds_in_10000"), color, tooltip } },
      ],
    });
  };
}

/** Frauds among 10,000 by category and age band, women and men each by themselves. */
export function whomFraudHits(answer) {
  const names = { F: "women", M: "men", unknown: "gender not known" };
  const rows = cells(answer).filter(({ labelled }) => labelled !== 0);
  const known = rows.filter((row) => row.frauds_in_10000 !== null);
  const rate = (category) => {
    const own = known.filter((row) => row.category === category);
    return own.reduce((sum, { frauds }) => sum + frauds, 0) / own.reduce((sum, { labelled }) => sum + labelled, 0) || 0;
  };
  const ys = distinct(rows.map(({ category }) => category)).sort((one, other) => rate(other) - rate(one));
  const groups = ["F", "M", "unknown"].filter((gender) => known.some((row) => row.gender === gender));
  const data = rows.filter(({ gender }) => groups.includes(gender)).map((row) => ({
    x: ageLabel(row.age_band), y: categoryLabel(row.category), group: names[row.gender], hidden: row.frauds_in_10000 === null, value: row.frauds_in_10000,
    text: row.frauds_in_10000 === null ? HIDDEN_SIGN : number(row.frauds_in_10000),
    tip: row.frauds_in_10000 === null
      ? "Hidden"
      : `${names[row.gender]} of ${row.age_band}, ${categoryLabel(row.category)}\n${number(row.frauds_in_10000, 1)} frauds in 10,000: ${row.frauds} of ${number(row.labelled)}\n`
        + `${number(row.customers)} customers`,
  }));
  return (width, colours) => heat(data, {
    xs: distinct(rows.map((row) => row.age_band)).sort(byAge).map(ageLabel), ys: ys.map(categoryLabel), groups: groups.map((gender) => names[gender]), width, colours,
    shade: shades(known.map((row) => row.frauds_in_10000), colours),
  });
}
