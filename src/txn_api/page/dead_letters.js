// Dead letters: a list of those of a reason, one of them, and sending them again after a question.

import { act, call, newAction } from "./api.js";
import { byId, element, row, worded } from "./elements.js";
import { moment } from "./moments.js";
import { clearProblem, showProblem } from "./problem.js";

const PATH = "/operations/dead-letters";
const place = byId("letters-problem");
const news = byId("letters-news");
const dialog = byId("letter-dialog");
const does = byId("letter-news");
const amiss = byId("letter-problem");
const button = byId("letter-send");
let more = null;
let send = null;
let asked = 0;
let offered = 0;

/** Forget what is shown of letters. */
export function clearDeadLetters() {
  asked += 1;
  offered += 1;
  dialog.close();
  news.textContent = "";
  byId("letters").hidden = true;
  byId("letter-rows").replaceChildren();
}

export function startDeadLetters() {
  const reason = byId("letters-reason");
  byId("letters-show").addEventListener("click", () => read(reason.value));
  byId("letters-send").addEventListener("click", () => {
    open(`Send all ${reason.value} again?`, "Each record that is an event by now goes onto the stream once more, at most once.");
    offer((name, cursor) => act(`${PATH}/replay`, name, { body: { reason: reason.value, ...(cursor && { cursor }) } }));
  });
  byId("letters-more").addEventListener("click", () => more());
  button.addEventListener("click", () => send());
  byId("letter-close").addEventListener("click", () => dialog.close());
}

async function read(reason, cursor = "") {
  const mine = ++asked;
  clearProblem(place);
  news.textContent = "Reading …";
  try {
    const page = await call(`${PATH}?${new URLSearchParams({ reason, ...(cursor && { cursor }) })}`);
    if (mine === asked) {
      more = () => read(reason, page.next_cursor);
      news.textContent = `${page.data.length || "No"} dead letters: ${reason}${cursor && ", further ones"}`;
      byId("letters").hidden = !page.data.length;
      byId("letters-more").hidden = !page.has_more;
      byId("letter-rows").replaceChildren(...page.data.map(letterRow));
    }
  } catch (problem) {
    if (mine === asked) {
      news.textContent = "";
      showProblem(place, problem, {}, () => read(reason, cursor));
    }
  }
}

function letterRow(letter) {
  const look = element("button", { text: "Look", className: "small" });
  look.type = "button";
  look.addEventListener("click", () => {
    open("Send it again?", "Its bytes stay sealed, since they may hold a card number.", Object.entries(letter));
    offer((name) => act(`${PATH}/${letter.id}/replay`, name));
  });
  return row(moment(letter.at), [letter.codes.join("; "), "name"], letter.drains.join(", "), worded(letter.replay), look);
}

function open(title, text, fields = []) {
  clearProblem(amiss);
  byId("letter-title").textContent = title;
  byId("letter-text").textContent = text;
  byId("letter-says").replaceChildren(...fields.flatMap(([name, value]) => [
    element("dt", { text: worded(name) }), element("dd", { className: "mono", text: String(value) })]));
  does.textContent = "";
  button.hidden = button.disabled = false;
  dialog.showModal();
}

/** Let the dialog's button send, on and on while there is more; a step that is tried again keeps its name. */
function offer(step) {
  const mine = ++offered; // the dialog is one for all: what was offered before must not go on in it
  const counts = {};
  let [cursor, name] = ["", newAction()];
  send = async () => {
    clearProblem(amiss);
    button.disabled = true;
    does.textContent = "Sending …";
    try {
      do {
        const { outcomes, why, next_cursor: next } = await step(name, cursor);
        if (mine !== offered) {
          return;
        }
        outcomes.forEach(({ outcome, count }) => counts[outcome] = (counts[outcome] ?? 0) + count);
        const told = Object.entries(counts).map(([outcome, count]) => `${count} ${worded(outcome)}`).join(", ");
        does.textContent = [told || "None was there", ...why].join(". ");
        [cursor, name] = [next, newAction()];
      } while (cursor && dialog.open);
      button.hidden = true;
      byId("letter-close").focus();
    } catch (problem) {
      if (mine !== offered) {
        return;
      }
      does.textContent = "";
      showProblem(amiss, problem);
    }
    button.disabled = false;
  };
}
