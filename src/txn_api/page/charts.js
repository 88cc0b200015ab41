// Draws pictures by Vega-Lite, within the page's policy: expressions are interpreted, and texts are never read as markup.

import { byId } from "./elements.js";

const NARROWEST_PX = 200;
const SETTLED_MS = 150;
const TIP_PX = 14;
const drawn = new Map();
const tip = byId("tip");
let library = null;

/** The library, fetched when the first picture is drawn: 275 kB, which other pages do not need. */
export function loadCharts() {
  library ??= import("./vega.js");
  return library;
}

/**
 * Draw a picture in an element. `make(width, colours)` gives its Vega-Lite specification for a width in pixels; it is asked
 * again when the element's width or the colour scheme changes.
 */
export async function draw(place, make) {
  drawn.get(place)?.view?.finalize();
  const picture = { make, view: null, width: 0 };
  drawn.set(place, picture);
  await paint(place, picture);
  watched.observe(place);
}

/** Forget the pictures within an element. */
export function forgetPictures(within) {
  for (const [place, { view }] of drawn) {
    if (within.contains(place)) {
      view?.finalize();
      watched.unobserve(place);
      drawn.delete(place);
    }
  }
}

async function paint(place, picture) {
  const { compile, parse, View, expressionInterpreter } = await loadCharts();
  const width = Math.max(NARROWEST_PX, Math.floor(place.clientWidth));
  if (drawn.get(place) !== picture) {
    return;
  }
  const { spec } = compile({ ...picture.make(width, colours()), config: config(colours()) });
  const held = document.createElement("div");
  // The picture's place has a label; Vega's roles within, which have none, are for nobody.
  held.setAttribute("aria-hidden", "true");
  const view = new View(parse(spec, null, { ast: true }), {
    expr: expressionInterpreter, renderer: "svg", container: held, hover: false, tooltip: showTip,
  });
  await view.runAsync();
  if (drawn.get(place) !== picture) {
    view.finalize();
    return;
  }
  picture.view?.finalize();
  Object.assign(picture, { view, width });
  place.replaceChildren(held);
}

/** The colours of the present scheme, as the sheet has them. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of("text"), muted: of("muted"), line: of("line"), edge: of("edge"), ground: of("ground"), surface: of("surface"), accent: of("accent"),
    onAccent: of("on-accent"), series: [1, 2, 3, 4, 5].map((at) => of(`series-${at}`)),
    low: of("low"), high: of("high"), below: of("below"), onHigh: of("on-high"),
  };
}

function config({ text, muted, line, accent }) {
  const font = "system-ui, sans-serif";
  const label = { labelColor: text, labelFont: font, labelFontSize: 12, titleColor: muted, titleFont: font, titleFontSize: 12, titleFontWeight: "normal" };
  return {
    background: null, font, aria: false,
    view: { stroke: null },
    axis: { ...label, domain: false, ticks: false, grid: false, gridColor: line, labelPadding: 6, labelLimit: 150 },
    header: { ...label, labelFontWeight: "bold" },
    legend: { ...label, orient: "top", symbolStrokeWidth: 2, labelLimit: 240 },
    mark: { color: accent },
    text: { color: text, font, fontSize: 12 },
    bar: { color: accent }, rect: { color: accent },
  };
}

/** Lines of a text beside the pointer; Vega calls it with no text when the pointer leaves. */
function showTip(handler, event, item, text) {
  tip.hidden = typeof text !== "string";
  if (tip.hidden) {
    return;
  }
  tip.textContent = text;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(0, Math.min(event.clientX + TIP_PX, innerWidth - width - TIP_PX))}px`;
  tip.style.top = `${event.clientY + TIP_PX + height > innerHeight ? event.clientY - TIP_PX - height : event.clientY + TIP_PX}px`;
}

function repaintAll(places) {
  for (const place of places) {
    const picture = drawn.get(place);
    if (picture?.view && place.clientWidth) {
      paint(place, picture);
    }
  }
}

let settling = 0;
const resized = new Set();
const watched = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const picture = drawn.get(target);
    if (picture?.view && target.clientWidth && Math.max(NARROWEST_PX, Math.floor(target.clientWidth)) !== picture.width) {
      resized.add(target);
    }
  }
  clearTimeout(settling);
  settling = setTimeout(() => {
    repaintAll(resized);
    resized.clear();
  }, SETTLED_MS);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => repaintAll(drawn.keys()));
addEventListener("keydown", ({ key }) => {
  if (key === "Escape") {
    tip.hidden = true;
  }
});
