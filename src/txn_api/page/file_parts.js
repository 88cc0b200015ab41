// A file in parts that are tables themselves: the header, and some of its rows. So the results of each part come while
// the file is being sent, and a part whose outcome is in doubt is sent again by itself.

import { wholeRows } from "./record_ends.js";

const PART_BYTES = 256 << 10;
const ROW_BYTES_MAX = 1 << 20; // far more than the service takes
const HEADER_BYTES_MAX = 64 << 10;
const IDS = new Set(["transaction_id", "reference", "trans_num"]);
const NEWLINE = 10;
// One character a byte, so that places in the text are places in the file.
const octets = new TextDecoder("latin1");

/**
 * The parts of a file, one after the other: `body` is what is sent, `end` how far in the file it goes, and `lineOf`
 * the file's line of one of the part's. A file whose rows have no ids is one part, since its ids are made of all rows.
 */
export async function* parts(file) {
  const head = octets.decode(await bytes(file, 0, HEADER_BYTES_MAX));
  const skipped = /^(?:\u00ef\u00bb\u00bf)?[\r\n]*/.exec(head)[0].length;
  const headerEnd = head.indexOf("\n", skipped) + 1;
  if (headerEnd === 0 || !hasIds(head.slice(skipped, headerEnd))) {
    yield { body: file, end: file.size, lineOf: (line) => line, isWhole: true };
    return;
  }
  const header = file.slice(skipped, headerEnd);
  let linesBefore = count(head.slice(0, headerEnd));
  let begin = headerEnd;
  while (begin < file.size) {
    const end = await endOfPart(file, begin);
    const before = linesBefore;
    yield { body: new Blob([header, file.slice(begin, end)]), end, lineOf: (line) => before + line - 1, isWhole: false };
    linesBefore += count(octets.decode(await bytes(file, begin, end)));
    begin = end;
  }
}

async function endOfPart(file, begin) {
  for (let size = PART_BYTES; begin + size < file.size; size *= 2) {
    const rows = wholeRows(octets.decode(await bytes(file, begin, begin + size)));
    if (rows > 0) {
      return begin + rows;
    }
    if (size >= ROW_BYTES_MAX) {
      return begin + size;
    }
  }
  return file.size;
}

async function bytes(file, begin, end) {
  return new Uint8Array(await file.slice(begin, end).arrayBuffer());
}

function hasIds(header) {
  return header.split(/[,;|\t]/).some((cell) => IDS.has(cell.replace(/["\s]/g, "").toLowerCase()));
}

function count(text) {
  let found = 0;
  for (let at = 0; at < text.length; at += 1) {
    found += text.charCodeAt(at) === NEWLINE ? 1 : 0;
  }
  return found;
}
