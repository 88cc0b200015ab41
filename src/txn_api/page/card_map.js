// Where a card was used: an equirectangular map of its merchants, and the ways between them that nobody travels.

import { mark, picture, round, svg } from "./drawing.js";
import { element } from "./elements.js";
import { PER_DEGREE, STATES } from "./us_states.js";

const EARTH_KM = 6371;
const KM_H_MAX = 900;
const KM_MIN = 100; // places are known roughly
const HEIGHT = 320;
const MARGIN = 28;
const SPAN_MIN = 0.5;
const WAYS_MAX = 10;

/** The picture, and in words what is impossible in it; nothing where no place is known. `all` is in order of time. */
export function cardMap(all) {
  const placed = all.filter(({ place }) => place);
  if (!placed.length) {
    return [];
  }
  const home = placed.findLast((one) => one.home)?.home;
  const ways = placed.slice(1).map((one, at) => way(placed[at], one));
  const fast = ways.filter(({ isFast }) => isFast);
  const where = home ? `; the square is the holder's home${home.name ? `, ${home.name}` : ""}` : "";
  return [
    element("figure", {},
      element("figcaption", { text: `Places of the merchants, joined in order of time${where}` }),
      picture(`Map of ${placed.length} transactions`, HEIGHT, (width, height) => drawn(placed, ways, home, width, height))),
    element("p", { text: fast.length ? "Nobody travels like this:" : "No way between two of them is faster than 900 km/h." }),
    element("ul", {}, ...fast.slice(-WAYS_MAX).map(({ text }) => element("li", { text }))),
  ];
}

/** From one transaction to the next; the distance is along a great circle. */
function way(before, after) {
  const [from, to] = [before, after].map(({ place }) => place.map((degrees) => (degrees * Math.PI) / 180));
  const chord = Math.sin((to[0] - from[0]) / 2) ** 2
    + Math.cos(from[0]) * Math.cos(to[0]) * Math.sin((to[1] - from[1]) / 2) ** 2;
  const km = 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(chord)));
  const hours = (after.time - before.time) / 3_600_000;
  const speed = hours ? `${Math.round(km / hours).toLocaleString("en")} km/h` : "at the same moment";
  const minutes = Math.round(hours * 60).toLocaleString("en");
  return {
    before, after, isFast: km >= KM_MIN && km > KM_H_MAX * hours,
    text: `${Math.round(km).toLocaleString("en")} km in ${minutes} min (${speed}), from ${before.merchant} to ${after.merchant}, ${after.when}`,
  };
}

function drawn(placed, ways, home, width, height) {
  const places = [...placed.map(({ place }) => place), ...(home ? [home.place] : [])];
  const [north, east] = [0, 1].map((at) => places.map((place) => place[at]));
  const [south, top, west, right] = [Math.min(...north), Math.max(...north), Math.min(...east), Math.max(...east)];
  const [middle, centre] = [(south + top) / 2, (west + right) / 2];
  const narrow = Math.max(0.1, Math.cos((middle * Math.PI) / 180));
  const scale = Math.min((height - 2 * MARGIN) / Math.max(SPAN_MIN, top - south),
    (width - 2 * MARGIN) / Math.max(SPAN_MIN, (right - west) * narrow));
  const x = (degrees) => width / 2 + (degrees - centre) * narrow * scale;
  const y = (degrees) => height / 2 - (degrees - middle) * scale;
  const shift = `translate(${x(0)} ${y(0)}) scale(${(narrow * scale) / PER_DEGREE} ${-scale / PER_DEGREE})`;
  return [
    svg("path", { class: "land", d: STATES, transform: shift }),
    ...graticule(x, y, width, height, scale),
    ...ways.map(({ before, after, isFast }) => svg("line", {
      class: isFast ? "way fast" : "way",
      x1: x(before.place[1]), y1: y(before.place[0]), x2: x(after.place[1]), y2: y(after.place[0]),
    })),
    ...placed.map((one) => mark(one, x(one.place[1]), y(one.place[0]))),
    ...(home ? [svg("rect", { class: "home", x: x(home.place[1]) - 9, y: y(home.place[0]) - 9, width: 18, height: 18 })] : []),
    ...bar(scale, width, height),
  ];
}

/** Lines of latitude and longitude, each with its degrees. */
function graticule(x, y, width, height, scale) {
  const step = round(150 / scale);
  const made = [];
  const label = (degrees) => String(Number(degrees.toFixed(6)));
  const unit = { x: (x(1) - x(0)) * step, y: (y(0) - y(1)) * step };
  for (let at = Math.ceil(-x(0) / unit.x); at * unit.x + x(0) < width; at += 1) {
    const px = at * unit.x + x(0);
    made.push(svg("line", { x1: px, x2: px, y1: 0, y2: height }), svg("text", { x: px + 3, y: 12 }, `${label(at * step)}°`));
  }
  for (let at = Math.ceil((y(0) - height) / unit.y); y(0) - at * unit.y > 0; at += 1) {
    const py = y(0) - at * unit.y;
    made.push(svg("line", { x1: 0, x2: width, y1: py, y2: py }), svg("text", { x: 3, y: py - 3 }, `${label(at * step)}°`));
  }
  return made;
}

/** How long some kilometres are, in the middle of the map. */
function bar(scale, width, height) {
  const kmPx = (scale * 360) / (2 * Math.PI * EARTH_KM);
  const km = round(width / 4 / kmPx);
  const [from, to, at] = [width - 12 - km * kmPx, width - 12, height - 12];
  return [svg("path", { class: "bar", d: `M${from} ${at - 5}v5H${to}v-5` }), svg("text", { x: from, y: at - 8 }, `${km} km`)];
}
