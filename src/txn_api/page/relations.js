// What refers to a transaction: its refunds and reversals with what is left of it, and what contradicts it.

import { call } from "./api.js";
import { element } from "./elements.js";
import { exactMoment } from "./moments.js";
import { AMOUNT_FIELDS, money } from "./money.js";
import { showProblem } from "./problem.js";
import { address } from "./router.js";

const SHOWN = 25;
const FLAGS = {
  exceeds_original: "they give back more than its amount",
  currency_differs: "one has another currency, and is in no sum",
  card_differs: "one is of another card",
  merchant_differs: "one is of another merchant",
};

/** The refunds and reversals of a transaction; nothing where the index keeps none, or there are none. */
export function relations(whole, path) {
  if (whole.flags === undefined || (whole.refunded_minor === 0 && !whole.reversed && whole.reversed_minor === 0 && !whole.flags.length)) {
    return "";
  }
  const words = whole.flags.map((flag) => element("li", { text: FLAGS[flag] ?? flag }));
  const list = element("div");
  const section = element("section", { className: "card" },
    element("h2", { text: whole.reversed ? "Reversed" : "Refunds and reversals" }),
    words.length ? element("ul", { className: "flags" }, ...words) : "",
    list);
  fill(list, async () => {
    const fields = `transaction_id,occurred_at,${AMOUNT_FIELDS},type`;
    const page = await call(`${path}/related?limit=${SHOWN}&fields=${fields}`);
    const rows = page.data.map((row) => [
      idLink(row.transaction_id), row.type, money(row), exactMoment(row.occurred_at)]);
    const more = page.has_more ? [element("p", { text: `The latest ${SHOWN} are shown.` })] : [];
    return [table("Refunds and reversals", ["Id", "Type", "Amount", "At (UTC)"], rows), ...more];
  });
  return section;
}

/** What later acknowledgements of a transaction's id said instead. */
export function contradictions(whole, path) {
  const count = whole.conflicts.length;
  if (!count) {
    return "";
  }
  const list = element("div");
  fill(list, async () => {
    const { data } = await call(`${path}/conflicts`);
    const rows = data.map((conflict) => [
      exactMoment(conflict.accepted_at), conflict.differs?.join(", ") ?? "not kept", said(conflict),
      `${conflict.shard_id} ${conflict.sequence_number} / ${conflict.sub_sequence_number}`]);
    return [table("Later 202s of this id with other content; the first content counts",
      ["Accepted (UTC)", "Differs in", "What it said", "On the stream"], rows, "Conflicts")];
  });
  const title = count === 1 ? "1 conflict" : `${count} conflicts`;
  return element("section", { className: "problem" }, element("h2", { text: title }), list);
}

/** The fields that differ, as the contradicting content has them. */
function said({ differs, transaction }) {
  if (!transaction) {
    return "";
  }
  return differs.map((name) => {
    const value = name.split(".").reduce((part, inner) => part?.[inner], transaction);
    return `${name}: ${value ?? "none"}`;
  }).join("; ");
}

async function fill(place, read) {
  place.textContent = "Reading …";
  try {
    place.replaceChildren(...await read());
  } catch (problem) {
    place.replaceChildren();
    showProblem(place, problem, {}, () => fill(place, read));
  }
}

function table(caption, heads, rows, label = caption) {
  const head = element("tr", {}, ...heads.map((text) => {
    const made = element("th", { text });
    made.scope = "col";
    return made;
  }));
  const lines = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  const scroll = element("div", { className: "scroll bounded" },
    element("table", {}, element("caption", { text: caption }), element("thead", {}, head), element("tbody", {}, ...lines)));
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", label);
  return scroll;
}

function idLink(id) {
  const made = element("a", { text: id, className: "mono" });
  made.href = address(`transactions/${encodeURIComponent(id)}`);
  return made;
}
