// The curves of one or several runs: a chart per metric, with a cursor, smoothing, a log axis and zoom.

import { shortNumber } from "./axes.js";
import { drawChart } from "./chart.js";
import { makeChooser } from "./chooser.js";
import { make, newId, perFrame, together } from "./dom.js";
import { nearest, readCurves, smoothed, upperBound, withDetail } from "./packet.js";
import { onThemeChange, seriesStyle, themeOf } from "./theme.js";

const OPEN_CHARTS = 6;
const DETAIL_AFTER_MS = 150;

// Mounts the curves that source.get("curves") holds. Zooming in asks {kind: "zoom", low, high, columns, keys}; while no
// answer comes, what is there is drawn. Smoothing, the log axis, the legend and the cursor need no answer.
export function mountCurves(element, source) {
  const { trans } = source;
  const state = {
    data: { runs: [], curves: [] }, hidden: new Set(), keys: null, smoothing: 0, isLog: false,
    view: null, cursor: null, marked: null, detail: null,
  };
  const root = element.appendChild(make("div", { class: "mlops-panel mlops-curves" }));
  const draw = perFrame(() => drawAll());
  const charts = new Map();
  const parts = frameOf(root, state, { trans, draw, zoomTo, refresh: () => layOut() });
  const zoomLater = later(DETAIL_AFTER_MS);

  function take() {
    state.data = readCurves(source.get("curves"));
    layOut();
  }

  function layOut() {
    const known = [...new Set(state.data.curves.map((curve) => curve.key))];
    const shown = state.keys ? known.filter((key) => state.keys.has(key)) : known.slice(0, OPEN_CHARTS);
    parts.showRuns(state.data.runs);
    parts.showMetrics(known, new Set(shown));
    for (const [key, chart] of charts) {
      if (!shown.includes(key)) {
        chart.figure.remove();
        charts.delete(key);
      }
    }
    for (const key of shown) {
      if (!charts.has(key)) charts.set(key, chartOf(key, state, { trans, draw, zoomTo, readOut, curvesOf, viewOf }));
      parts.charts.append(charts.get(key).figure);
    }
    parts.empty.hidden = shown.length > 0;
    draw();
  }

  function curvesOf(key) {
    const order = new Map(state.data.runs.map((run, index) => [run.id, index]));
    return state.data.curves
      .filter((curve) => curve.key === key && !state.hidden.has(curve.run))
      .map((curve) => {
        const detail = state.detail && state.detail.curves.find((one) => one.key === key && one.run === curve.run);
        const whole = detail ? withDetail(curve, detail, state.detail.low, state.detail.high) : curve;
        const run = state.data.runs[order.get(curve.run)];
        return { ...whole, name: run ? run.label || run.name : curve.run, style: seriesStyle(order.get(curve.run) || 0), line: smoothed(whole.last, state.smoothing) };
      });
  }

  function viewOf(key) {
    const curves = state.data.curves.filter((curve) => curve.key === key);
    const ends = (side) => curves.map((curve) => curve.extent[side]);
    const full = { low: Math.min(...ends(0)), high: Math.max(...ends(1)), by: curves.length ? curves[0].by : "step" };
    if (!Number.isFinite(full.low)) return { low: 0, high: 1, by: full.by };
    return state.view && state.view.by === full.by ? { ...state.view, by: full.by, full } : { ...full, full };
  }

  function zoomTo(view) {
    state.view = view;
    state.marked = null;
    parts.reset.disabled = !view;
    if (!view) {
      state.detail = null;
      zoomLater(null);
    } else {
      zoomLater(() => askForDetail(view));
    }
    draw();
  }

  async function askForDetail(view) {
    const keys = [...charts.keys()].filter((key) => viewOf(key).by === view.by);
    try {
      const answer = await source.ask({ kind: "zoom", low: view.low, high: view.high, columns: 800, keys });
      if (state.view !== view) return;
      state.detail = { ...readCurves(answer), low: view.low, high: view.high };
      parts.tell("");
    } catch (error) {
      if (state.view === view) parts.tell(trans.__("drawn from what is here: %1", error.message));
    }
    draw();
  }

  // What stands at the cursor now, of the curves that can be seen; nothing without one.
  function readOut(of = curvesOf) {
    const { cursor } = state;
    const text = cursor && charts.has(cursor.key) ? reading(cursor.key, of(cursor.key), cursor.at, state, trans) : "";
    parts.say(text);
    for (const [key, { canvas }] of charts) {
      canvas.setAttribute("aria-valuetext", text && key === cursor.key ? text : trans.__("no point chosen"));
    }
  }

  function drawAll() {
    const theme = themeOf(root);
    const found = new Map([...charts.keys()].map((key) => [key, curvesOf(key)]));
    readOut((key) => found.get(key));
    for (const [key, chart] of charts) {
      const curves = found.get(key);
      const view = viewOf(key);
      const isShared = state.cursor && state.cursor.by === view.by;
      chart.show(curves, view, drawChart(chart.canvas, {
        curves, view, isLog: state.isLog, theme, xLabel: view.by === "step" ? trans.__("step") : trans.__("seconds"),
        cursor: isShared ? state.cursor.at : null,
        marked: state.marked && state.marked.by === view.by ? state.marked.range : null,
      }));
    }
  }

  const sizes = new ResizeObserver(draw);
  sizes.observe(root);
  const undo = together(source.on("curves", take), onThemeChange(draw), () => sizes.disconnect(), draw.cancel, () => zoomLater(null));
  take();
  return () => {
    undo();
    root.remove();
  };
}

// Calls the newest of the functions it is given once no other has come for a while; null takes it back.
function later(milliseconds) {
  let timer = 0;
  return (call) => {
    clearTimeout(timer);
    if (call) timer = setTimeout(call, milliseconds);
  };
}

// What stands around the charts: the controls, the legend, how far the runs are, and what the cursor reads.
function frameOf(root, state, { trans, draw, zoomTo, refresh }) {
  const smoothingId = newId("smoothing");
  const smoothing = make("input", {
    type: "range", id: smoothingId, min: "0", max: "0.99", step: "0.01", value: "0",
    oninput: (event) => {
      state.smoothing = Number(event.target.value);
      draw();
    },
  });
  const isLog = make("input", {
    type: "checkbox",
    onchange: (event) => {
      state.isLog = event.target.checked;
      draw();
    },
  });
  const reset = make("button", { type: "button", class: "mlops-button", text: trans.__("Whole range"), disabled: true, onclick: () => zoomTo(null) });
  let shownMetrics = new Set();
  const metrics = makeChooser({ title: trans.__("Metrics"), find: trans.__("Find a metric"), ticked: (key, isOn) => {
    state.keys = new Set(shownMetrics);
    if (isOn) state.keys.add(key);
    else state.keys.delete(key);
    refresh();
  } });
  const legend = make("div", { class: "mlops-legend", role: "group", "aria-label": trans.__("Runs shown") });
  const going = make("div", { class: "mlops-going" });
  const told = make("p", { class: "mlops-told", role: "status" });
  const readout = make("p", { class: "mlops-readout", "aria-live": "polite" });
  const charts = make("div", { class: "mlops-charts" });
  const empty = make("p", { class: "mlops-empty", text: trans.__("No curves yet.") });
  root.append(
    make("div", { class: "mlops-bar", role: "group", "aria-label": trans.__("Drawing") },
      make("label", { for: smoothingId }, `${trans.__("Smoothing")} `, smoothing), make("label", {}, isLog, ` ${trans.__("Log axis")}`), metrics.element, reset),
    legend, charts, empty, readout, going, told,
  );
  let shownRuns = "";
  return {
    charts, empty, reset,
    say: (text) => {
      if (readout.textContent !== text) readout.textContent = text;
    },
    tell: (text) => {
      told.textContent = text;
    },
    showRuns(runs) {
      going.replaceChildren(...runs.map((run) => make("div", { text: run.sentence })));
      // Rebuilt only when the runs change: a button that is being clicked must stay the same.
      const now = JSON.stringify(runs.map((run) => [run.id, run.label]));
      if (now === shownRuns) return;
      shownRuns = now;
      legend.replaceChildren(...runs.map((run, index) => legendButton(run, index, state, draw)));
    },
    showMetrics(known, shown) {
      shownMetrics = shown;
      metrics.element.hidden = known.length < 2;
      metrics.show(known.map((key) => ({ name: key, label: key, isOn: shown.has(key) })));
    },
  };
}

function legendButton(run, index, state, draw) {
  const swatch = make("span", { class: "mlops-swatch", "aria-hidden": "true" });
  swatch.style.background = seriesStyle(index).colour;
  const button = make("button", {
    type: "button", class: "mlops-key", "aria-pressed": String(!state.hidden.has(run.id)),
    onclick: () => {
      if (!state.hidden.delete(run.id)) state.hidden.add(run.id);
      button.setAttribute("aria-pressed", String(!state.hidden.has(run.id)));
      draw();
    },
  }, swatch, make("span", { text: run.label || run.name }));
  return button;
}

// The chart of one metric, and what a pointer and keys do on it.
function chartOf(key, state, { trans, draw, zoomTo, readOut, curvesOf, viewOf }) {
  const captionId = newId("metric");
  const canvas = make("canvas", {
    class: "mlops-canvas", tabindex: "0", role: "slider", "aria-labelledby": captionId, "aria-valuemin": "0",
    "aria-valuemax": "1", "aria-valuenow": "0", "aria-valuetext": trans.__("no point chosen"),
    title: trans.__("Arrow keys move the cursor, + and − zoom, Home shows all; drag to zoom"),
  });
  const figure = make("figure", { class: "mlops-chart" }, make("figcaption", { id: captionId, text: key }), canvas);
  let placed = null;
  let from = null;

  function positionOf(event) {
    const { frame, x } = placed;
    const share = (event.clientX - canvas.getBoundingClientRect().left - frame.left) / (frame.right - frame.left);
    return x.value(Math.min(1, Math.max(0, share)));
  }

  // What the keys have put the cursor at stays when the pointer leaves.
  function moveTo(position, isKept) {
    const curves = curvesOf(key);
    const xs = curves.flatMap((curve) => (curve.x.length ? [curve.x[nearest(curve.x, position)]] : []));
    if (!xs.length) return;
    const at = xs.reduce((best, one) => (Math.abs(one - position) < Math.abs(best - position) ? one : best));
    state.cursor = { key, at, by: viewOf(key).by, isKept };
    canvas.setAttribute("aria-valuenow", String(at));
    readOut();
    draw();
  }

  function stepBy(count) {
    const all = curvesOf(key).flatMap((curve) => Array.from(curve.x));
    const places = Float64Array.from(new Set(all)).sort();
    if (!places.length) return;
    const view = viewOf(key);
    const now = state.cursor && state.cursor.by === view.by ? nearest(places, state.cursor.at) : upperBound(places, view.low, true) - Math.sign(count);
    const at = places[Math.min(places.length - 1, Math.max(0, now + count))];
    moveTo(at, true);
    // The cursor takes the view along.
    const shift = at < view.low ? at - view.low : at > view.high ? at - view.high : 0;
    if (shift) zoomTo({ low: view.low + shift, high: view.high + shift, by: view.by });
  }

  function zoomBy(factor) {
    const view = viewOf(key);
    const middle = state.cursor && state.cursor.by === view.by ? state.cursor.at : (view.low + view.high) / 2;
    const width = Math.max((view.high - view.low) * factor, view.by === "step" ? 2 : 1e-3);
    const full = view.full || view;
    if (width >= full.high - full.low) return zoomTo(null);
    const low = Math.min(Math.max(full.low, middle - width / 2), full.high - width);
    return zoomTo({ low, high: low + width, by: view.by });
  }

  const keys = {
    ArrowRight: (event) => stepBy(event.shiftKey ? 10 : 1), ArrowUp: () => stepBy(1),
    ArrowLeft: (event) => stepBy(event.shiftKey ? -10 : -1), ArrowDown: () => stepBy(-1),
    PageUp: () => stepBy(100), PageDown: () => stepBy(-100), End: () => stepBy(1e9),
    Home: () => zoomTo(null), "+": () => zoomBy(0.5), "=": () => zoomBy(0.5), "-": () => zoomBy(2), "−": () => zoomBy(2),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    // Not the notebook's: its keys move between cells.
    event.preventDefault();
    event.stopPropagation();
    keys[event.key](event);
  });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !placed) return;
    canvas.setPointerCapture(event.pointerId);
    from = { at: positionOf(event), x: event.clientX };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!placed) return;
    if (from) state.marked = { range: [from.at, positionOf(event)], by: viewOf(key).by };
    moveTo(positionOf(event), false);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!from) return;
    const [low, high] = [from.at, positionOf(event)].sort((left, right) => left - right);
    const isDrag = Math.abs(event.clientX - from.x) > 4;
    from = state.marked = null;
    if (isDrag && high > low) {
      state.cursor = null;
      zoomTo({ low, high, by: viewOf(key).by });
    }
    draw();
  });
  canvas.addEventListener("pointercancel", () => {
    from = state.marked = null;
    draw();
  });
  canvas.addEventListener("pointerleave", () => {
    if (!from && state.cursor && !state.cursor.isKept) {
      state.cursor = null;
      draw();
    }
  });
  canvas.addEventListener("dblclick", () => zoomTo(null));
  return {
    figure, canvas,
    show(curves, view, where) {
      placed = where;
      canvas.setAttribute("aria-valuemin", String(view.low));
      canvas.setAttribute("aria-valuemax", String(view.high));
    },
  };
}

// What stands at a position, in words: the newest value of each curve and, where many points share it, their range.
function reading(key, curves, position, { smoothing }, trans) {
  if (!curves.length) return "";
  const by = curves[0].by === "step" ? trans.__("step %1", shortNumber(position)) : trans.__("%1 s", shortNumber(position));
  const told = curves.map((curve) => {
    const at = nearest(curve.x, position);
    if (at < 0) return `${curve.name} —`;
    const [low, high, last] = [curve.low[at], curve.high[at], curve.last[at]];
    const range = high > low ? ` (${trans.__("%1 to %2", shortNumber(low), shortNumber(high))})` : "";
    const drawn = smoothing && Number.isFinite(last) ? `, ${trans.__("smoothed %1", shortNumber(curve.line[at]))}` : "";
    return `${curve.name} ${Number.isFinite(last) ? shortNumber(last) : trans.__("not finite")}${range}${drawn}`;
  });
  return `${key} · ${by} · ${told.join(" · ")}`;
}
