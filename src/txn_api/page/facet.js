// The cells of one dimension as buttons: a list with bars, columns, or tiles in the places of states.

import { DECIMALS } from "./currencies.js";
import { element } from "./elements.js";
import { words } from "./insight_filters.js";
import { HIDDEN_SIGN, number } from "./picture_parts.js";

const CELLS_MAX = 200;
const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
// Two letters a tile: rows and columns where people look for a state.
const TILES = new Map([
  "AK                  ME", "          WI      VTNH", "WAIDMTNDMNILMI  NYMA  ", "ORNVWYSDIAINOHPANJCTRI",
  "CAUTCONEMOKYWVVAMDDE  ", "  AZNMKSARTNNCSCDC    ", "      OKLAMSALGA      ", "HI    TX        FL    ",
].flatMap((line, row) => line.match(/../g).map((state, column) => [state, [row + 1, column + 1]])));

/** What can be measured: its title, its value of customers, transactions and net, and whether that is money. */
export const MEASURES = {
  net: { title: "Net", of: (_customers, _transactions, net) => net, isMoney: true },
  transactions: { title: "Transactions", of: (_customers, transactions) => transactions },
  customers: { title: "Customers", of: (customers) => customers },
  each: { title: "Net a customer", of: (customers, _transactions, net) => customers && net / customers, isMoney: true },
};

/** An amount with the decimals of its currency. */
export function amount(value, currency) {
  const digits = DECIMALS[currency] ?? 2;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A dimension's cells. `choose(label)` is called when one is pressed. */
export class Facet {
  constructor(name, title, choose) {
    this.name = name;
    this.buttons = new Map();
    this.note = element("p", { className: "hint" });
    this.group = element("div", { className: `facet ${name}` });
    this.group.id = `facet-${name}`;
    this.group.setAttribute("role", "group");
    this.group.setAttribute("aria-label", title);
    this.group.addEventListener("keydown", (event) => this.move(event));
    this.group.addEventListener("focusin", ({ target }) => this.stopAt(target));
    this.group.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button) {
        choose(button.value);
      }
    });
    this.section = element("section", { className: `card of-${name}` }, element("h2", { text: title }), this.group, this.note);
  }

  /** Show the cells of a view, or their labels alone where nothing is told. `partial` has the days of months with some. */
  show(view, { chosen, measure, currency, partial }) {
    const all = view?.cells ?? Array.from(this.buttons.keys(), (label) => [label, 0, 0, 0]);
    const cells = all.length > CELLS_MAX ? mostOf(all, chosen) : all;
    this.note.textContent = cells === all ? "" : `The ${number(cells.length)} of ${number(all.length)} with most customers.`;
    this.arrange(cells.map(([label]) => label));
    const { of, isMoney } = MEASURES[measure];
    // Amounts of two currencies do not compare.
    const compares = !isMoney || this.name !== "currency";
    const largest = Math.max(...cells.map(([, ...sums]) => Math.abs(of(...sums)))) || 1;
    for (const [label, customers, transactions, net] of cells) {
      const value = of(customers, transactions, net);
      const isHidden = customers === null;
      const [unit, days] = [this.name === "currency" ? label : currency, partial.get(label)];
      const more = isHidden || !view ? [] : [
        measure === "net" ? "" : `net ${amount(net, unit)}`, measure === "customers" ? "" : `${number(customers)} customers`,
      ];
      const texts = isHidden ? [`${HIDDEN_SIGN} hidden`, HIDDEN_SIGN] : [isMoney ? amount(value, unit) : number(value), COMPACT.format(value)];
      const button = this.buttons.get(label);
      [words(this.name, label), ...(view ? texts : ["–", "–"]), [...more, days].filter(Boolean).join(", ")].forEach((text, at) => {
        button.children[at].textContent = text;
      });
      button.className = `cell${days ? " partial" : ""}${value < 0 ? " minus" : ""}${customers === 0 ? " none" : ""}`;
      button.setAttribute("aria-pressed", String(label === chosen));
      button.style.setProperty("--part", compares ? Math.abs(value) / largest : 0);
    }
    this.section.hidden = !cells.length;
  }

  /** Have a button for each label, in their order; those that stay keep the focus. */
  arrange(labels) {
    if (labels.join("\n") === Array.from(this.buttons.keys()).join("\n")) {
      return;
    }
    const focused = document.activeElement;
    this.buttons = new Map(labels.map((label) => [label, this.buttons.get(label) ?? made(label)]));
    this.group.replaceChildren(...this.buttons.values());
    this.stopAt(this.group.querySelector("[tabindex='0']") ?? this.group.firstChild);
    if (this.group.contains(focused)) {
      focused.focus();
    }
  }

  /** Tab leads to one button of the group, the last that had the focus. */
  stopAt(button) {
    for (const other of this.group.children) {
      other.tabIndex = other === button ? 0 : -1;
    }
  }

  /** Arrows lead to the nearest button on their side, wherever the layout puts it. */
  move(event) {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    event.preventDefault();
    const [x, y] = middle(event.target);
    let [nearest, next] = [Infinity, null];
    for (const button of this.group.children) {
      const [right, down] = [middle(button)[0] - x, middle(button)[1] - y];
      const ahead = right * step[0] + down * step[1];
      const way = ahead + 3 * Math.abs(right * step[1] + down * step[0]);
      if (ahead > 1 && way < nearest) {
        [nearest, next] = [way, button];
      }
    }
    next?.focus();
  }
}

function made(label) {
  const button = element("button", {}, ...["name", "full", "short", "more"].map((className) => element("span", { className })));
  button.children[2].setAttribute("aria-hidden", "true");
  const [row, column] = TILES.get(label) ?? [9, "auto"];
  button.style.setProperty("--row", row);
  button.style.setProperty("--column", column);
  return Object.assign(button, { type: "button", value: label, tabIndex: -1 });
}

function middle(button) {
  const { left, top, width, height } = button.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
}

function mostOf(cells, chosen) {
  const [, least] = cells.toSorted(([, some], [, others]) => others - some)[CELLS_MAX - 1];
  return cells.filter(([label, customers]) => customers > least || label === chosen);
}
