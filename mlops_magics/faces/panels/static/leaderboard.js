// Runs as a table to sort, filter and select from; two pictures of them; what differs between those selected.

import { makeChooser } from "./chooser.js";
import { mountCurves } from "./curves.js";
import { showDocument } from "./documents.js";
import { make, newId, together } from "./dom.js";
import { makePictures } from "./pictures.js";
import { hasWord, linesOf } from "./rows.js";
import { cellText, makeGrid } from "./table.js";
import { many } from "./words.js";

const CONDITION = /[=<>!~()]|\b(and|or|not|in|is)\b/i;
const ASK_AFTER_MS = 350;
const MOST_CURVES = 12;
const MEASURED = 20;
const PADDING = 20;
const MOST_WIDTH = 260;

// Reads "table" ({ids, parents, columns, goal, unfolded}) and "selected" (ids); sets "selected". Asks {kind: "filter", where}, which
// answers {ids, columns, problem}; {kind: "diff", runs}; {kind: "curves", runs}, and for these {kind: "zoom", runs, …}.
// What is selected, filtered and unfolded is known by the ids of runs, as the rows change with every table.
export function mount(element, source) {
  const { trans } = source;
  const state = {
    table: null, lines: [], sort: null, selected: new Set(), ticked: new Map(),
    word: "", condition: "", met: null, named: new Set(), asked: 0, unfolded: new Set(), isUnfolded: Boolean(source.get("table")?.unfolded),
  };
  const isShown = (column) => state.ticked.get(column.name) ?? (column.shown || state.named.has(column.name));
  const isOpen = (id) => state.unfolded.has(id) !== state.isUnfolded;
  const grid = makeGrid({ trans, label: trans.__("Runs"), chosen: choose, sorted: sortBy, folded: turn });
  const pictures = makePictures({ trans, chosen: choose });
  const parts = boardOf(element, { trans, grid, pictures, filter, tick, unfold, compare, drawCurves, isUnfolded: state.isUnfolded });
  let closeCurves = null;
  let timer = 0;

  function take() {
    const table = source.get("table");
    if (!table) return;
    state.table = { ...table, columns: table.columns.map((column) => ({ ...column })) };
    takeSelected();
    layOut();
    // Which of the new runs meet the condition is not known here; where one is being typed, it is asked soon.
    if (state.condition && !timer) ask();
  }

  function takeSelected() {
    const known = new Set(state.table ? state.table.ids : []);
    state.selected = new Set((source.get("selected") || []).filter((id) => known.has(id)));
    showSelected();
  }

  function keeps(id, row) {
    if (state.met && !state.met.has(id)) return false;
    return !state.word || hasWord(state.table, row, state.word, isShown);
  }

  function layOut() {
    const { table, sort, isUnfolded } = state;
    const font = `13px ${getComputedStyle(parts.root).fontFamily || "sans-serif"}`;
    const columns = table.columns.filter(isShown);
    for (const column of columns) column.width ??= widthOf(column, font);
    const column = sort && table.columns.find((one) => one.name === sort.name);
    const { lines, folded } = linesOf(table, { keeps, column, isDescending: sort && sort.isDescending, isOpen, isUnfolded });
    state.lines = lines;
    const isPart = (row) => Boolean(table.parents[row]);
    const isTree = table.parents.some(Boolean);
    grid.show({ columns, lines, isTree, sort });
    parts.showCount(lines.filter((line) => !isPart(line.row)).length, table.ids.filter((_, row) => !isPart(row)).length, folded);
    parts.showColumns(table.columns.map(({ name, label, ...one }) => ({ name, label, isOn: isShown({ name, ...one }) })), isTree);
    pictures.show({ table, rows: lines.map((line) => line.row), ticked: state.ticked, isShown });
    showSelected();
  }

  function sortBy(name, isDescending) {
    state.sort = { name, isDescending };
    layOut();
  }

  function tick(name, isOn) {
    state.ticked.set(name, isOn);
    layOut();
  }

  function turn(id) {
    if (!state.unfolded.delete(id)) state.unfolded.add(id);
    layOut();
  }

  function unfold(isUnfolded) {
    Object.assign(state, { isUnfolded, unfolded: new Set() });
    layOut();
  }

  function choose(ids) {
    state.selected = ids;
    showSelected();
    source.set("selected", [...ids]);
  }

  function showSelected() {
    grid.select(state.selected);
    pictures.select(state.selected);
    const seen = state.lines.filter((line) => state.selected.has(line.id)).length;
    parts.showSelected(state.selected.size, state.selected.size - seen);
  }

  function filter(text) {
    clearTimeout(timer);
    timer = 0;
    state.asked += 1;
    const words = text.trim();
    if (CONDITION.test(words)) {
      state.condition = words;
      timer = setTimeout(ask, ASK_AFTER_MS);
      return;
    }
    Object.assign(state, { condition: "", met: null, named: new Set(), word: words.toLowerCase() });
    parts.tell("");
    layOut();
  }

  async function ask() {
    timer = 0;
    state.asked += 1;
    const number = state.asked;
    const asking = source.ask({ kind: "filter", where: state.condition });
    const answer = await asking.catch((error) => ({ ids: [], columns: [], problem: error.message }));
    if (number !== state.asked) return;
    const { problem } = answer;
    // What is asked about can be seen; and what is not understood leaves every run.
    Object.assign(state, { word: "", met: problem ? null : new Set(answer.ids), named: new Set(answer.columns) });
    parts.tell(problem ? trans.__("Not filtered, all runs are shown: %1", problem) : "");
    layOut();
  }

  async function compare() {
    parts.open(trans.__("What differs"), make("p", { class: "mlops-told", text: trans.__("comparing …") }));
    try {
      const answer = await source.ask({ kind: "diff", runs: [...state.selected] });
      const place = make("div");
      showDocument(place, answer.html);
      parts.open(trans.__("What differs"), place);
    } catch (error) {
      parts.open(trans.__("What differs"), make("p", { class: "mlops-told", role: "status", text: error.message }));
    }
  }

  async function drawCurves() {
    const runs = [...state.selected].slice(0, MOST_CURVES);
    const place = make("div");
    parts.open(trans.__("Curves"), place);
    try {
      const packet = await source.ask({ kind: "curves", runs });
      closeCurves = mountCurves(place, {
        trans, get: () => packet, on: () => () => {}, set: () => {}, ask: (question) => source.ask({ ...question, runs }),
      });
    } catch (error) {
      place.append(make("p", { class: "mlops-told", role: "status", text: error.message }));
    }
  }

  parts.closed(() => {
    if (closeCurves) closeCurves();
    closeCurves = null;
  });
  take();
  const undo = together(
    source.on("table", take), source.on("selected", takeSelected), grid.dispose, pictures.dispose,
    () => closeCurves && closeCurves(), () => clearTimeout(timer),
  );
  return () => {
    undo();
    state.asked += 1;
    parts.root.remove();
  };
}

// As wide as the widest of what a column reads, long texts as far as they help; measured are those of most letters.
function widthOf(column, font) {
  const context = (widthOf.canvas ||= document.createElement("canvas")).getContext("2d");
  const isRated = column.best !== null && column.best !== undefined;
  const texts = new Set(column.values.map((_, row) => cellText(column, row)));
  const longest = [...texts].sort((one, other) => other.length - one.length).slice(0, MEASURED);
  const measure = (text, weight) => {
    context.font = `${weight} ${font}`;
    return context.measureText(text).width;
  };
  const widths = [measure(`${column.label} ↓`, 500), ...longest.map((text) => measure(isRated ? `✓ ${text}` : text, isRated ? 700 : 400))];
  // Figures of one width are a little wider than those the canvas measures.
  const width = Math.ceil(Math.max(...widths) * 1.05) + PADDING;
  return Math.max(48, column.kind === "text" ? Math.min(MOST_WIDTH, width) : width);
}

// The controls around the table, and the folds below it.
function boardOf(element, { trans, grid, pictures, filter, tick, unfold, compare, drawCurves, isUnfolded }) {
  const filterId = newId("filter");
  const toldId = newId("told");
  const told = make("p", { id: toldId, class: "mlops-told mlops-wrong", role: "alert" });
  const input = make("input", {
    id: filterId, type: "search", class: "mlops-filter", placeholder: trans.__("a word, or auc > 0.7 and params.depth <= 6"),
    "aria-describedby": toldId, spellcheck: "false", autocomplete: "off",
    oninput: (event) => filter(event.target.value), onkeydown: (event) => event.stopPropagation(),
  });
  const count = make("span", { class: "mlops-count", role: "status" });
  const chosenCount = make("span", { class: "mlops-count" });
  const diff = make("button", { type: "button", class: "mlops-button", text: trans.__("Diff"), disabled: true, onclick: compare });
  const curves = make("button", { type: "button", class: "mlops-button", text: trans.__("Curves"), disabled: true, onclick: drawCurves });
  const candidates = make("input", { type: "checkbox", checked: isUnfolded, onchange: (event) => unfold(event.target.checked) });
  const candidatesLabel = make("label", { hidden: true }, candidates, ` ${trans.__("Candidates")}`);
  const columns = makeChooser({ title: trans.__("Columns"), find: trans.__("Find a column"), ticked: tick });
  const answer = make("section", { class: "mlops-answer", hidden: true, "aria-live": "polite" });
  const root = element.appendChild(make("div", { class: "mlops-panel mlops-leaderboard" },
    make("div", { class: "mlops-bar", role: "group", "aria-label": trans.__("Runs shown") }, make("label", { for: filterId }, `${trans.__("Filter")} `, input), count, columns.element, candidatesLabel),
    told, grid.element,
    make("div", { class: "mlops-bar", role: "group", "aria-label": trans.__("Selected runs") }, chosenCount, diff, curves), answer, ...pictures.elements));
  let whenClosed = () => {};

  return {
    root,
    tell(text) {
      told.textContent = text;
      input.setAttribute("aria-invalid", String(Boolean(text)));
    },
    showCount(shown, all, folded) {
      const runs = shown === all ? trans._n("%2 run", "%2 runs", all, many(all)) : trans.__("%1 of %2 runs", many(shown), many(all));
      count.textContent = folded ? `${runs}, ${trans._n("%2 candidate folded", "%2 candidates folded", folded, many(folded))}` : runs;
    },
    showSelected(size, unseen) {
      const all = size ? trans.__("%1 selected", many(size)) : trans.__("none selected");
      chosenCount.textContent = unseen ? `${all}, ${trans.__("%1 of them not shown", many(unseen))}` : all;
      diff.disabled = size !== 2;
      curves.disabled = size < 1;
    },
    showColumns(items, isTree) {
      candidatesLabel.hidden = !isTree;
      columns.show(items);
    },
    closed: (callback) => {
      whenClosed = callback;
    },
    open(title, content) {
      whenClosed();
      const close = make("button", { type: "button", class: "mlops-button", text: trans.__("Close"), onclick: () => {
        whenClosed();
        answer.hidden = true;
        answer.replaceChildren();
      } });
      answer.hidden = false;
      answer.replaceChildren(make("div", { class: "mlops-bar" }, make("strong", { text: title }), close), content);
    },
  };
}
