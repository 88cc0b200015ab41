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
