// Times as people read them.

import { element } from "./elements.js";

/** An instant in UTC, without what is zero. */
export function moment(instant) {
  const made = element("time", { text: instant.replace("T", " ").replace(/(\.0+)?Z$/, "") });
  made.dateTime = instant;
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
