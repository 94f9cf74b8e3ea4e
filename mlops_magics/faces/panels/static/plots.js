// Two pictures of the rows of a table: parallel coordinates, and one column against another. Brushing in them selects.

import { drawAxes, fitted, labelWidth, linearAxis, logAxis, shortNumber } from "./axes.js";
import { make, perFrame, prepareCanvas } from "./dom.js";
import { backgroundOf, onThemeChange, SERIES, themeOf } from "./theme.js";

const MOST_LEVELS = 40;
const FAR_APART = 100;
const CROWD = 1000;

// Where the values of a column stand between 0 and 1: numbers by their size, those of a parameter by its logarithm where
// they are positive and far apart; texts each at a place of its own.
export function scaleOf(column, rows) {
  if (column.kind !== "text") {
    const numbers = rows.map((row) => column.values[row]).filter((value) => typeof value === "number");
    const [low, high] = numbers.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
    const isLog = column.family === "params" && low > 0 && high >= FAR_APART * low;
    const axis = isLog ? logAxis(low, high, 5) : linearAxis(low, high, 5, false);
    const between = isLog ? axis.ticks.map(({ at, label }) => ({ at: axis.share(at), label })) : [];
    const ticks = [{ at: 0, label: endLabel(axis.low) }, { at: 1, label: endLabel(axis.high) }, ...between];
    const label = isLog ? `${column.label} (log)` : column.label;
    return { column, label, place: (row) => (typeof column.values[row] === "number" ? axis.share(column.values[row]) : null), ticks, axis };
  }
  const levels = [...new Set(rows.map((row) => column.values[row]).filter((value) => value !== null))].sort();
  const places = new Map(levels.map((level, index) => [level, levels.length > 1 ? index / (levels.length - 1) : 0.5]));
  const ticks = levels.length <= MOST_LEVELS ? levels.map((level) => ({ at: places.get(level), label: String(level) })) : [];
  return { column, label: column.label, place: (row) => places.get(column.values[row]) ?? null, ticks, axis: null };
}

// The end of an axis in as many digits as help to read it.
function endLabel(value) {
  return shortNumber(Number.isInteger(value) ? value : Number(value.toPrecision(3)));
}

// Lines over an axis per column, coloured by the last one. A drag along an axis keeps the rows between its ends.
export function makeParallel({ trans, chosen }) {
  const state = { scales: [], rows: [], ids: [], selected: new Set(), brushes: new Map(), from: null };
  const canvas = make("canvas", { class: "mlops-canvas mlops-plot", role: "img", "aria-label": trans.__("Parallel coordinates of parameters and a metric; the table above has the same rows") });
  const draw = perFrame(() => {
    if (canvas.clientWidth) drawParallel(canvas, state);
  });
  // Names of axes stand on two lines in turn; beside the outer axes is room for what stands at their ticks.
  const frame = () => {
    const wide = (scale) => (scale ? Math.max(20, ...scale.ticks.map((tick) => textWidth(canvas, tick.label))) + 12 : 20);
    const most = canvas.clientWidth / 4;
    const [first, last] = [state.scales[0], state.scales[state.scales.length - 1]];
    return { left: Math.min(most, wide(first)), right: canvas.clientWidth - Math.min(most, wide(last)), top: 40, bottom: canvas.clientHeight - 12 };
  };
  const across = (index) => {
    const { left, right } = frame();
    return state.scales.length > 1 ? left + (index / (state.scales.length - 1)) * (right - left) : (left + right) / 2;
  };
  state.frame = frame;
  state.across = across;
  const heightOf = (event) => {
    const { top, bottom } = frame();
    return 1 - (event.clientY - canvas.getBoundingClientRect().top - top) / (bottom - top);
  };
  dragged(canvas, {
    start(event) {
      const place = event.clientX - canvas.getBoundingClientRect().left;
      const nearestAxis = state.scales.findIndex((_, index) => Math.abs(across(index) - place) < 18);
      state.from = nearestAxis < 0 ? null : { index: nearestAxis, at: heightOf(event) };
    },
    move(event) {
      if (!state.from) return;
      state.brushes.set(state.scales[state.from.index].column.name, [state.from.at, heightOf(event)].sort((a, b) => a - b));
      draw();
    },
    end(event, isDrag) {
      if (!state.from) return;
      if (!isDrag) state.brushes.delete(state.scales[state.from.index].column.name);
      state.from = null;
      chosen(new Set(state.brushes.size ? state.rows.filter((row) => isWithin(row, state)).map((row) => state.ids[row]) : []));
      draw();
    },
  });
  const undo = onThemeChange(draw);
  const sizes = new ResizeObserver(draw);
  sizes.observe(canvas);
  return {
    element: canvas,
    show(columns, rows, ids) {
      Object.assign(state, { scales: columns.map((column) => scaleOf(column, rows)), rows, ids });
      for (const name of [...state.brushes.keys()]) if (!columns.some((column) => column.name === name)) state.brushes.delete(name);
      draw();
    },
    select(selected) {
      state.selected = selected;
      if (!selected.size) state.brushes.clear();
      draw();
    },
    dispose() {
      undo();
      sizes.disconnect();
      draw.cancel();
    },
  };
}

function isWithin(row, { scales, brushes }) {
  return scales.every((scale) => {
    const brush = brushes.get(scale.column.name);
    if (!brush) return true;
    const place = scale.place(row);
    return place !== null && place >= brush[0] - 1e-9 && place <= brush[1] + 1e-9;
  });
}

function drawParallel(canvas, { scales, rows, ids, selected, brushes, frame, across }) {
  const theme = themeOf(canvas);
  const context = prepareCanvas(canvas, canvas.clientWidth, canvas.clientHeight);
  const { left, right, top, bottom } = frame();
  const apart = scales.length > 1 ? (right - left) / (scales.length - 1) : canvas.clientWidth;
  const last = scales[scales.length - 1];
  const down = (share) => bottom - share * (bottom - top);
  const hasSelection = selected.size > 0;
  const alpha = Math.max(0.06, Math.min(0.9, 100 / Math.max(rows.length, 1)));
  const strands = (isFront) => {
    for (const row of rows) {
      if (hasSelection && selected.has(ids[row]) !== isFront) continue;
      const goal = last.place(row);
      context.strokeStyle = goal === null || (hasSelection && !isFront) ? theme.quiet : blended(goal);
      context.globalAlpha = hasSelection ? (isFront ? Math.max(0.8, alpha) : Math.max(0.08, alpha / 2)) : alpha;
      context.beginPath();
      let isDown = false;
      const shares = scales.map((scale) => scale.place(row));
      shares.forEach((share, index) => {
        // A value between two that are missing has no line; it is a dot.
        if (share !== null && !isDown && (shares[index + 1] ?? null) === null) {
          context.moveTo(across(index) + 3, down(share));
          context.arc(across(index), down(share), 3, 0, 7);
        } else if (share !== null && isDown) context.lineTo(across(index), down(share));
        else if (share !== null) context.moveTo(across(index), down(share));
        isDown = share !== null;
      });
      context.stroke();
    }
  };
  context.lineWidth = 1.5;
  if (hasSelection) strands(false);
  strands(true);
  context.globalAlpha = 1;
  context.font = theme.font;
  const page = backgroundOf(canvas);
  scales.forEach((scale, index) => {
    const place = Math.round(across(index)) + 0.5;
    context.strokeStyle = theme.quiet;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(place, top);
    context.lineTo(place, bottom);
    context.stroke();
    context.fillStyle = theme.text;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    const name = fitted(context, scale.label, 2 * apart - 12);
    const width = context.measureText(name).width;
    context.fillText(name, Math.max(2, Math.min(canvas.clientWidth - width - 2, place - width / 2)), index % 2 ? 28 : 12);
    context.fillStyle = theme.quiet;
    context.textBaseline = "middle";
    context.textAlign = index === scales.length - 1 ? "left" : "right";
    const room = index ? apart - 12 : left - 8;
    const taken = [];
    for (const tick of scale.ticks) {
      const height = down(tick.at);
      if (taken.some((other) => Math.abs(other - height) < 12)) continue; // it would stand on another
      taken.push(height);
      const isLast = index === scales.length - 1;
      haloed(context, page, fitted(context, tick.label, isLast ? canvas.clientWidth - right - 8 : room), place + (isLast ? 5 : -5), height);
    }
    const brush = brushes.get(scale.column.name);
    if (!brush) return;
    context.fillStyle = theme.accent;
    context.globalAlpha = 0.35;
    context.fillRect(place - 6, down(brush[1]), 12, down(brush[0]) - down(brush[1]));
    context.globalAlpha = 1;
  });
}

function textWidth(canvas, text) {
  const context = canvas.getContext("2d");
  context.font = themeOf(canvas).font;
  return context.measureText(text).width;
}

// A text that can be read over lines.
function haloed(context, page, text, x, y) {
  context.strokeStyle = page;
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}

// From the first colour of the charts to the second.
function blended(share) {
  const parts = [SERIES[0], SERIES[1]].map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  return `rgb(${parts[0].map((from, index) => Math.round(from + (parts[1][index] - from) * share)).join(",")})`;
}

// A point per row; a drag selects those in the rectangle.
export function makeScatter({ trans, chosen }) {
  const state = { x: null, y: null, rows: [], ids: [], selected: new Set(), box: null, from: null, placed: null };
  const canvas = make("canvas", { class: "mlops-canvas mlops-plot", role: "img", "aria-label": trans.__("One column against another; the table above has the same rows") });
  const draw = perFrame(() => {
    if (canvas.clientWidth && state.x && state.y) state.placed = drawScatter(canvas, state);
  });
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  dragged(canvas, {
    start(event) {
      state.from = at(event);
    },
    move(event) {
      if (!state.from) return;
      state.box = [state.from, at(event)];
      draw();
    },
    end(event, isDrag) {
      const [from, to] = [state.from, at(event)];
      state.from = state.box = null;
      if (!from || !state.placed) return;
      const inside = ([x, y]) => x >= Math.min(from[0], to[0]) && x <= Math.max(from[0], to[0]) && y >= Math.min(from[1], to[1]) && y <= Math.max(from[1], to[1]);
      chosen(new Set(isDrag ? state.placed.filter(([, place]) => inside(place)).map(([row]) => state.ids[row]) : []));
      draw();
    },
  });
  const undo = onThemeChange(draw);
  const sizes = new ResizeObserver(draw);
  sizes.observe(canvas);
  return {
    element: canvas,
    show(x, y, rows, ids) {
      Object.assign(state, { x: scaleOf(x, rows), y: scaleOf(y, rows), rows, ids });
      draw();
    },
    select(selected) {
      state.selected = selected;
      draw();
    },
    dispose() {
      undo();
      sizes.disconnect();
      draw.cancel();
    },
  };
}

function drawScatter(canvas, { x, y, rows, ids, selected, box }) {
  const theme = themeOf(canvas);
  const context = prepareCanvas(canvas, canvas.clientWidth, canvas.clientHeight);
  const placedAxis = (scale) => scale.axis || { ticks: scale.ticks, share: (value) => value };
  const frame = { left: 10 + Math.min(90, labelWidth(context, placedAxis(y), theme)), top: 12, right: canvas.clientWidth - 16, bottom: canvas.clientHeight - 32 };
  drawAxes(context, frame, placedAxis(x), placedAxis(y), theme, x.label);
  const placed = [];
  for (const row of rows) {
    const [right, up] = [x.place(row), y.place(row)];
    if (right === null || up === null) continue;
    placed.push([row, [frame.left + right * (frame.right - frame.left), frame.bottom - up * (frame.bottom - frame.top)]]);
  }
  // What is not selected stays in sight: selected dots are told by their colour, their size and a rim.
  const alpha = placed.length > CROWD ? 0.6 : 0.85;
  for (const isFront of [false, true]) {
    context.fillStyle = isFront ? SERIES[1] : SERIES[0];
    context.strokeStyle = theme.text;
    context.lineWidth = 1;
    for (const [row, [across, down]] of placed) {
      if (selected.has(ids[row]) !== isFront) continue;
      context.globalAlpha = isFront ? 1 : alpha;
      context.beginPath();
      context.arc(across, down, isFront ? 4.5 : 3, 0, 7);
      context.fill();
      if (isFront) context.stroke();
    }
  }
  context.globalAlpha = 0.18;
  context.fillStyle = theme.accent;
  if (box) context.fillRect(box[0][0], box[0][1], box[1][0] - box[0][0], box[1][1] - box[0][1]);
  context.globalAlpha = 1;
  return placed;
}

// A press, a move, and whether it went anywhere.
function dragged(canvas, { start, move, end }) {
  let from = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    from = [event.clientX, event.clientY];
    start(event);
  });
  canvas.addEventListener("pointermove", (event) => from && move(event));
  canvas.addEventListener("pointerup", (event) => {
    if (!from) return;
    const isDrag = Math.hypot(event.clientX - from[0], event.clientY - from[1]) > 4;
    from = null;
    end(event, isDrag);
  });
  canvas.addEventListener("pointercancel", () => {
    from = null;
  });
}
