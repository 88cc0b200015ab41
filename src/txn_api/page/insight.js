// The twelve questions: each a picture, a computed sentence, and its numbers behind a fold.

import { draw, forgetPictures, loadCharts } from "./charts.js";
import { looksLikeCardNumber } from "./card_numbers.js";
import { byId } from "./elements.js";
import { filterQuery, readChoices, showFilters, valuesToChoose } from "./insight_filters.js";
import { insight } from "./insight_api.js";
import { hasKey } from "./key.js";
import { ago } from "./moments.js";
import { PICTURES } from "./pictures.js";
import { clearProblem, showProblem } from "./problem.js";
import { entitle } from "./router.js";
import { dataLines, fillCard, newCard, showNothing } from "./question_card.js";

const AT_ONCE = 4;
const STALE_MS = 300_000;
const LOOK_AT_AGE_MS = 15_000;
const place = byId("insight-problem");
const news = byId("insight-news");
const cards = byId("insight-cards");
let asked = new AbortController();
let entered = [];
/** The question and the choice of what is shown, and when it was read. */
let shown = null;

byId("insight-again").addEventListener("click", () => enter(...entered));
setInterval(showAge, LOOK_AT_AGE_MS);
document.addEventListener("visibilitychange", showAge);

/** Show the questions, or the one that is named, with the filters of the address. */
export async function enter(query, name) {
  // What is shown of the same question stays meanwhile, and the focus in it; of the same choice also where reading fails.
  const stays = hasKey() && shown?.name === name;
  const isSame = stays && shown.choice === query.toString();
  entered = [query, name];
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  clearProblem(place);
  news.textContent = "";
  if (!stays) {
    hide();
  }
  if (!hasKey()) {
    hide();
    return;
  }
  if ([name, ...query.values()].some(looksLikeCardNumber)) {
    hide();
    news.textContent = "Something in the address looks like a card number, and no filter takes one: nothing was sent.";
    return;
  }
  news.textContent = "Reading …";
  loadCharts();
  try {
    const [{ questions }, choices] = await Promise.all([insight("/insight/questions", { signal }), readChoices(signal)]);
    const wanted = questions.filter(({ id }) => !name || id === name).sort((one, other) => standing(one) - standing(other));
    const values = await valuesToChoose(wanted, choices, name, signal);
    if (signal.aborted) {
      return;
    }
    if (!wanted.length) {
      hide();
      news.textContent = "There is no such question.";
      return;
    }
    news.textContent = "";
    byId("insight").hidden = false;
    shown = { name, choice: query.toString(), at: Date.now() };
    showAge();
    byId("insight-all").hidden = !name;
    cards.classList.toggle("one", Boolean(name));
    byId("insight-data").replaceChildren(...dataLines(choices.data));
    showFilters(wanted, query, choices, values, name);
    if (name && !byId("view-insight").hidden) {
      entitle(wanted[0].title);
    }
    forgetPictures(cards);
    const pending = wanted.map((question) => ({ question, card: newCard(question, query, Boolean(name)) }));
    cards.replaceChildren(...pending.map(({ card }) => card.article));
    await Promise.all(Array.from({ length: AT_ONCE }, () => answerAll(pending, query, choices, signal)));
  } catch (problem) {
    if (!signal.aborted) {
      if (!isSame) {
        hide();
      }
      news.textContent = "";
      showProblem(place, problem, {}, () => enter(query, name));
    }
  }
}

function hide() {
  shown = null;
  byId("insight").hidden = true;
}

/** How long ago all of this was read; marked once others may be there. */
function showAge() {
  if (shown === null) {
    return;
  }
  const age = Date.now() - shown.at;
  const isStale = age > STALE_MS;
  byId("insight-age").textContent = `Read ${ago(age)}${isStale ? ": there may be newer numbers by now" : ""}`;
  byId("insight-age").className = isStale ? "stale" : "hint";
}

/** Questions without a picture stand at the end. */
function standing({ id }) {
  return Object.keys(PICTURES).indexOf(id) >>> 0;
}

/** Ask for the cards that are left, one after the other. */
async function answerAll(pending, query, choices, signal) {
  while (pending.length && !signal.aborted) {
    const { question, card } = pending.shift();
    await answerOne(question, card, query, choices, signal);
  }
}

async function answerOne(question, card, query, choices, signal) {
  const path = `/insight/questions/${question.id}${filterQuery(question, query, choices)}`;
  clearProblem(card.problem);
  card.article.setAttribute("aria-busy", "true");
  try {
    const answer = await insight(path, { signal });
    fillCard(card, question, answer, path, choices);
    const picture = PICTURES[question.id];
    if (answer.rows.length === 0) {
      showNothing(card, "No rows: the choice above leaves none.");
    } else if (answer.suppressed.rows.length === answer.rows.length) {
      showNothing(card, answer.suppressed.rule);
    } else if (picture) {
      await draw(card.chart, picture.picture(answer));
    }
  } catch (problem) {
    if (!signal.aborted) {
      showNothing(card, "");
      showProblem(card.problem, problem, {}, () => answerOne(question, card, query, choices, signal));
    }
  } finally {
    card.article.removeAttribute("aria-busy");
  }
}
