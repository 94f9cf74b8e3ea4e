// Which runs of a table are looked at, in which order: candidates of a search below it, where it is unfolded.

import { cellText, sortedRows } from "./table.js";

// Lines as the grid has them. `keeps(id, row)` says what a filter leaves. A candidate whose search is not left stands by
// itself, once all are unfolded; else it counts as folded.
export function linesOf(table, { keeps, column, isDescending, isOpen, isUnfolded }) {
  let rows = table.ids.map((_, row) => row).filter((row) => keeps(table.ids[row], row));
  if (column) rows = sortedRows(rows, column, isDescending);
  const left = new Set(rows.map((row) => table.ids[row]));
  const parts = new Map();
  const roots = [];
  for (const row of rows) {
    const parent = table.parents[row];
    if (!parent || (isUnfolded && !left.has(parent))) roots.push(row);
    else if (parts.has(parent)) parts.get(parent).push(row);
    else parts.set(parent, [row]);
  }
  const lines = [];
  const add = (row, level) => {
    const id = table.ids[row];
    const own = parts.get(id) || [];
    const line = { id, row, level, parts: own.length, isOpen: own.length > 0 && isOpen(id) };
    lines.push(line);
    if (line.isOpen) own.forEach((part) => add(part, level + 1));
  };
  roots.forEach((row) => add(row, 0));
  return { lines, folded: rows.length - lines.length };
}

// Whether one of the texts of a row, the id only where it can be seen, has a word in it.
export function hasWord(table, row, word, isShown) {
  return table.columns.some((column) => column.kind === "text" && (column.name !== "id" || isShown(column)) && cellText(column, row).toLowerCase().includes(word));
}

// The parameters worth an axis: those a person has ticked, and those that vary among the rows and were not unticked; at
// most so many, those shown first, then those most rows have, those of the whole before those of its parts.
export function axesOf(table, rows, { ticked, isShown, most }) {
  const found = table.columns.filter((column) => column.family === "params").map((column) => {
    const values = rows.map((row) => column.values[row]).filter((value) => value !== null);
    return { column, count: values.length, varies: new Set(values).size > 1, tick: ticked.get(column.name) };
  });
  const wanted = found.filter(({ varies, tick }) => tick ?? varies);
  const rank = ({ column, tick, count }) => [tick ? 0 : 1, isShown(column) ? 0 : 1, -count, column.label.split("__").length];
  const order = (one, other) => {
    const [left, right] = [rank(one), rank(other)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return at < 0 ? 0 : left[at] - right[at];
  };
  const chosen = new Set(wanted.sort(order).slice(0, most).map(({ column }) => column));
  return table.columns.filter((column) => chosen.has(column));
}
