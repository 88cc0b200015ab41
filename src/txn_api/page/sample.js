// A made-up transaction: posted, acknowledged, and waited for until look-ups find it, which measures the index's lag.

import { call, Problem } from "./api.js";
import { madeUpCardNumber } from "./card_numbers.js";
import { byId, element } from "./elements.js";
import { showLag } from "./health.js";
import { addressOfCard } from "./lookup.js";
import { clearProblem, showProblem } from "./problem.js";
import { addView, go } from "./router.js";

const MERCHANTS = ["Rippin, Kub and Mann", "Heller, Gutmann and Zieme", "Lind-Buckridge", "Kutch, Hermiston and Farrell"];
const SHOWN = ["transaction_id", "card_id", "merchant_id", "accepted_at", "shard_id", "sequence_number"];
const WAIT_MS_MAX = 30_000;
const LOOK_EVERY_MS = 250;
const body = byId("sample");
const place = byId("sample-problem");
const news = byId("sample-news");
let cardId = "";
let posted = "";

export function startSample() {
  addView({
    name: "sample", needsKey: true, label: "Sample",
    about: "Post a made-up transaction, see its acknowledgement, and how soon look-ups find it.",
  });
  byId("another").addEventListener("click", another);
  byId("sample-form").addEventListener("submit", (event) => {
    event.preventDefault();
    post();
  });
  byId("same-card").addEventListener("click", () => go(addressOfCard(cardId)));
  another();
}

function another() {
  const random = crypto.getRandomValues(new Uint32Array(4));
  const transaction = {
    transaction_id: `sample-${Array.from(random, (word) => word.toString(16).padStart(8, "0")).join("")}`,
    card_number: madeUpCardNumber(),
    amount_minor: 100 + (random[0] % 20_000),
    currency: "USD",
    occurred_at: new Date().toISOString(),
    merchant: { name: MERCHANTS[random[1] % MERCHANTS.length] },
  };
  body.value = JSON.stringify(transaction, null, 2);
}

async function post() {
  clearProblem(place);
  news.textContent = "Posting …";
  byId("accepted").hidden = true;
  try {
    const accepted = await call("/transactions", { body: body.value });
    acknowledge(accepted);
    await waitUntilVisible(accepted.transaction_id, performance.now());
  } catch (problem) {
    news.textContent = "";
    showProblem(place, problem);
  }
}

function acknowledge(accepted) {
  cardId = accepted.card_id;
  posted = accepted.transaction_id;
  const rows = SHOWN.flatMap((name) => [
    element("dt", { text: name.replaceAll("_", " ") }), element("dd", { className: "mono", text: accepted[name] }),
  ]);
  byId("acknowledgement").replaceChildren(...rows);
  byId("accepted").hidden = false;
  news.textContent = "Accepted: it is durably on the stream. Waiting until look-ups find it …";
}

/** Look for it until it is there; what was posted meanwhile takes over. */
async function waitUntilVisible(id, acceptedAt) {
  while (posted === id) {
    if (await isVisible(id)) {
      const lag = ((performance.now() - acceptedAt) / 1000).toFixed(1);
      news.textContent = `Accepted, and found by look-ups ${lag} s later.`;
      showLag(`${lag} s`);
      return;
    }
    if (performance.now() - acceptedAt > WAIT_MS_MAX) {
      news.textContent = "Accepted: it is durably on the stream, but look-ups do not find it yet.";
      showLag(`over ${WAIT_MS_MAX / 1000} s`);
      return;
    }
    await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
  }
}

async function isVisible(id) {
  try {
    await call(`/transactions/${encodeURIComponent(id)}`);
    return true;
  } catch (problem) {
    if (problem instanceof Problem && problem.code === "transaction_not_found") {
      return false;
    }
    throw problem;
  }
}
