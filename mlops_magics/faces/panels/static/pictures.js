// Two pictures of the runs shown, folded below their table: which columns they draw, and what is brushed in them.

import { make } from "./dom.js";
import { makeParallel, makeScatter } from "./plots.js";
import { axesOf } from "./rows.js";

const MOST_AXES = 7;

// Returns {elements, show({table, rows, ticked, isShown}), select(ids), dispose}. `chosen(Set of ids)` is told what was
// brushed. Only what is unfolded is drawn.
export function makePictures({ trans, chosen }) {
  const parallel = makeParallel({ trans, chosen });
  const scatter = makeScatter({ trans, chosen });
  const metric = make("select", { "aria-label": trans.__("coloured by"), onchange: () => draw() });
  const x = make("select", { onchange: () => draw() });
  const y = make("select", { onchange: () => draw() });
  const lines = make("details", { class: "mlops-fold", ontoggle: () => draw() }, make("summary", { text: trans.__("Parallel coordinates") }), make("label", {}, `${trans.__("to")} `, metric), parallel.element);
  const points = make("details", { class: "mlops-fold", ontoggle: () => draw() }, make("summary", { text: trans.__("Scatter") }), make("label", {}, "x ", x), make("label", {}, " y ", y), scatter.element);
  let now = null;
  let listed = "";

  function draw() {
    if (!now) return;
    const { table, rows } = now;
    const columnOf = (select) => table.columns.find((column) => column.name === select.value);
    if (lines.open && columnOf(metric)) parallel.show([...axesOf(table, rows, { ...now, most: MOST_AXES }), columnOf(metric)], rows, table.ids);
    if (points.open && columnOf(x) && columnOf(y)) scatter.show(columnOf(x), columnOf(y), rows, table.ids);
  }

  function list(columns, goal) {
    const known = JSON.stringify(columns.map(({ name }) => name));
    if (known === listed) return;
    listed = known;
    const param = columns.find((column) => column.family === "params" && column.shown);
    offer(metric, columns.filter((column) => column.family === "metrics"), goal);
    offer(x, columns.filter((column) => column.family !== "runs" || column.kind !== "text"), param && param.name);
    offer(y, columns.filter((column) => column.family === "metrics"), goal);
    lines.hidden = points.hidden = !metric.options.length;
  }

  return {
    elements: [lines, points],
    show(shown) {
      now = shown;
      list(shown.table.columns, shown.table.goal);
      draw();
    },
    select(ids) {
      parallel.select(ids);
      scatter.select(ids);
    },
    dispose() {
      parallel.dispose();
      scatter.dispose();
    },
  };
}

// What was chosen before, as long as it is there; else what is best to begin with.
function offer(select, columns, first) {
  const before = select.value;
  select.replaceChildren(...columns.map((column) => make("option", { value: column.name, text: column.label })));
  const names = columns.map((column) => column.name);
  const name = names.includes(before) ? before : first;
  if (names.includes(name)) select.value = name;
}
