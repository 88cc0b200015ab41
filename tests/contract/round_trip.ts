// What a stranger does with the types that openapi-typescript makes, and openapi-fetch: post, retry, read, and be
// refused.
// Run by `tests.contract.clients`, in the folder where the types were made, and compiled with them by `tsc --strict`.
import { randomUUID } from "node:crypto";
import { strict as assert } from "node:assert";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const INDEXED_MS_MAX = 60_000;
// Of the answers' forms, JSON and CSV, these are the types of the first, and of problems.
const client = createClient<paths, "application/json" | "application/problem+json">({
  baseUrl: process.env["API_URL"] ?? "",
  headers: { Authorization: `Bearer ${process.env["API_KEY"]}` },
});
const request: components["schemas"]["TransactionRequest"] = {
  transaction_id: randomUUID(),
  card_number: "2703186189652095",
  amount_minor: 497,
  currency: "USD",
  occurred_at: "2019-01-01T00:00:18.123456Z",
  merchant: { name: "Rippin, Kub and Mann", category: "misc_net" },
};

async function indexed(transactionId: string): Promise<components["schemas"]["Transaction"]> {
  const expiresAt = Date.now() + INDEXED_MS_MAX;
  while (Date.now() < expiresAt) {
    const { data, error } = await client.GET("/transactions/{transaction_id}", {
      params: { path: { transaction_id: transactionId } },
    });
    if (data) return data as components["schemas"]["Transaction"]; // whole, where no `fields` are asked for
    assert.equal(error.code, "transaction_not_found");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not indexed within ${INDEXED_MS_MAX} ms`);
}

const { data: accepted, error } = await client.POST("/transactions", { body: request });
assert.ok(accepted, error?.code);

const found = await indexed(accepted.transaction_id);
assert.deepEqual(
  [found.amount_minor, found.currency, found.occurred_at, found.card_id, found.merchant.name],
  [request.amount_minor, request.currency, request.occurred_at, accepted.card_id, request.merchant.name],
);
const { data: page } = await client.GET("/transactions", {
  params: { query: { card_id: accepted.card_id, limit: 1000 } },
});
assert.ok(page?.data.some((row) => row.transaction_id === accepted.transaction_id));

const { data: parts } = await client.GET("/transactions", {
  params: { query: { card_id: accepted.card_id, fields: "transaction_id", limit: 1 } },
});
assert.deepEqual(Object.keys(parts?.data[0] ?? {}), ["transaction_id"]);

// An `Idempotency-Key` stands for an id, and its second answer is the first one.
const { transaction_id: _, ...withoutId } = request;
const once = { params: { header: { "Idempotency-Key": `"${randomUUID()}"` } }, body: withoutId };
const { data: first } = await client.POST("/transactions", once);
const { data: again, response } = await client.POST("/transactions", once);
assert.equal(response.headers.get("Idempotent-Replayed"), "true");
assert.ok(first);
assert.deepEqual(again, first);

const { error: refused } = await client.POST("/transactions", { body: { ...request, amount_minor: -1 } });
assert.deepEqual([refused?.code, refused?.errors[0]?.pointer], ["validation_failed", "/amount_minor"]);
