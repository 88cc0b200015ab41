// Shows a problem where it arose, with all that a person needs to mend it or to report it.

import { Problem } from "./api.js";
import { element } from "./elements.js";

const HINTS = new Map([
  ["api_key_missing", "Give a key above."],
  ["api_key_invalid", "Forget the key above, and give one that is in force."],
  ["scope_missing", "Look-ups need the scope transactions:read, those by card number cards:lookup as well, names and "
    + "streets of customers customer:read; uploads and samples transactions:write; reviews alerts:read and "
    + "cases:write; numbers of the warehouse insight:read; operations "
    + "operations:read, and to send dead letters again operations:write."],
  ["transaction_not_found", "Look-ups find a transaction about a second after its 202, and those of other accounts never."],
  ["account_forbidden", "The key above reads its own account alone."],
]);

/**
 * Put a problem into its place; `fields` are the inputs by the pointers that blame them, and `retry` does it again
 * where that may help.
 */
export function showProblem(place, problem, fields = {}, retry = null) {
  clearProblem(place, fields);
  if (!(problem instanceof Problem)) {
    throw problem;
  }
  const status = problem.status ? `${problem.status} ` : "";
  const code = problem.code ? element("code", { text: problem.code }) : "";
  const box = element("div", { className: "problem" },
    element("p", {}, element("strong", { text: `${status}${problem.title}` }), code ? " · " : "", code));
  for (const text of [problem.detail, HINTS.get(problem.code)]) {
    if (text) {
      box.append(element("p", { text }));
    }
  }
  if (problem.errors.length) {
    box.append(element("ul", {}, ...problem.errors.map(fault)));
  }
  box.append(...remedy(problem));
  if (problem.requestId) {
    box.append(element("p", { className: "hint" }, "Request ", element("code", { text: problem.requestId })));
  }
  if (retry && (problem.mayPass || problem.code === "transaction_not_found")) {
    const button = element("button", { text: "Try again", className: "small" });
    button.type = "button";
    button.addEventListener("click", retry);
    box.append(button);
  }
  place.append(box);
  blame(problem, fields, place.id);
}

export function clearProblem(place, fields = {}) {
  place.replaceChildren();
  for (const field of Object.values(fields)) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-errormessage");
  }
}

/** The way to the service's own page about problems of this code. Those of the insight service alone have none. */
function remedy({ code }) {
  if (!/^[a-z0-9_]+$/.test(code) || /^(warehouse|query|question)_/.test(code)) {
    return [];
  }
  const link = element("a", { text: "What to do about it" });
  link.href = `/problems/${code}`;
  link.target = "_blank";
  link.rel = "noopener";
  return [element("p", {}, link, " (opens a tab)")];
}

function fault({ pointer, code, message }) {
  const where = pointer ? [element("code", { text: pointer }), ": "] : [];
  return element("li", {}, ...where, `${message} (`, element("code", { text: code }), ")");
}

function blame(problem, fields, messageId) {
  for (const { pointer } of problem.errors) {
    const field = fields[pointer];
    field?.setAttribute("aria-invalid", "true");
    field?.setAttribute("aria-errormessage", messageId);
  }
}
