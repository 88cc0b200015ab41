// A decision in two keystrokes: one for what it is, one for why. Or the same by buttons, with a reason of one's own.

import { byId, element } from "./elements.js";

const REASONS = {
  fraud: ["The holder denies it.", "The card was lost or stolen.", "The merchant confirms the fraud."],
  legitimate: ["The holder confirms it.", "It is usual for this card.", "The merchant confirms the sale."],
  inconclusive: ["The holder cannot be reached.", "There is too little to go by."],
};
const KEYS = { f: "fraud", l: "legitimate", i: "inconclusive" };
let chosen = "";
let decide = null;

/** `decided(resolution, reason)` is called once both are said. */
export function startDecision(decided) {
  decide = decided;
  for (const resolution of Object.values(KEYS)) {
    byId(`decide-${resolution}`).addEventListener("click", () => choose(resolution));
  }
  byId("reason-form").addEventListener("submit", (event) => {
    event.preventDefault();
    say(byId("reason").value.trim());
  });
}

export function closeDecision() {
  chosen = "";
  byId("reasons").hidden = true;
  byId("reason").value = "";
  for (const resolution of Object.values(KEYS)) {
    byId(`decide-${resolution}`).setAttribute("aria-pressed", "false");
  }
}

/** Take a key: f, l or i, then the number of a reason. Says whether it was one of them. */
export function decidesBy(key) {
  if (Object.hasOwn(KEYS, key)) {
    choose(KEYS[key]);
    return true;
  }
  const reason = chosen ? REASONS[chosen][Number(key) - 1] : undefined;
  if (reason === undefined) {
    return false;
  }
  say(reason);
  return true;
}

function choose(resolution) {
  closeDecision();
  chosen = resolution;
  byId(`decide-${resolution}`).setAttribute("aria-pressed", "true");
  byId("reasons-title").textContent = `Why ${resolution}?`;
  byId("ready-reasons").replaceChildren(...REASONS[resolution].map((text, at) => {
    const button = element("button", { text: `${at + 1}: ${text}`, className: "second" });
    button.type = "button";
    button.addEventListener("click", () => say(text));
    return element("li", {}, button);
  }));
  byId("reasons").hidden = false;
  byId("reasons-title").focus();
}

function say(reason) {
  if (chosen && reason) {
    decide(chosen, reason);
  }
}
