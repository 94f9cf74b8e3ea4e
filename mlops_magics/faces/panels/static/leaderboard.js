// Runs as a table to sort, filter and select from; two pictures of them; what differs between those selected.

import { make, newId, together } from "./dom.js";
import { mountCurves } from "./curves.js";
import { showDocument } from "./documents.js";
import { makeParallel, makeScatter } from "./plots.js";
import { cellText, makeGrid, sortedRows } from "./table.js";

const CONDITION = /[=<>!~()]|\b(and|or|not|in|is)\b/i;
const ASK_AFTER_MS = 350;
const MOST_CURVES = 12;
const MEASURED = 20;
const PADDING = 20;
const MOST_WIDTH = 260;

// Reads "table" ({ids, parents, columns, goal}) and "selected" (ids); sets "selected". Asks {kind: "filter", where},
// {kind: "diff", runs}, {kind: "curves", runs}, and for these curves {kind: "zoom", runs, …}.
export function mount(element, source) {
  const state = { table: null, found: null, word: "", hasParts: false, sort: null, shown: new Set(), selected: new Set(), asked: 0 };
  const grid = makeGrid({ label: "Runs", chosen: (rows) => choose(rows), sorted: (name, isDescending) => {
    state.sort = { name, isDescending };
    layOut();
  } });
  const parallel = makeParallel({ chosen: (rows) => choose(rows) });
  const scatter = makeScatter({ chosen: (rows) => choose(rows) });
  const parts = boardOf(element, state, { grid, parallel, scatter, layOut, filter, compare, drawCurves });
  let closeCurves = null;
  let timer = 0;

  function take() {
    const table = source.get("table");
    if (!table) return;
    const font = `13px ${getComputedStyle(parts.root).fontFamily || "sans-serif"}`;
    state.table = { ...table, columns: table.columns.map((column) => ({ ...column, width: widthOf(column, font) })) };
    state.place = new Map(table.ids.map((id, row) => [id, row]));
    state.shown = new Set(table.columns.filter((column) => column.shown).map((column) => column.name));
    parts.listColumns(state.table.columns);
    takeSelected();
    layOut();
  }

  function takeSelected() {
    const ids = source.get("selected") || [];
    state.selected = new Set(ids.map((id) => state.place.get(id)).filter((row) => row !== undefined));
    showSelected();
  }

  function rowsShown() {
    const { table, found, word, hasParts } = state;
    let rows = found || table.ids.map((_, row) => row);
    if (!hasParts) rows = rows.filter((row) => !table.parents[row]);
    if (word) {
      const texts = table.columns.filter((column) => column.kind === "text" && (column.name !== "id" || state.shown.has("id")));
      rows = rows.filter((row) => texts.some((column) => cellText(column, row).toLowerCase().includes(word)));
    }
    return rows;
  }

  function layOut() {
    const { table } = state;
    const columns = table.columns.filter((column) => state.shown.has(column.name));
    let rows = rowsShown();
    const sortColumn = state.sort && table.columns.find((column) => column.name === state.sort.name);
    if (sortColumn) rows = sortedRows(rows, sortColumn, state.sort.isDescending);
    state.rows = rows;
    grid.show(columns, rows, state.sort);
    parts.count.textContent = rows.length === table.ids.length ? `${rows.length.toLocaleString("en-US")} runs` : `${rows.length.toLocaleString("en-US")} of ${table.ids.length.toLocaleString("en-US")} runs`;
    parts.showPlots(rows);
  }

  function choose(rows) {
    state.selected = rows;
    showSelected();
    source.set("selected", [...rows].map((row) => state.table.ids[row]));
  }

  function showSelected() {
    grid.select(state.selected);
    parallel.select(state.selected);
    scatter.select(state.selected);
    parts.showSelected(state.selected.size);
  }

  function filter(text, isNow) {
    clearTimeout(timer);
    const condition = text.trim();
    if (!condition || (!isNow && !CONDITION.test(condition))) {
      Object.assign(state, { found: null, word: condition.toLowerCase() });
      state.asked += 1;
      parts.tell("");
      layOut();
      return;
    }
    timer = setTimeout(() => ask(condition), isNow ? 0 : ASK_AFTER_MS);
  }

  async function ask(condition) {
    state.asked += 1;
    const number = state.asked;
    try {
      const answer = await source.ask({ kind: "filter", where: condition });
      if (number !== state.asked) return;
      Object.assign(state, { found: answer.rows, word: "" });
      // What is asked about can be seen.
      answer.columns.forEach((name) => state.shown.add(name));
      parts.listColumns(state.table.columns);
      parts.tell("");
      layOut();
    } catch (error) {
      if (number === state.asked) parts.tell(error.message);
    }
  }

  const chosenIds = () => state.rows.filter((row) => state.selected.has(row)).map((row) => state.table.ids[row]);

  async function compare() {
    parts.open("What differs", make("p", { class: "mlops-told", text: "comparing …" }));
    try {
      const answer = await source.ask({ kind: "diff", runs: chosenIds() });
      const place = make("div");
      showDocument(place, answer.html);
      parts.open("What differs", place);
    } catch (error) {
      parts.open("What differs", make("p", { class: "mlops-told", role: "status", text: error.message }));
    }
  }

  async function drawCurves() {
    const runs = chosenIds().slice(0, MOST_CURVES);
    const place = make("div");
    parts.open("Curves", place);
    try {
      const packet = await source.ask({ kind: "curves", runs });
      closeCurves = mountCurves(place, {
        get: () => packet, on: () => () => {}, set: () => {}, ask: (question) => source.ask({ ...question, runs }),
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
    source.on("table", take), source.on("selected", takeSelected), grid.dispose, parallel.dispose, scatter.dispose,
    () => closeCurves && closeCurves(), () => clearTimeout(timer),
  );
  return () => {
    undo();
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

// What was chosen before, as long as it is there; else what is offered.
function pick(select, before, offered) {
  const names = new Set([...select.options].map((option) => option.value));
  const name = names.has(before) ? before : offered;
  if (names.has(name)) select.value = name;
}

// The controls around the table, and the folds below it.
function boardOf(element, state, { grid, parallel, scatter, layOut, filter, compare, drawCurves }) {
  const filterId = newId("filter");
  const told = make("p", { class: "mlops-told mlops-wrong", role: "alert" });
  const input = make("input", {
    id: filterId, type: "search", class: "mlops-filter", placeholder: "a word, or auc > 0.7 and params.depth <= 6", spellcheck: "false", autocomplete: "off",
    oninput: (event) => filter(event.target.value, false),
    onkeydown: (event) => {
      event.stopPropagation();
      if (event.key === "Enter") filter(event.target.value, true);
    },
  });
  const count = make("span", { class: "mlops-count", role: "status" });
  const chosenCount = make("span", { class: "mlops-count" });
  const diff = make("button", { type: "button", class: "mlops-button", text: "Diff", disabled: true, onclick: compare });
  const curves = make("button", { type: "button", class: "mlops-button", text: "Curves", disabled: true, onclick: drawCurves });
  const hasParts = make("input", { type: "checkbox", onchange: (event) => {
    state.hasParts = event.target.checked;
    layOut();
  } });
  const partsLabel = make("label", { hidden: true }, hasParts, " Candidates");
  const columns = make("details", { class: "mlops-metrics" }, make("summary", { text: "Columns" }), make("div"));
  const metric = make("select", { "aria-label": "coloured by", onchange: () => showPlots(state.rows) });
  const x = make("select", { onchange: () => showPlots(state.rows) });
  const y = make("select", { onchange: () => showPlots(state.rows) });
  const lines = make("details", { class: "mlops-fold", ontoggle: () => showPlots(state.rows) }, make("summary", { text: "Parallel coordinates" }), make("label", {}, "to ", metric), parallel.element);
  const points = make("details", { class: "mlops-fold", ontoggle: () => showPlots(state.rows) }, make("summary", { text: "Scatter" }), make("label", {}, "x ", x), make("label", {}, " y ", y), scatter.element);
  const answer = make("section", { class: "mlops-answer", hidden: true, "aria-live": "polite" });
  const root = element.appendChild(make("div", { class: "mlops-panel mlops-leaderboard" },
    make("div", { class: "mlops-bar", role: "group", "aria-label": "Runs shown" }, make("label", { for: filterId }, "Filter ", input), count, columns, partsLabel),
    told, grid.element,
    make("div", { class: "mlops-bar", role: "group", "aria-label": "Selected runs" }, chosenCount, diff, curves), answer, lines, points));
  let whenClosed = () => {};

  function showPlots(rows) {
    const byName = new Map(state.table.columns.map((column) => [column.name, column]));
    if (lines.open && byName.has(metric.value)) {
      const chosen = state.table.columns.filter((column) => column.family === "params" && column.shown).slice(0, 7);
      parallel.show([...chosen, byName.get(metric.value)], rows);
    }
    if (points.open && byName.has(x.value) && byName.has(y.value)) scatter.show(byName.get(x.value), byName.get(y.value), rows);
  }

  return {
    root, count, showPlots,
    tell: (text) => {
      told.textContent = text;
    },
    showSelected(size) {
      chosenCount.textContent = size ? `${size.toLocaleString("en-US")} selected` : "none selected";
      diff.disabled = size !== 2;
      curves.disabled = size < 1;
    },
    listColumns(known) {
      partsLabel.hidden = !state.table.parents.some(Boolean);
      columns.lastChild.replaceChildren(...known.map((column) => {
        const box = make("input", { type: "checkbox", onchange: (event) => {
          if (event.target.checked) state.shown.add(column.name);
          else state.shown.delete(column.name);
          layOut();
        } });
        box.checked = state.shown.has(column.name);
        return make("label", {}, box, ` ${column.label}`);
      }));
      const before = [x.value, y.value, metric.value];
      const options = (wanted) => known.filter(wanted).map((column) => make("option", { value: column.name, text: column.label }));
      metric.replaceChildren(...options((column) => column.family === "metrics"));
      x.replaceChildren(...options((column) => column.family !== "runs" || column.kind !== "text"));
      y.replaceChildren(...options((column) => column.family === "metrics"));
      lines.hidden = points.hidden = !metric.options.length;
      const param = known.find((column) => column.family === "params" && column.shown);
      pick(x, before[0], param && param.name);
      pick(y, before[1], state.table.goal);
      pick(metric, before[2], state.table.goal);
    },
    closed: (callback) => {
      whenClosed = callback;
    },
    open(title, content) {
      whenClosed();
      const close = make("button", { type: "button", class: "mlops-button", text: "Close", onclick: () => {
        whenClosed();
        answer.hidden = true;
        answer.replaceChildren();
      } });
      answer.hidden = false;
      answer.replaceChildren(make("div", { class: "mlops-bar" }, make("strong", { text: title }), close), content);
    },
  };
}
