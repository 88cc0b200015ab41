// Server-sent events out of pieces of bytes (WHATWG HTML, 9.2.6). EventSource cannot send a key in a header, so that
// this reads what `fetch` gives.

export class EventParser {
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // it keeps the mark
  #left = "\ufeff"; // is left out if it comes next: one byte order mark, then the LF of each CRLF
  #line = "";
  #type = "";
  #data = "";
  #id;

  /** `lastEventId` is of the connection before. */
  constructor(lastEventId = "") {
    this.#id = this.lastEventId = lastEventId;
  }

  /** The events that a piece completes, each with `type`, `data` and `id`. */
  read(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text) {
      text = text.slice(text[0] === this.#left ? 1 : 0);
      this.#left = text.endsWith("\r") ? "\n" : "";
    }
    const lines = (this.#line + text).split(/\r\n|\n|\r/);
    this.#line = lines.pop();
    return lines.flatMap((line) => this.#take(line));
  }

  #take(line) {
    if (line === "") {
      return this.#dispatch();
    }
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (name === "event") {
      this.#type = value;
    } else if (name === "data") {
      this.#data += `${value}\n`;
    } else if (name === "id" && !value.includes("\0")) {
      this.#id = value;
    }
    return [];
  }

  #dispatch() {
    const event = { type: this.#type || "message", data: this.#data.slice(0, -1), id: this.#id };
    const isOne = this.#data !== "";
    this.lastEventId = this.#id;
    this.#type = this.#data = "";
    return isOne ? [event] : [];
  }
}
