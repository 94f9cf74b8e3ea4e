// A grid of thousands of rows of which only the visible ones are on the page; sorted, and selected by pointer and keys.

import { shortNumber } from "./axes.js";
import { make, newId, perFrame } from "./dom.js";

const ROW = 26;
const SPARE = 8;
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

// What a cell reads. A column has `values`, and `texts` where these read differently, and `digits` of its numbers.
export function cellText(column, row) {
  const value = column.values[row];
  if (value === null || value === undefined) return "";
  if (column.texts) return column.texts[row];
  if (typeof value !== "number") return String(value);
  return column.digits === null || column.digits === undefined ? shortNumber(value) : value.toFixed(column.digits);
}

// The rows in the order of a column; what is missing or no number comes last either way.
export function sortedRows(rows, column, isDescending) {
  const { values } = column;
  const isThere = (row) => values[row] !== null && (column.kind === "text" || typeof values[row] === "number");
  const sign = isDescending ? -1 : 1;
  const order = column.kind === "text" ? (a, b) => collator.compare(values[a], values[b]) : (a, b) => values[a] - values[b];
  const there = rows.filter(isThere).sort((a, b) => sign * order(a, b) || a - b);
  return [...there, ...rows.filter((row) => !isThere(row))];
}

// Returns {element, show(columns, rows), select(rows), dispose}. `chosen(Set)` and `sorted(column, isDescending)` are told
// what a person did; rows are numbers that stand for themselves in the columns.
export function makeGrid({ label, chosen, sorted }) {
  const head = make("div", { role: "rowgroup", class: "mlops-head" });
  const body = make("div", { role: "rowgroup", class: "mlops-body" });
  const element = make("div", {
    role: "grid", class: "mlops-grid", tabindex: "0", "aria-label": label, "aria-multiselectable": "true",
  }, head, body);
  const name = newId("row");
  const state = { columns: [], rows: [], selected: new Set(), active: 0, anchor: 0, sort: null };
  const onPage = new Map();
  const draw = perFrame(() => render());

  function show(columns, rows, sort) {
    const active = state.rows[state.active];
    Object.assign(state, { columns, rows, sort });
    state.active = Math.max(0, rows.indexOf(active));
    element.style.setProperty("--mlops-columns", `28px ${columns.map((column) => `${column.width}px`).join(" ")}`);
    element.setAttribute("aria-rowcount", String(rows.length + 1));
    element.setAttribute("aria-colcount", String(columns.length + 1));
    head.replaceChildren(headRow(columns, sort, sorted));
    body.style.height = `${rows.length * ROW}px`;
    forget();
    draw();
  }

  function forget() {
    onPage.forEach((row) => row.remove());
    onPage.clear();
  }

  function render() {
    const first = Math.max(0, Math.floor(element.scrollTop / ROW) - SPARE);
    const end = Math.min(state.rows.length, Math.ceil((element.scrollTop + element.clientHeight) / ROW) + SPARE);
    for (const [position, row] of onPage) {
      if (position < first || position >= end) {
        row.remove();
        onPage.delete(position);
      }
    }
    const fresh = [];
    for (let position = first; position < end; position += 1) {
      let row = onPage.get(position);
      if (!row) {
        row = bodyRow(state.columns, state.rows[position], position, name);
        onPage.set(position, row);
        fresh.push(row);
      }
      const isSelected = state.selected.has(state.rows[position]);
      row.setAttribute("aria-selected", String(isSelected));
      row.classList.toggle("mlops-current", position === state.active);
      row.firstChild.textContent = isSelected ? "☑" : "☐";
    }
    body.append(...fresh);
    if (onPage.has(state.active)) element.setAttribute("aria-activedescendant", `${name}-${state.active}`);
    else element.removeAttribute("aria-activedescendant");
  }

  function choose(selected) {
    state.selected = selected;
    chosen(new Set(selected));
    draw();
  }

  function between(one, other) {
    return state.rows.slice(Math.min(one, other), Math.max(one, other) + 1);
  }

  function toggle(position) {
    const selected = new Set(state.selected);
    if (!selected.delete(state.rows[position])) selected.add(state.rows[position]);
    choose(selected);
  }

  function goTo(position, event) {
    const at = Math.max(0, Math.min(state.rows.length - 1, position));
    if (event.shiftKey) choose(new Set([...state.selected, ...between(state.anchor, at)]));
    else state.anchor = at;
    state.active = at;
    const [top, bottom] = [at * ROW, (at + 1) * ROW + head.offsetHeight];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
    draw();
  }

  const page = () => Math.max(1, Math.floor(element.clientHeight / ROW) - 2);
  const keys = {
    ArrowDown: (event) => goTo(state.active + 1, event), ArrowUp: (event) => goTo(state.active - 1, event),
    PageDown: (event) => goTo(state.active + page(), event), PageUp: (event) => goTo(state.active - page(), event),
    Home: (event) => goTo(0, event), End: (event) => goTo(state.rows.length - 1, event),
    " ": () => toggle(state.active), Enter: () => choose(new Set([state.rows[state.active]])),
    Escape: () => choose(new Set()),
  };
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || !state.rows.length) return;
    const isAll = (event.ctrlKey || event.metaKey) && event.key === "a";
    if (!isAll && (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key])) return;
    event.preventDefault();
    event.stopPropagation();
    if (isAll) choose(new Set(state.rows));
    else keys[event.key](event);
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("[role=row]");
    if (!row) return;
    const position = Number(row.dataset.position);
    state.active = position;
    if (event.shiftKey) choose(new Set([...state.selected, ...between(state.anchor, position)]));
    else if (event.ctrlKey || event.metaKey || event.target === row.firstChild) toggle(position);
    else choose(new Set([state.rows[position]]));
    if (!event.shiftKey) state.anchor = position;
    element.focus({ preventScroll: true });
  });
  element.addEventListener("scroll", draw, { passive: true });
  const sizes = new ResizeObserver(draw);
  sizes.observe(element);
  return {
    element,
    show,
    select(selected) {
      state.selected = new Set(selected);
      draw();
    },
    dispose() {
      sizes.disconnect();
      draw.cancel();
    },
  };
}

function headRow(columns, sort, sorted) {
  const cells = columns.map((column) => {
    const isSorted = sort && sort.name === column.name;
    const direction = isSorted ? (sort.isDescending ? "descending" : "ascending") : "none";
    const sign = isSorted ? (sort.isDescending ? " ↓" : " ↑") : "";
    const button = make("button", {
      type: "button", title: column.label, text: column.label + sign,
      // Numbers begin with the greatest, where that is the best; the next click turns them round.
      onclick: () => sorted(column.name, isSorted ? !sort.isDescending : column.kind === "number" && !column.lower),
    });
    return make("div", { role: "columnheader", "aria-sort": direction, class: column.kind === "text" ? "" : "mlops-right" }, button);
  });
  return make("div", { role: "row", "aria-rowindex": "1", class: "mlops-row" }, make("div", { role: "columnheader", "aria-label": "selected" }), ...cells);
}

function bodyRow(columns, row, position, name) {
  const cells = columns.map((column) => {
    const isBest = column.best !== null && column.best !== undefined && column.values[row] === column.best;
    const classes = [column.kind === "text" ? "" : "mlops-right", isBest ? "mlops-best" : "", column.tones ? `mlops-${column.tones[row]}` : ""];
    const text = cellText(column, row);
    return make("div", { role: "gridcell", class: classes.join(" ").trim(), title: text.length > 24 ? text : null, text: isBest ? `✓ ${text}` : text });
  });
  const element = make("div", {
    role: "row", id: `${name}-${position}`, class: "mlops-row", "aria-rowindex": String(position + 2), "data-position": String(position),
  }, make("div", { role: "gridcell", class: "mlops-tick" }), ...cells);
  element.style.top = `${position * ROW}px`;
  return element;
}
