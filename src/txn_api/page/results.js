// A look-up's pages, one at a time: the cursors seen so far lead back.

import { byId, element } from "./elements.js";

const news = byId("results-news");
let pages = null;

/** Show a look-up's first page; `fetchPage` gives the page behind a cursor, `whose` says in words whose they are. */
export async function showResults(whose, fetchPage) {
  const first = await fetchPage(null);
  pages = { whose, fetchPage, cursors: [null], number: 0, next: null };
  show(first);
}

export function hideResults() {
  pages = null;
  byId("results").hidden = true;
  news.textContent = "";
}

/** Go to the neighbouring page, if there is one. */
export async function turn(step) {
  if (pages === null || (step > 0 ? pages.next === null : pages.number === 0)) {
    return;
  }
  const turned = pages;
  if (step > 0) {
    turned.cursors[turned.number + 1] = turned.next;
  }
  const page = await turned.fetchPage(turned.cursors[turned.number + step]);
  if (turned === pages) {
    turned.number += step;
    show(page);
  }
}

function show(page) {
  pages.next = page.has_more ? page.next_cursor : null;
  const count = page.data.length;
  const found = count === 1 ? "1 transaction" : `${count} transactions`;
  const more = page.has_more ? ", more follow" : "";
  byId("results").hidden = count === 0;
  byId("results-title").textContent = `Transactions of ${pages.whose}, page ${pages.number + 1}`;
  byId("rows").replaceChildren(...page.data.map(row));
  news.textContent = count === 0 ? `No transactions of ${pages.whose} in this range.`
    : `Page ${pages.number + 1}: ${found}${more}.`;
  // Not `disabled`, which would take the focus away from whoever pages by keyboard.
  byId("previous").setAttribute("aria-disabled", String(pages.number === 0));
  byId("next").setAttribute("aria-disabled", String(pages.next === null));
}

function row(transaction) {
  const time = element("time", { text: readable(transaction.occurred_at) });
  time.dateTime = transaction.occurred_at;
  return element("tr", {},
    element("td", {}, time),
    element("td", { className: "name", text: transaction.merchant.name }),
    element("td", { className: "number", text: `${transaction.amount_minor} ${transaction.currency}` }),
    element("td", { text: transaction.type }),
    element("td", { className: "mono", text: transaction.card_masked }),
    element("td", { className: "number", text: String(transaction.conflicts.length) }),
    element("td", { className: "mono", text: transaction.transaction_id }));
}

function readable(instant) {
  return instant.replace("T", " ").replace(/(\.0+)?Z$/, "");
}
