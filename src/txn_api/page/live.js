// Keeps listening to the changes of cases while a view wants to hear of them, and says whether it does.

import { Problem, keyChanges, pieces } from "./api.js";
import { byId } from "./elements.js";
import { EventParser } from "./event_parser.js";

const SILENT_MS_MAX = 45_000; // three heartbeats
const PAUSE_MS_MAX = 60_000;
let heard = null;
let parser = new EventParser();
let going = null;
let failed = 0;
let timer = 0;
export let actor = "";

export function startLive() {
  document.addEventListener("visibilitychange", () => (document.hidden ? stop("Not live while this tab is hidden") : go()));
  keyChanges.addEventListener("change", () => {
    parser = new EventParser(); // another key may be another account's
    heard = null;
    actor = "";
    stop("");
  });
}

/** Hear of changes: `told(type, data)` with `reset`, when lists have to be read again, or `case`. */
export function listen(told) {
  heard = told;
  go();
}

/** Hear no more, unless another view listens at once. */
export function leaveLive() {
  heard = null;
  queueMicrotask(() => heard ?? stop(""));
}

function stop(text) {
  clearTimeout(timer);
  going?.abort();
  going = null;
  failed = 0;
  say(text);
}

async function go() {
  if (going || !heard || document.hidden) {
    return;
  }
  const mine = going = new AbortController();
  clearTimeout(timer);
  try {
    timer = setTimeout(() => mine.abort(), SILENT_MS_MAX);
    const headers = parser.lastEventId ? { "Last-Event-ID": parser.lastEventId } : {};
    for await (const piece of pieces("/cases/events", { headers, signal: mine.signal })) {
      clearTimeout(timer);
      timer = setTimeout(() => mine.abort(), SILENT_MS_MAX);
      parser.read(piece).forEach(tell);
      failed = 0;
      say("Live");
    }
    again(mine);
  } catch (problem) {
    if (!(problem instanceof Problem) && !mine.signal.aborted) {
      mine.abort();
      again(mine);
      throw problem;
    }
    again(mine, problem);
  }
}

function tell({ type, data }) {
  const said = JSON.parse(data);
  if (type === "case") {
    heard?.(type, said);
  } else {
    actor = said.actor;
    if (type === "reset") {
      heard?.(type, null);
    }
  }
}

/** Ask again after a while, twice as long each time, so that not all ask at the same moment. */
function again(mine, problem) {
  if (mine !== going) {
    return; // somebody stopped it
  }
  clearTimeout(timer);
  going = null;
  parser = new EventParser(parser.lastEventId);
  if (problem instanceof Problem && !problem.mayPass) {
    say(`Not live: ${problem.title}`);
    return;
  }
  const pause = Math.min(PAUSE_MS_MAX, 2000 * 2 ** failed++) * (0.5 + Math.random());
  countDown(Date.now() + pause);
}

function countDown(at) {
  const left = at - Date.now();
  if (left <= 0) {
    go();
  } else {
    say(`Not live: reading again in ${Math.ceil(left / 1000)} s`);
    timer = setTimeout(() => countDown(at), Math.min(left, 1000));
  }
}

function say(text) {
  for (const place of document.querySelectorAll(".live")) {
    place.textContent = text;
    place.classList.toggle("on", text === "Live");
  }
}
