// What the service says of itself on the routes that need no key. Lag is what the last sample of this page took.

import { look, Problem } from "./api.js";
import { byId } from "./elements.js";
import { ago } from "./moments.js";

const EVERY_MS = 5_000;
const SAMPLE = /^(?<name>\w+)(?:\{(?<labels>.*)\})? (?<value>\S+)$/;
const UNKNOWN = "unknown";
let told = "";
let answeredAt = 0;

export function startHealth() {
  byId("refresh").addEventListener("click", () => refresh({ asked: true }));
  setInterval(() => {
    if (byId("refreshing").checked && !document.hidden) {
      refresh();
    }
  }, EVERY_MS);
  refresh();
}

export function showLag(text) {
  byId("lag").textContent = `${text}, by the last sample`;
}

async function refresh({ asked = false } = {}) {
  const [alive, ready, metrics] = await Promise.all([liveness(), readiness(), figures()]);
  say("alive", alive ? "yes" : "no answer", alive);
  say("ready", ready.text, ready.good);
  for (const [id, text] of Object.entries(metrics)) {
    byId(id).textContent = text;
  }
  // Only a change is news to whoever cannot see the figures.
  const now = `${alive ? "Alive" : "No answer"}; ready: ${ready.text}`;
  if (asked || (told && now !== told)) {
    byId("health-news").textContent = now;
  }
  told = now;
  if (alive) {
    answeredAt = Date.now();
  }
  byId("health-stale").hidden = alive;
  byId("health-stale").textContent = alive ? ""
    : `The service does not answer${answeredAt ? `; it last did ${ago(Date.now() - answeredAt)}` : ""}.`;
}

function say(id, text, good) {
  byId(id).textContent = text;
  byId(id).className = good ? "good" : "bad";
}

async function liveness() {
  const answer = await quietly("/healthz");
  return answer?.ok ?? false;
}

async function readiness() {
  const answer = await quietly("/readyz");
  if (answer === null) {
    return { text: UNKNOWN, good: false };
  }
  const checks = await answer.json().then((document) => document.checks ?? {}, () => ({}));
  const amiss = Object.entries(checks).filter(([, said]) => said !== "ok").map(([name, said]) => `${name} ${said}`);
  return { text: answer.ok ? "yes" : amiss.join(", ") || "no", good: answer.ok };
}

async function figures() {
  const answer = await quietly("/metrics");
  if (!answer?.ok) {
    return { put: UNKNOWN, pending: UNKNOWN, answered: UNKNOWN };
  }
  const samples = (await answer.text()).split("\n").flatMap((line) => SAMPLE.exec(line)?.groups ?? []);
  const sum = (name, holds = () => true) => samples
    .filter((sample) => sample.name === name && holds(sample.labels ?? ""))
    .reduce((total, sample) => total + Number(sample.value), 0);
  const answered = (first) => sum("txn_http_requests_total", (labels) => labels.includes(`status="${first}`));
  return {
    put: sum("txn_user_records_put_total").toLocaleString("en"),
    pending: sum("txn_user_records_pending").toLocaleString("en"),
    answered: ["2", "4", "5"].map((first) => `${first}xx: ${answered(first).toLocaleString("en")}`).join(", "),
  };
}

async function quietly(path) {
  try {
    return await look(path);
  } catch (problem) {
    if (problem instanceof Problem) {
      return null;
    }
    throw problem;
  }
}
