// A look-up's pages, one at a time: the cursors seen so far lead back.

import { download } from "./download.js";
import { byId, element } from "./elements.js";
import { ago, moment } from "./moments.js";
import { AMOUNT_FIELDS, money } from "./money.js";
import { address } from "./router.js";

/** What is read of each transaction, and what a table of them has. */
export const FIELDS = [
  "occurred_at", AMOUNT_FIELDS, "merchant.name", "type", "card_masked", "card_id", "conflicts", "transaction_id",
].join(",");
const STALE_MS = 300_000;
const LOOK_AT_AGE_MS = 15_000;
const news = byId("results-news");
let pages = null;

export function startResults() {
  setInterval(showAge, LOOK_AT_AGE_MS);
  document.addEventListener("visibilitychange", showAge);
}

/**
 * Show a look-up's first page. `page` gives the page behind a cursor, `csv` the same as a table; `whose` says in words
 * whose they are. Gives the page's rows, or null where another look-up has begun meanwhile.
 */
export async function showResults(whose, { page, csv }) {
  const begun = { whose, page, csv, cursors: [null], number: 0, next: null, readAt: 0 };
  pages = begun;
  byId("results").hidden = true;
  news.textContent = "Reading …";
  const first = await page(null);
  if (begun !== pages) {
    return null;
  }
  show(first);
  return first.data;
}

export function hideResults() {
  pages = null;
  byId("results").hidden = true;
  news.textContent = "";
}

/** Go to a neighbouring page, if there is one; to none (0), read the present one again. */
export async function turn(step) {
  if (pages === null || (step > 0 && pages.next === null) || pages.number + step < 0) {
    return;
  }
  const turned = pages;
  if (step > 0) {
    turned.cursors[turned.number + 1] = turned.next;
  }
  const page = await turned.page(turned.cursors[turned.number + step]);
  if (turned === pages) {
    turned.number += step;
    show(page);
  }
}

/** Download the page that is shown. */
export async function save() {
  const { csv, cursors, number } = pages;
  download(`transactions-page-${number + 1}.csv`, await csv(cursors[number]));
}

function show(page) {
  pages.next = page.has_more ? page.next_cursor : null;
  pages.readAt = Date.now();
  const count = page.data.length;
  const found = count === 1 ? "1 transaction" : `${count} transactions`;
  const more = page.has_more ? ", more follow" : "";
  byId("results").hidden = count === 0 && !page.has_more && pages.number === 0;
  byId("results-title").textContent = `Transactions of ${pages.whose}, page ${pages.number + 1}`;
  byId("rows").replaceChildren(...page.data.map(row));
  news.textContent = newsOf(page, found + more);
  showAge();
  // Not `disabled`, which would take the focus away from whoever pages by keyboard.
  byId("previous").setAttribute("aria-disabled", String(pages.number === 0));
  byId("next").setAttribute("aria-disabled", String(pages.next === null));
}

/** What is told of a page. With a filter one may be empty while others follow. */
function newsOf({ data, has_more: hasMore }, found) {
  if (data.length || pages.number > 0 || hasMore) {
    const looked = data.length || !hasMore ? "" : " None of the rows that this page looked at is as asked for.";
    return `Page ${pages.number + 1}: ${found}.${looked}`;
  }
  return `No transactions of ${pages.whose} in this range.`;
}

function showAge() {
  if (pages === null) {
    return;
  }
  const age = Date.now() - pages.readAt;
  const isStale = age > STALE_MS;
  byId("results-age").textContent = `Read ${ago(age)}${isStale ? ": there may be others by now" : ""}`;
  byId("results-age").className = isStale ? "stale" : "hint";
}

function row(transaction) {
  const link = element("a", { text: transaction.transaction_id });
  link.href = address(`transactions/${encodeURIComponent(transaction.transaction_id)}`);
  const conflicts = transaction.conflicts.length;
  return element("tr", {},
    element("td", {}, moment(transaction.occurred_at)),
    element("td", { className: "number" }, money(transaction)),
    element("td", { className: "name", text: transaction.merchant.name }),
    element("td", { text: transaction.type }),
    element("td", { className: "mono", text: transaction.card_masked }),
    element("td", { className: conflicts ? "number bad" : "number", text: String(conflicts) }),
    element("td", { className: "mono" }, link));
}
