// Shows a problem where it arose, with all that a person needs to mend it or to report it.

import { Problem } from "./api.js";
import { element } from "./elements.js";

/** Put a problem into its place; `fields` are the inputs by the pointers that blame them. */
export function showProblem(place, problem, fields = {}) {
  clearProblem(place, fields);
  if (!(problem instanceof Problem)) {
    throw problem;
  }
  const status = problem.status ? `${problem.status} ` : "";
  const code = problem.code ? element("code", { text: problem.code }) : "";
  const box = element("div", { className: "problem" },
    element("p", {}, element("strong", { text: `${status}${problem.title}` }), code ? " · " : "", code));
  if (problem.detail) {
    box.append(element("p", { text: problem.detail }));
  }
  if (problem.errors.length) {
    box.append(element("ul", {}, ...problem.errors.map(fault)));
  }
  if (problem.requestId) {
    box.append(element("p", { className: "hint" }, "Request ", element("code", { text: problem.requestId })));
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
