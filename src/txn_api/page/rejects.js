// The rows of an upload that were not accepted: a line each in a table, and all of them as a file.

import { download } from "./download.js";
import { byId, element } from "./elements.js";

const SHOWN_MAX = 100;
let rejects = [];

export function startRejects() {
  byId("save-rejects").addEventListener("click", () => download("rejects.csv", asTable()));
}

export function clearRejects() {
  rejects = [];
  byId("reject-rows").replaceChildren();
  byId("rejects").hidden = true;
}

/** Take in what was said of a line: each of its faults, or the problem as a whole. */
export function addReject(line, problem) {
  const faults = problem.errors.length ? problem.errors : [{ code: problem.code, message: problem.title }];
  for (const { column, pointer, code, message } of faults) {
    const reject = { line, field: column ?? (pointer || "row"), code, message };
    rejects.push(reject);
    if (rejects.length <= SHOWN_MAX) {
      byId("reject-rows").append(row(reject));
    }
  }
  byId("rejects").hidden = false;
  byId("rejects-shown").textContent = rejects.length > SHOWN_MAX
    ? `The first ${SHOWN_MAX} of ${rejects.length.toLocaleString("en")} faults; the download has all of them.`
    : "Each fault of each rejected row; lines count from 1, the header.";
}

function row({ line, field, code, message }) {
  return element("tr", {},
    element("td", { className: "number", text: String(line) }),
    element("td", { className: "mono", text: field }),
    element("td", { className: "mono", text: code }),
    element("td", { className: "name", text: message }));
}

/** RFC 4180. None of the texts is of the file's making. */
function asTable() {
  const lines = rejects.map(({ line, field, code, message }) => `${line},"${field}","${code}","${message.replaceAll('"', '""')}"`);
  return ['"line","field","code","message"', ...lines, ""].join("\r\n");
}
