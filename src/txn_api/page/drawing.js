// What a timeline and a map are drawn with: SVG elements, a row of points that arrow keys walk, round steps.

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) {
    made.setAttribute(attribute, value);
  }
  made.append(...children);
  return made;
}

/** A transaction's mark, a link to it with its text: a circle, and a larger diamond if it is alerted. */
export function mark(one, x, y) {
  const shape = one.isAlerted ? svg("path", { d: `M${x} ${y - 9}l9 9l-9 9l-9-9z` }) : svg("circle", { cx: x, cy: y, r: 5 });
  const link = svg("a", { href: one.href, class: one.isAlerted ? "mark alerted" : "mark", "aria-label": one.text, tabindex: -1 },
    svg("title", {}, one.text), shape);
  return link;
}

/** A picture in a frame of its own width; one of its marks is a stop of the Tab key, arrows lead to the others. */
export function picture(label, height, draw) {
  const box = svg("svg", { class: "picture", role: "group", "aria-label": label, height });
  let width = 0;
  const fit = () => {
    const now = Math.round(box.getBoundingClientRect().width);
    if (now && now !== width) {
      width = now;
      const at = marks(box).indexOf(document.activeElement);
      box.setAttribute("viewBox", `0 0 ${width} ${height}`);
      box.replaceChildren(...draw(width, height));
      marks(box)[Math.max(at, 0)]?.setAttribute("tabindex", 0);
      marks(box)[at]?.focus();
    }
  };
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(box);
  box.addEventListener("keydown", (event) => {
    const all = marks(box);
    const at = all.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (all[to]) {
      event.preventDefault();
      all[at].setAttribute("tabindex", -1);
      all[to].setAttribute("tabindex", 0);
      all[to].focus();
    }
  });
  return box;
}

function marks(box) {
  return Array.from(box.querySelectorAll(".mark"));
}

/** The largest of 1, 2, 5, 10, … that is not above this. */
export function round(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [5, 2, 1].find((each) => each * power <= value) * power;
}
