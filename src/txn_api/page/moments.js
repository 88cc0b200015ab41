// Times as people read them.

import { element } from "./elements.js";

/** An instant in UTC, to the second; the rest of it is in the title. */
export function moment(instant) {
  const made = element("time", { text: instant.replace("T", " ").replace(/(\.\d+)?Z$/, "") });
  made.dateTime = made.title = instant;
  return made;
}

/** The same with what is below a second, unless that is zero. */
export function exactMoment(instant) {
  const made = moment(instant);
  made.textContent = instant.replace("T", " ").replace(/(\.0+)?Z$/, "");
  return made;
}

/** How long ago something was, in words. */
export function ago(milliseconds) {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) {
    return "just now";
  }
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}
