// The one place that talks to the service. The key lives in this module's memory: no storage, no cookie, no URL.

const JSON_TYPE = "application/json";
// The one other service that gets the key. The page's policy lets scripts ask no third one.
const INSIGHT_URL = document.querySelector("meta[name=insight-url]").content;
let key = "";

/** Says `change` when there is another key, or none. */
export const keyChanges = new EventTarget();

export function useKey(presented) {
  key = presented;
  keyChanges.dispatchEvent(new Event("change"));
}

/** An answer that is not what was asked for: RFC 9457, or what is left of it. */
export class Problem extends Error {
  constructor({ title, type = "", code = "", detail = "", errors = [], request_id: requestId = "" }, status = 0) {
    super(title);
    Object.assign(this, { title, type, code, detail, errors, requestId, status });
  }

  /** Whether the same may be answered otherwise a moment later. */
  get mayPass() {
    return [0, 408, 429].includes(this.status) || this.status >= 500;
  }
}

/**
 * What the service answers, as JSON; null if there is nothing to say (204). `body` is an object, or text that is sent
 * as it stands.
 */
export async function call(path, options = {}) {
  const answer = await text(path, options);
  return answer === "" ? null : JSON.parse(answer);
}

/** Names one action: whoever sends it again, since no answer came, names it the same. */
export function newAction() {
  return `"${crypto.randomUUID()}"`;
}

/** Do an action, on the version of something that was seen. Under one name it is done once, however often it is sent. */
export function act(path, name, { version = null, body = {} } = {}) {
  const headers = { "Idempotency-Key": name };
  if (version !== null) {
    headers["If-Match"] = `"v${version}"`;
  }
  return call(path, { body, headers });
}

/** What the service answers, as a table. */
export function table(path, options = {}) {
  return text(path, { ...options, accept: "text/csv" });
}

/** What the insight service answers, as text; null where there is no such service. */
export function insightText(path, options) {
  return INSIGHT_URL ? text(INSIGHT_URL + path, options) : null;
}

/** The lines of the answer to an upload, as JSON each; the last one has the totals. */
export async function upload(path, options) {
  const lines = await text(path, options);
  return lines.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** The pieces of an answer as they come. */
export async function* pieces(path, options) {
  const response = await ask(path, { ...options, withKey: true });
  if (!response.ok) {
    throw problemOf(response, await response.text());
  }
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await readable(() => reader.read(), options.signal);
    if (done) {
      return;
    }
    yield value;
  }
}

/** An answer of the routes that need no key; a status other than 2xx is an answer, too. */
export function look(path) {
  return ask(path, { withKey: false });
}

async function text(path, options) {
  const response = await ask(path, { ...options, withKey: true });
  const answer = await readable(() => response.text(), options.signal);
  if (response.ok) {
    return answer;
  }
  throw problemOf(response, answer);
}

function ask(path, { body, signal, withKey, type = JSON_TYPE, accept = "", headers: more = {} }) {
  const headers = { ...more };
  if (withKey && key) {
    headers.Authorization = `Bearer ${key}`;
  }
  if (accept) {
    headers.Accept = accept;
  }
  if (body !== undefined) {
    headers["Content-Type"] = type;
  }
  const isDocument = typeof body === "object" && !(body instanceof Blob);
  const content = isDocument ? JSON.stringify(body) : body;
  const method = body === undefined ? "GET" : "POST";
  return readable(() => fetch(path, {
    method, headers, body: content, signal, cache: "no-store", credentials: "omit", redirect: "error",
  }), signal);
}

/** What comes over the network, or the problem that nothing does. */
async function readable(work, signal) {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new Problem({ title: "No answer", detail: "The service does not answer. Is it running, and the network up?" });
  }
}

function problemOf(response, answer) {
  const requestId = response.headers.get("X-Request-Id") ?? "";
  try {
    return new Problem({ request_id: requestId, ...JSON.parse(answer) }, response.status);
  } catch {
    return new Problem({ title: "An answer that is no problem document", request_id: requestId }, response.status);
  }
}
