// The insight service, which reads the warehouse and has an address of its own; api.js gives it the key.

import { insightText, Problem } from "./api.js";

/** What the insight service answers at a path such as `/insight/questions`: JSON, or the text that `accept` names. */
export async function insight(path, { signal, accept = "" } = {}) {
  const answer = await insightText(path, { signal, accept });
  if (answer === null) {
    throw new Problem({
      title: "There is no insight service here",
      detail: "The numbers of this page come from the warehouse, and this API knows no service that reads it. "
        + "Start a local stack with txn up --warehouse, or set TXN_INSIGHT_URL for the API.",
    }, 404);
  }
  return accept ? answer : JSON.parse(answer);
}
