// A grid of thousands of rows of which only the visible ones are on the page; sorted, and selected by pointer and keys.

import { shortNumber } from "./axes.js";
import { make, newId, perFrame } from "./dom.js";

const ROW = 26;
const SPARE = 8;
const TWIST = 16;
const INDENT = 16;
const COUNT = 44;
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

// Returns {element, show({columns, lines, isTree, sort}), select(ids), dispose}. A line is {id, row, level, parts, isOpen}:
// a run, where its values stand in the columns, and whether its parts are unfolded below it. `chosen(Set of ids)`,
// `sorted(column, isDescending)` and `folded(id)` are told what a person did.
export function makeGrid({ trans, label, chosen, sorted, folded }) {
  const head = make("div", { role: "rowgroup", class: "mlops-head" });
  const body = make("div", { role: "rowgroup", class: "mlops-body" });
  const element = make("div", {
    role: "grid", class: "mlops-grid", tabindex: "0", "aria-label": label, "aria-multiselectable": "true",
  }, head, body);
  const name = newId("row");
  const state = { columns: [], lines: [], places: new Map(), isTree: false, selected: new Set(), active: null, anchor: null };
  const onPage = new Map();
  const draw = perFrame(() => render());

  function show({ columns, lines, isTree, sort }) {
    Object.assign(state, { columns, lines, isTree, places: new Map(lines.map((line, position) => [line.id, position])) });
    if (!state.places.has(state.active)) state.active = lines.length ? lines[0].id : null;
    if (!state.places.has(state.anchor)) state.anchor = state.active;
    const deepest = isTree ? TWIST + INDENT * Math.max(0, ...lines.map((line) => line.level)) + COUNT : 0;
    element.style.setProperty("--mlops-columns", `28px ${columns.map((column, index) => `${column.width + (index ? 0 : deepest)}px`).join(" ")}`);
    element.setAttribute("role", isTree ? "treegrid" : "grid");
    element.setAttribute("aria-rowcount", String(lines.length + 1));
    element.setAttribute("aria-colcount", String(columns.length + 1));
    head.replaceChildren(headRow(columns, sort, sorted, trans));
    body.style.height = `${lines.length * ROW}px`;
    forget();
    draw();
  }

  function forget() {
    onPage.forEach((row) => row.remove());
    onPage.clear();
  }

  function render() {
    const first = Math.max(0, Math.floor(element.scrollTop / ROW) - SPARE);
    const end = Math.min(state.lines.length, Math.ceil((element.scrollTop + element.clientHeight) / ROW) + SPARE);
    for (const [position, row] of onPage) {
      if (position < first || position >= end) {
        row.remove();
        onPage.delete(position);
      }
    }
    const fresh = [];
    for (let position = first; position < end; position += 1) {
      const line = state.lines[position];
      let row = onPage.get(position);
      if (!row) {
        row = bodyRow(state, line, position, name);
        onPage.set(position, row);
        fresh.push(row);
      }
      const isSelected = state.selected.has(line.id);
      row.setAttribute("aria-selected", String(isSelected));
      row.classList.toggle("mlops-current", line.id === state.active);
      row.firstChild.textContent = isSelected ? "☑" : "☐";
    }
    body.append(...fresh);
    const active = placeOf(state.active);
    if (onPage.has(active)) element.setAttribute("aria-activedescendant", `${name}-${active}`);
    else element.removeAttribute("aria-activedescendant");
  }

  const placeOf = (id) => state.places.get(id) ?? 0;

  function choose(selected) {
    state.selected = selected;
    chosen(new Set(selected));
    draw();
  }

  function between(one, other) {
    return state.lines.slice(Math.min(one, other), Math.max(one, other) + 1).map((line) => line.id);
  }

  function toggle(id) {
    const selected = new Set(state.selected);
    if (!selected.delete(id)) selected.add(id);
    choose(selected);
  }

  function goTo(position, event) {
    const at = Math.max(0, Math.min(state.lines.length - 1, position));
    const { id } = state.lines[at];
    if (event.shiftKey) choose(new Set([...state.selected, ...between(placeOf(state.anchor), at)]));
    else state.anchor = id;
    state.active = id;
    const [top, bottom] = [at * ROW, (at + 1) * ROW + head.offsetHeight];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
    draw();
  }

  // What the keys of a tree do: into the parts of a run, and back to what it is a part of.
  function goIn(event) {
    const at = placeOf(state.active);
    const line = state.lines[at];
    if (line.isOpen) goTo(at + 1, event);
    else if (line.parts) folded(line.id);
  }

  function goOut(event) {
    let at = placeOf(state.active);
    const line = state.lines[at];
    if (line.isOpen) {
      folded(line.id);
    } else if (line.level) {
      while (state.lines[at].level >= line.level) at -= 1;
      goTo(at, event);
    }
  }

  const page = () => Math.max(1, Math.floor(element.clientHeight / ROW) - 2);
  const keys = {
    ArrowDown: (event) => goTo(placeOf(state.active) + 1, event), ArrowUp: (event) => goTo(placeOf(state.active) - 1, event),
    ArrowRight: goIn, ArrowLeft: goOut,
    PageDown: (event) => goTo(placeOf(state.active) + page(), event), PageUp: (event) => goTo(placeOf(state.active) - page(), event),
    Home: (event) => goTo(0, event), End: (event) => goTo(state.lines.length - 1, event),
    " ": () => toggle(state.active), Enter: () => choose(new Set([state.active])),
    Escape: () => choose(new Set()),
  };
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || !state.lines.length) return;
    const isAll = (event.ctrlKey || event.metaKey) && event.key === "a";
    if (!isAll && (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key])) return;
    event.preventDefault();
    event.stopPropagation();
    if (isAll) choose(new Set(state.lines.map((line) => line.id)));
    else keys[event.key](event);
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("[role=row]");
    if (!row) return;
    const position = Number(row.dataset.position);
    const { id, parts } = state.lines[position];
    state.active = id;
    element.focus({ preventScroll: true });
    if (parts && event.target.closest(".mlops-twist")) {
      folded(id);
      return;
    }
    if (event.shiftKey) choose(new Set([...state.selected, ...between(placeOf(state.anchor), position)]));
    else if (event.ctrlKey || event.metaKey || event.target === row.firstChild) toggle(id);
    else choose(new Set([id]));
    if (!event.shiftKey) state.anchor = id;
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

function headRow(columns, sort, sorted, trans) {
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
  return make("div", { role: "row", "aria-rowindex": "1", class: "mlops-row" }, make("div", { role: "columnheader", "aria-label": trans.__("selected") }), ...cells);
}

function bodyRow({ columns, isTree }, line, position, name) {
  const { row, level } = line;
  const cells = columns.map((column, index) => {
    const isBest = column.best !== null && column.best !== undefined && column.values[row] === column.best;
    const classes = [column.kind === "text" ? "" : "mlops-right", isBest ? "mlops-best" : "", column.tones ? `mlops-${column.tones[row]}` : ""];
    const text = cellText(column, row);
    const told = { role: "gridcell", class: classes.join(" ").trim(), title: text.length > 24 ? text : null };
    if (isTree && !index) return hang(make("div", told, make("span", { class: "mlops-leaf", text })), line);
    return make("div", { ...told, text: isBest ? `✓ ${text}` : text });
  });
  const tree = isTree ? { "aria-level": String(level + 1), "aria-expanded": line.parts ? String(line.isOpen) : null } : {};
  const element = make("div", {
    role: "row", id: `${name}-${position}`, class: "mlops-row", "aria-rowindex": String(position + 2), "data-position": String(position), ...tree,
  }, make("div", { role: "gridcell", class: "mlops-tick" }), ...cells);
  element.style.top = `${position * ROW}px`;
  return element;
}

// What a tree has in the first cell of a row beside its text, which gives way before the count of its parts does.
function hang(cell, { level, parts, isOpen }) {
  const twist = make("span", { class: "mlops-twist", "aria-hidden": "true", text: parts ? (isOpen ? "▾" : "▸") : "" });
  twist.style.marginLeft = `${level * INDENT}px`;
  twist.style.width = `${TWIST}px`;
  cell.firstChild.style.maxWidth = `calc(100% - ${TWIST + INDENT * level + (parts ? COUNT : 0)}px)`;
  cell.prepend(twist);
  if (parts) cell.append(make("span", { class: "mlops-count", text: ` (+${parts})` }));
  return cell;
}
