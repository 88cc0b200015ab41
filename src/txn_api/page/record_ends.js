// Where a table can be cut between two rows: at the ends of lines that no quoted cell spans (RFC 4180).

const LINES_MAX = 16;
const SEPARATORS = /[,;|\t\r\n]/;

/**
 * How many characters of a text belong to whole rows; 0 if none of them is whole. A quote that 16 lines do not close
 * is one that was lost, as the service takes it, and its line is a row by itself.
 */
export function wholeRows(text) {
  let begin = 0;
  let lines = 1;
  let end = text.indexOf("\n");
  while (end >= 0) {
    if (!isOpen(text.slice(begin, end))) {
      begin = end + 1;
      lines = 0;
    } else if (lines === LINES_MAX) {
      begin = text.indexOf("\n", begin) + 1;
      end = begin - 1;
      lines = 0;
    }
    lines += 1;
    end = text.indexOf("\n", end + 1);
  }
  return begin;
}

/** Whether a row ends within quotes, so that more lines may belong to it. */
function isOpen(row) {
  let at = 0;
  while (at < row.length) {
    if (row[at] === '"') {
      at = behindQuotes(row, at);
      if (at < 0) {
        return true;
      }
      if (at < row.length && !SEPARATORS.test(row[at])) {
        return false; // a quote that does not fit: the line is broken, and stands alone
      }
    }
    while (at < row.length && !SEPARATORS.test(row[at])) {
      at += 1;
    }
    at += 1;
  }
  return false;
}

/** What is behind the quote that closes a cell; -1 where none does. */
function behindQuotes(row, opening) {
  let at = row.indexOf('"', opening + 1);
  while (at >= 0 && row[at + 1] === '"') {
    at = row.indexOf('"', at + 2);
  }
  return at < 0 ? -1 : at + 1;
}
