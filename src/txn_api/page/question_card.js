// A question's card: its title, its picture, what is seen, its numbers, its SQL, and its table as a file.

import { download } from "./download.js";
import { element } from "./elements.js";
import { insight } from "./insight_api.js";
import { HIDDEN_SIGN, monthLabel } from "./picture_parts.js";
import { PICTURES } from "./pictures.js";
import { clearProblem, showProblem } from "./problem.js";
import { address } from "./router.js";

const ROWS_MAX = 500;
const ZONES = " UTC";

/** The data's time, and which of its months have some of their days only. */
export function dataLines({ first_transaction_at: first, last_transaction_at: last, built_at: built, partial_months: partial }) {
  const said = first === null ? "No transactions yet." : `Transactions from ${minute(first)} to ${minute(last)}${ZONES}.`;
  const months = partial.map(({ month, days, days_in_month: all }) => `${monthLabel(month)} has ${days} of its ${all} days`);
  return [
    element("span", { text: built === null ? said : `${said} As of ${minute(built)}${ZONES}.` }), " ",
    ...(months.length ? [element("strong", { text: `${months.join("; ")}.` })] : []),
  ];
}

function minute(instant) {
  return instant.slice(0, 16).replace("T", " ");
}

/** A card that waits for its answer. `isOne` tells of a question on a page of its own. */
export function newCard(question, query, isOne) {
  const link = element("a", { text: question.title });
  link.href = address(`insight/${question.id}`, Object.fromEntries(query));
  const title = element("h2", {}, isOne ? question.title : link);
  title.id = `title-${question.id}`;
  const chart = element("div", { className: "chart", text: "Reading …" });
  chart.id = `chart-${question.id}`;
  const [seen, notes, problem, folds] = ["seen", "hint", "", "folds"].map((className) => element("div", { className }));
  problem.id = `problem-${question.id}`;
  problem.setAttribute("role", "alert");
  const article = element("article", { className: "card" },
    title, ...(isOne ? [element("p", { text: question.asks })] : []),
    element("p", { className: "hint", text: PICTURES[question.id]?.how ?? "" }), seen, chart, problem, notes, folds);
  article.id = `card-${question.id}`;
  article.setAttribute("aria-labelledby", title.id);
  return { article, chart, seen, notes, problem, folds };
}

/** What an answer says in words and numbers; its picture is drawn by whoever has it. */
export function fillCard(card, question, answer, path, choices) {
  card.seen.textContent = answer.seen;
  card.chart.setAttribute("role", "img");
  card.chart.setAttribute("aria-label", `${question.title}. ${answer.seen} The numbers are below.`);
  card.notes.replaceChildren(...notesOf(answer, choices).map((text) => element("p", { text })));
  card.folds.replaceChildren(
    fold("Numbers", () => numbers(question, answer)), fold("SQL", () => sql(question, answer)), saving(question, card.problem, path),
  );
}

/** Say in the picture's place why there is none. */
export function showNothing(card, text) {
  card.chart.removeAttribute("role");
  card.chart.removeAttribute("aria-label");
  card.chart.textContent = text;
}

function notesOf({ chosen, suppressed, partial_rows: partial, data }, { values }) {
  const notes = [];
  if (suppressed.cells || suppressed.values.length) {
    notes.push(`Hidden (${HIDDEN_SIGN}): ${suppressed.cells + suppressed.values.length}. ${suppressed.rule}`);
  }
  if (partial.length) {
    const months = data.partial_months.map(({ month, days, days_in_month: all }) => `${monthLabel(month)} (${days} of ${all} days)`);
    notes.push(`Incomplete: ${months.join(", ")}.`);
  }
  const filters = Object.entries(chosen).filter(([name]) => name !== "currency" || values.currency.length > 1);
  if (filters.length) {
    notes.push(`Only ${filters.map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", ")}.`);
  }
  return notes;
}

/** A fold whose content is made when it is opened. */
function fold(label, make) {
  const details = element("details", {}, element("summary", { text: label }));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) {
      details.append(make());
    }
  });
  return details;
}

function sql(question, answer) {
  const text = element("pre", {}, element("code", { text: answer.sql }));
  text.tabIndex = 0;
  text.setAttribute("role", "region");
  text.setAttribute("aria-label", `SQL of: ${question.title}`);
  return text;
}

function numbers(question, { columns, rows, suppressed, partial_rows: partialRows }) {
  const heads = columns.map(({ name, meaning, type }) => {
    const head = element("th", { text: name.replaceAll("_", " "), className: isNumber(type) ? "number" : "" });
    head.scope = "col";
    head.title = meaning;
    return head;
  });
  const [hidden, partial] = [new Set(suppressed.rows), new Set(partialRows)];
  const single = new Set(suppressed.values.map(([row, column]) => `${row} ${column}`));
  const lines = rows.slice(0, ROWS_MAX).map((row, at) => element("tr", {}, ...row.map((value, column) => {
    const isHidden = value === null && (hidden.has(at) || single.has(`${at} ${column}`));
    const mark = column === 0 && partial.has(at) ? " *" : "";
    return element("td", { text: isHidden ? HIDDEN_SIGN : shown(value, columns[column]) + mark, className: isNumber(columns[column].type) ? "number" : "" });
  })));
  const more = rows.length > ROWS_MAX ? ` The first ${ROWS_MAX} of ${rows.length.toLocaleString("en")} rows; the file has all.` : "";
  const marks = [hidden.size || single.size ? ` ${HIDDEN_SIGN} is hidden.` : "", partial.size ? " * has some days of its month only." : ""].join("");
  const table = element("table", {},
    element("caption", { text: `${question.shape[0].toUpperCase()}${question.shape.slice(1)}.${marks}${more}` }),
    element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines));
  const frame = element("div", { className: "scroll bounded" }, table);
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", `Numbers of: ${question.title}`);
  return frame;
}

function isNumber(type) {
  return type === "integer" || type === "decimal";
}

function shown(value, { type, decimals }) {
  if (value === null) {
    return "";
  }
  return isNumber(type) ? value.toLocaleString("en", { minimumFractionDigits: decimals ?? 0, maximumFractionDigits: decimals ?? 0 }) : value;
}

function saving(question, place, path) {
  const button = element("button", { text: "Download as CSV", className: "small" });
  button.type = "button";
  const save = async () => {
    clearProblem(place);
    try {
      download(`${question.id}.csv`, await insight(path, { accept: "text/csv" }));
    } catch (problem) {
      showProblem(place, problem, {}, save);
    }
  };
  button.addEventListener("click", save);
  return button;
}
