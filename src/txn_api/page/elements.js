// Elements by their ids, and made with text alone: nothing that came over the network is ever read as markup.

export function byId(id) {
  return document.getElementById(id);
}

export function element(name, { text = "", className = "" } = {}, ...children) {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  made.append(text, ...children);
  return made;
}

/** A row of a table; a cell is what stands in it, or that and its class. */
export function row(...cells) {
  return element("tr", {}, ...cells.map((cell) => {
    const [content, className = ""] = Array.isArray(cell) ? cell : [cell];
    return element("td", { className }, content);
  }));
}

/** A name of the service's in words. */
export function worded(name) {
  return name.replaceAll("_", " ");
}
