// Sends a file of rows, part by part, and shows what became of them while it goes on.

import { Problem, upload } from "./api.js";
import { byId } from "./elements.js";
import { parts } from "./file_parts.js";
import { hasKey } from "./key.js";
import { clearProblem, showProblem } from "./problem.js";
import { addReject, clearRejects, startRejects } from "./rejects.js";
import { addView } from "./router.js";

const TRIES = 4;
const WAIT_MS = 1_000;
const REJECTED_MAX = 10_000;
const COUNTED = ["read", "accepted", "rejected", "unknown"];
const ENDS = {
  too_many_rejects: "Ten thousand rows were rejected, and the rest was not read. Is it the right file?",
  body_too_large: "The file holds more than the service takes; txn load has no such bound.",
  rights_ended: "The key was revoked, expired, or may do less than before.",
};
const place = byId("upload-problem");
const news = byId("upload-news");
let running = null;

export function startUpload() {
  addView({
    name: "upload", needsKey: true, label: "Upload",
    about: "Send a CSV file; see which rows were accepted, and download those that were not.",
  });
  startRejects();
  byId("upload-form").addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  byId("stop").addEventListener("click", () => running?.abort());
  const zone = byId("drop");
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    // A file that misses the zone would replace the page, and with it the key.
    addEventListener(kind, (event) => event.preventDefault());
    zone.addEventListener(kind, () => zone.classList.toggle("over", kind === "dragenter" || kind === "dragover"));
  }
  zone.addEventListener("drop", (event) => {
    const { files } = event.dataTransfer;
    clearProblem(place);
    if (files.length > 1) {
      showProblem(place, new Problem({ title: "Several files", detail: "Drop one at a time: none of these was taken." }));
    } else if (files.length === 1) {
      byId("file").files = files;
      byId("file").focus();
    }
  });
  addEventListener("beforeunload", (event) => {
    if (running) {
      event.preventDefault();
    }
  });
}

async function start() {
  clearProblem(place);
  const [file] = byId("file").files;
  if (running || !hasKey() || !file) {
    const title = running ? "An upload is under way" : file ? "No key yet" : "No file yet";
    showProblem(place, new Problem({ title, detail: running ? "Stop it first." : "Choose a file, and give a key above." }));
    return;
  }
  running = new AbortController();
  byId("stop").hidden = false;
  byId("upload").hidden = false;
  byId("upload-title").textContent = file.name;
  clearRejects();
  const totals = Object.fromEntries(COUNTED.map((name) => [name, 0]));
  tell(file, 0, totals);
  news.textContent = "Sending …";
  try {
    news.textContent = await send(file, totals, running.signal);
  } catch (problem) {
    failed(problem);
  } finally {
    running = null;
    byId("stop").hidden = true;
  }
}

/** Send all parts; gives what is to be said in the end. */
async function send(file, totals, signal) {
  for await (const part of parts(file)) {
    if (part.isWhole) {
      byId("upload-progress").removeAttribute("value");
    }
    const lines = await settled(part, signal);
    const end = lines.pop();
    for (const name of COUNTED) {
      totals[name] += end[name];
    }
    for (const { line, problem } of lines) {
      addReject(part.lineOf(line), problem);
    }
    tell(file, part.end, totals);
    if (end.ended === "layout_unknown") {
      return "Nothing was read: the first line is no header that the service knows. The rejects say what it lacks.";
    }
    if (end.ended !== "complete" || totals.rejected >= REJECTED_MAX) {
      return ENDS[end.ended] ?? ENDS.too_many_rejects;
    }
  }
  const rows = totals.read === 1 ? "1 row" : `${totals.read.toLocaleString("en")} rows`;
  return totals.read === 0 ? "The file has no rows." : `Done: ${rows} read.`;
}

/** The answer to a part, sent again as long as something in it may pass; that never makes two of a transaction. */
async function settled(part, signal) {
  for (let tries = 1; ; tries += 1) {
    try {
      const ids = part.isWhole ? "derived" : "required";
      const lines = await upload(`/transactions/bulk?ids=${ids}`, { body: part.body, type: "text/csv", signal });
      if (tries === TRIES || !isInDoubt(lines)) {
        return lines;
      }
    } catch (problem) {
      if (tries === TRIES || !(problem instanceof Problem) || !problem.mayPass) {
        throw problem;
      }
    }
    news.textContent = `The service is busy or away; trying again (${tries + 1} of ${TRIES}) …`;
    await pause(WAIT_MS * 2 ** (tries - 1), signal);
    news.textContent = "Sending …";
  }
}

async function pause(milliseconds, signal) {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve, { once: true });
  });
  signal.throwIfAborted();
}

function isInDoubt(lines) {
  const { ended, unknown } = lines.at(-1);
  const isFinal = ended === "complete" || ended === "layout_unknown" || ended in ENDS;
  return unknown > 0 || !isFinal || lines.some(({ problem }) => problem?.status >= 500 || problem?.status === 429);
}

function failed(problem) {
  const again = "Sending the same file again is safe: what was accepted is not counted twice.";
  if (running.signal.aborted) {
    news.textContent = `Stopped. ${again}`;
    return;
  }
  news.textContent = again;
  const shown = problem instanceof DOMException
    ? new Problem({ title: "The file cannot be read", detail: "It was changed or moved meanwhile: choose it again." }) : problem;
  showProblem(place, shown, {}, start);
}

function tell(file, sent, totals) {
  byId("upload-progress").value = file.size ? sent / file.size : 1;
  byId("upload-sent").textContent = `${size(sent)} of ${size(file.size)}`;
  for (const name of COUNTED) {
    byId(`upload-${name}`).textContent = totals[name].toLocaleString("en");
  }
  byId("upload-rejected").className = totals.rejected ? "bad" : "";
  byId("upload-unknown").className = totals.unknown ? "bad" : "";
}

function size(bytes) {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
