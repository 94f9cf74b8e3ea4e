// One chart of curves over each other, drawn on a canvas.

import { drawAxes, labelWidth, linearAxis, logAxis } from "./axes.js";
import { prepareCanvas } from "./dom.js";
import { nearest, upperBound } from "./packet.js";

// Draws `curves` ({x, low, high, last, line, style}) between view.low and view.high, and returns the frame and the axes,
// so that a pointer can be told where it is. `line` is what is stroked: the last values, or their smoothed course.
export function drawChart(canvas, { curves, view, isLog, cursor, marked, theme, xLabel }) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const context = prepareCanvas(canvas, width, height);
  const frame = { left: 0, top: 8, right: width - 10, bottom: height - 32 };
  const [from, to] = heights(curves, view, isLog);
  const count = Math.max(2, Math.floor((frame.bottom - frame.top) / 34));
  const y = isLog ? logAxis(from, to, count) : linearAxis(from, to, count, true);
  frame.left = 10 + labelWidth(context, y, theme);
  const x = linearAxis(view.low, view.high, Math.max(2, Math.floor((frame.right - frame.left) / 64)), false);
  drawAxes(context, frame, x, y, theme, xLabel);
  const place = {
    across: (value) => frame.left + x.share(value) * (frame.right - frame.left),
    down: (value) => frame.bottom - y.share(value) * (frame.bottom - frame.top),
  };
  context.save();
  context.beginPath();
  context.rect(frame.left - 2, frame.top - 4, frame.right - frame.left + 4, frame.bottom - frame.top + 8);
  context.clip();
  const parts = curves.map((curve) => ({ ...curve, span: spanOf(curve, view) }));
  for (const part of parts) drawBand(context, part, place, isLog);
  // Behind a smoothed course, faintly, what was logged.
  context.globalAlpha = 0.35;
  for (const part of parts) if (part.line !== part.last) drawLine(context, { ...part, line: part.last }, place, isLog);
  context.globalAlpha = 1;
  for (const part of parts) drawLine(context, part, place, isLog);
  if (marked) drawMarked(context, frame, place, marked, theme);
  context.restore();
  for (const part of parts) drawGaps(context, part, place, frame, theme);
  if (cursor !== null) drawCursor(context, parts, frame, place, cursor, theme, isLog);
  return { frame, x, y };
}

// The columns inside the view and one on each side, so that lines reach the edges.
function spanOf(curve, view) {
  return [Math.max(0, upperBound(curve.x, view.low, true) - 1), Math.min(curve.x.length, upperBound(curve.x, view.high, false) + 1)];
}

function heights(curves, view, isLog) {
  let [from, to] = [Infinity, -Infinity];
  const isDrawn = (value) => (isLog ? value > 0 : true) && Math.abs(value) < 1e300;
  for (const curve of curves) {
    const first = upperBound(curve.x, view.low, true);
    const end = upperBound(curve.x, view.high, false);
    for (let at = first; at < end; at += 1) {
      // A smoothed course may be elsewhere than what was logged here: it comes from before.
      if (curve.line !== curve.last && isDrawn(curve.line[at])) {
        from = Math.min(from, curve.line[at]);
        to = Math.max(to, curve.line[at]);
      }
      if (isDrawn(curve.low[at])) from = Math.min(from, curve.low[at]);
      else if (isDrawn(curve.last[at])) from = Math.min(from, curve.last[at]);
      if (isDrawn(curve.high[at])) to = Math.max(to, curve.high[at]);
    }
  }
  return [from, to];
}

const canStand = (value, isLog) => Number.isFinite(value) && (!isLog || value > 0);

function drawBand(context, { x, low, high, style, span }, place, isLog) {
  let hasBand = false;
  for (let at = span[0]; at < span[1] && !hasBand; at += 1) hasBand = high[at] > low[at];
  if (!hasBand) return;
  context.fillStyle = style.colour;
  context.globalAlpha = 0.22;
  for (let at = span[0]; at < span[1]; ) {
    if (!canStand(high[at], isLog)) {
      at += 1;
      continue;
    }
    let end = at;
    while (end < span[1] && canStand(high[end], isLog)) end += 1;
    context.beginPath();
    for (let index = at; index < end; index += 1) context.lineTo(place.across(x[index]), place.down(high[index]));
    for (let index = end - 1; index >= at; index -= 1) {
      context.lineTo(place.across(x[index]), canStand(low[index], isLog) ? place.down(low[index]) : 1e5);
    }
    context.fill();
    at = end;
  }
  context.globalAlpha = 1;
}

function drawLine(context, { x, line, style, span }, place, isLog) {
  context.strokeStyle = context.fillStyle = style.colour;
  context.lineWidth = span[1] - span[0] > 400 ? 1.25 : 1.75;
  context.lineJoin = "round";
  context.setLineDash(style.dash);
  context.beginPath();
  let isDown = false;
  for (let at = span[0]; at < span[1]; at += 1) {
    if (!canStand(line[at], isLog)) {
      isDown = false;
      continue;
    }
    const [across, down] = [place.across(x[at]), place.down(line[at])];
    if (isDown) context.lineTo(across, down);
    else context.moveTo(across, down);
    // A point between two gaps is a dot; nothing else would show it.
    if (!isDown && (at + 1 >= span[1] || !canStand(line[at + 1], isLog))) context.arc(across, down, 2, 0, 7);
    isDown = true;
  }
  context.stroke();
  context.setLineDash([]);
}

// A cross below every column whose values are all NaN or infinite.
function drawGaps(context, { x, last, span }, place, frame, theme) {
  context.strokeStyle = theme.doubt;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = span[0]; at < span[1]; at += 1) {
    if (Number.isFinite(last[at])) continue;
    const across = place.across(x[at]);
    if (across < frame.left || across > frame.right) continue;
    context.moveTo(across - 2.5, frame.bottom - 6);
    context.lineTo(across + 2.5, frame.bottom - 1);
    context.moveTo(across + 2.5, frame.bottom - 6);
    context.lineTo(across - 2.5, frame.bottom - 1);
  }
  context.stroke();
}

function drawMarked(context, frame, place, [from, to], theme) {
  const [left, right] = [place.across(Math.min(from, to)), place.across(Math.max(from, to))];
  context.fillStyle = theme.accent;
  context.globalAlpha = 0.18;
  context.fillRect(left, frame.top, right - left, frame.bottom - frame.top);
  context.globalAlpha = 1;
}

function drawCursor(context, parts, frame, place, cursor, theme, isLog) {
  const across = place.across(cursor);
  if (across < frame.left - 1 || across > frame.right + 1) return;
  context.strokeStyle = theme.quiet;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(Math.round(across) + 0.5, frame.top);
  context.lineTo(Math.round(across) + 0.5, frame.bottom);
  context.stroke();
  for (const { x, line, style } of parts) {
    const at = nearest(x, cursor);
    if (at < 0 || !canStand(line[at], isLog) || Math.abs(place.across(x[at]) - across) > 6) continue;
    context.fillStyle = style.colour;
    context.beginPath();
    context.arc(place.across(x[at]), place.down(line[at]), 3, 0, 7);
    context.fill();
  }
}
