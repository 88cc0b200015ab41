// Which view is shown: the one that the address's fragment names, as in #/transactions?merchant=Kub. A fragment never
// leaves the browser, and never holds a card number or a key.

import { byId, element } from "./elements.js";

const PLACE = "txn-api";
const views = new Map();
let shown = null;
let leave = () => {};

/**
 * Add a view. `name` is its first word in the fragment and of its section's id; `enter(query, rest, fragment)` is
 * called each time that the address leads to it, with its parameters, what stands behind the name, and all of it. A view with `label` and
 * `about` stands in the navigation and at the entrance. `leave()` is called when another one follows.
 */
export function addView(view) {
  views.set(view.name, { needsKey: false, label: "", about: "", enter() {}, leave() {}, ...view });
}

/** The fragment of a view. */
export function address(path, query = {}) {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

/** Go to a view, or run it again where the address is the same. */
export function go(fragment) {
  if (location.hash === fragment) {
    follow();
  } else {
    location.hash = fragment;
  }
}

/** Name what is shown, without going there. */
export function rename(fragment) {
  history.replaceState(null, "", fragment);
}

/** Name the tab after what is shown. */
export function entitle(text) {
  document.title = text ? `${text} · ${PLACE}` : PLACE;
}

/** Enter the present view again, such as when there is a key at last. */
export function again() {
  follow();
}

/** Where whoever cannot see the page reads on. */
export function focusTitle() {
  byId(`title-${shown}`).focus();
}

export function startRouter() {
  byId("places").replaceChildren(...listed().map(({ name, label }) => {
    const link = linkTo(name, label);
    link.id = `go-${name}`;
    return element("li", {}, link);
  }));
  const tiles = listed().map(({ name, label, about }) => tile(linkTo(name, label), about));
  const documentation = element("a", { text: "API documentation" });
  documentation.href = "/docs";
  byId("tiles").replaceChildren(...tiles, tile(documentation, "Every call with its parameters, answers and problems."));
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    focusTitle();
  });
  addEventListener("hashchange", follow);
  follow();
}

function listed() {
  return Array.from(views.values()).filter(({ label }) => label);
}

function linkTo(name, label) {
  const link = element("a", { text: label });
  link.href = address(name);
  return link;
}

function tile(link, about) {
  return element("li", { className: "card" }, element("h3", {}, link), element("p", { text: about }));
}

function follow() {
  const [path, query = ""] = location.hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const [name, ...rest] = path.split("/");
  const view = views.get(rest.length ? `${name}/` : name || "entrance") ?? views.get("nowhere");
  const before = shown;
  shown = view.section ?? view.name;
  for (const section of document.querySelectorAll("main > .view")) {
    section.hidden = section.id !== `view-${shown}`;
  }
  for (const link of byId("places").querySelectorAll("a")) {
    if (link.id === `go-${name}`) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
  byId("key-card").hidden = !view.needsKey;
  entitle(view.title ?? view.label);
  if (before !== null && before !== shown) {
    // Whoever cannot see the page hears where it is now; the first view is read from the top anyway.
    focusTitle();
    scrollTo(0, 0);
  }
  leave();
  leave = view.leave;
  view.enter(new URLSearchParams(query), rest.map(decoded).join("/"), location.hash);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
