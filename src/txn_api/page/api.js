// The one place that talks to the service. The key lives in this module's memory: no storage, no cookie, no URL.

let key = "";

export function useKey(presented) {
  key = presented;
}

/** An answer that is not what was asked for: RFC 9457, or what is left of it. */
export class Problem extends Error {
  constructor({ title, code = "", detail = "", errors = [], request_id: requestId = "" }, status = 0) {
    super(title);
    Object.assign(this, { title, code, detail, errors, requestId, status });
  }
}

/** What the service answers, as JSON; `body` is an object, or text that is sent as it stands. */
export async function call(path, { body, signal } = {}) {
  const response = await ask(path, { body, signal, withKey: true });
  const text = await response.text();
  if (response.ok) {
    return JSON.parse(text);
  }
  throw problemOf(response, text);
}

/** An answer of the routes that need no key; a status other than 2xx is an answer, too. */
export function look(path) {
  return ask(path, { withKey: false });
}

async function ask(path, { body, signal, withKey }) {
  const headers = {};
  if (withKey && key) {
    headers.Authorization = `Bearer ${key}`;
  }
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  const content = typeof body === "object" ? JSON.stringify(body) : body;
  const method = body === undefined ? "GET" : "POST";
  try {
    return await fetch(path, {
      method, headers, body: content, signal, cache: "no-store", credentials: "omit", redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new Problem({ title: "No answer", detail: "The service does not answer. Is it running, and the network up?" });
  }
}

function problemOf(response, text) {
  const requestId = response.headers.get("X-Request-Id") ?? "";
  try {
    return new Problem({ request_id: requestId, ...JSON.parse(text) }, response.status);
  } catch {
    return new Problem({ title: "An answer that is no problem document", request_id: requestId }, response.status);
  }
}
