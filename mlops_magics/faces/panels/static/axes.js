// Where the ticks of an axis stand, what they read, and how they are drawn. The rules are those of look/axes.py.

export function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough * (1 - 1e-9));
}

export function tickLabel(tick, step) {
  if (Math.abs(tick) < step / 1e6) return "0";
  for (const [unit, size] of [["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
    if (Math.abs(tick) < 1e12 && Math.abs(tick) >= size && step >= size / 1e3 && (size > 1e3 || Math.abs(tick) >= 1e4)) {
      return `${fixedTo(tick / size, step / size)}${unit}`;
    }
  }
  if (Math.abs(tick) >= 1e12 || step < 1e-4) return shortNumber(tick);
  return fixedTo(tick, step);
}

function fixedTo(value, step) {
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const needsMore = Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6;
  return value.toFixed(Math.min(20, decimals + (needsMore ? 1 : 0)));
}

// Six significant digits, without zeros that say nothing.
export function shortNumber(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en-US");
  const isSmall = value !== 0 && Math.abs(value) < 1e-4;
  const [mantissa, exponent] = (isSmall ? value.toExponential(5) : value.toPrecision(6)).split("e");
  const trimmed = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return exponent === undefined ? trimmed : `${trimmed}e${Number(exponent)}`;
}

function opened(low, high) {
  if (high - low > Math.max(1e-290, Math.max(Math.abs(low), Math.abs(high)) * 1e-9)) return [low, high];
  const middle = (low + high) / 2;
  const margin = Math.abs(middle) > 1e-290 ? Math.abs(middle) * 0.05 : 0.5;
  return [middle - margin, middle + margin];
}

// An axis over a range: `share` tells where a value stands between its ends, `value` is the inverse.
export function linearAxis(from, to, count, isRounded) {
  let [low, high] = Number.isFinite(from) && Number.isFinite(to) ? opened(from, to) : [0, 1];
  const step = niceStep((high - low) / Math.max(1, count));
  if (isRounded) [low, high] = [step * Math.floor(low / step + 1e-9), step * Math.ceil(high / step - 1e-9)];
  const ticks = [];
  const first = Math.ceil(low / step - 1e-9);
  for (let at = first; at <= Math.floor(high / step + 1e-9) && at <= first + 50; at += 1) ticks.push(at * step);
  return {
    low,
    high,
    ticks: ticks.map((tick) => ({ at: tick, label: tickLabel(tick, step) })),
    share: (value) => (value - low) / (high - low),
    value: (share) => low + share * (high - low),
  };
}

// Over positive values: ticks at powers of ten, and at 2 and 5 between them where there is room.
export function logAxis(from, to, count) {
  if (!(from > 0) || !(to > 0)) return linearAxis(NaN, NaN, count, true);
  let [low, high] = [Math.log10(from), Math.log10(to)];
  if (high - low < 0.02) [low, high] = [low - 0.1, high + 0.1];
  const every = Math.max(1, Math.ceil((high - low) / Math.max(1, count)));
  const factors = (high - low) * 3 <= count + 2 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
    if (every > 1 && power % every) continue;
    for (const factor of factors) {
      const at = factor * 10 ** power;
      if (Math.log10(at) >= low - 1e-9 && Math.log10(at) <= high + 1e-9) ticks.push(at);
    }
  }
  if (ticks.length < 2) ticks.splice(0, ticks.length, 10 ** low, 10 ** high);
  return {
    low: 10 ** low,
    high: 10 ** high,
    ticks: ticks.map((at) => ({ at, label: at >= 1e-4 && at < 1e5 ? String(Number(at.toPrecision(3))) : at.toExponential(0).replace("e+", "e") })),
    share: (value) => (Math.log10(value) - low) / (high - low),
    value: (share) => 10 ** (low + share * (high - low)),
  };
}

// Rules and labels of both axes; returns nothing, the frame is {left, top, right, bottom} in pixels.
export function drawAxes(context, frame, x, y, theme, xLabel) {
  context.font = theme.font;
  context.fillStyle = theme.quiet;
  context.strokeStyle = theme.rule;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of y.ticks) {
    const height = Math.round(frame.bottom - y.share(tick.at) * (frame.bottom - frame.top)) + 0.5;
    context.beginPath();
    context.moveTo(frame.left, height);
    context.lineTo(frame.right, height);
    context.stroke();
    context.fillText(fitted(context, tick.label, frame.left - 6), frame.left - 5, height);
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  let free = 0;
  for (const tick of x.ticks) {
    const place = frame.left + x.share(tick.at) * (frame.right - frame.left);
    const label = fitted(context, tick.label, (frame.right - frame.left) / Math.max(1, x.ticks.length - 1) - 6);
    const half = context.measureText(label).width / 2;
    const middle = Math.max(half + 1, Math.min(place, frame.right + 8 - half));
    if (middle - half < free) continue; // it would stand on the one before it
    free = middle + half + 4;
    context.fillText(label, middle, frame.bottom + 14);
  }
  if (xLabel) {
    context.textAlign = "right";
    context.fillText(xLabel, frame.right, frame.bottom + 27);
  }
}

// A text as far as there is room; its end tells more than its beginning.
export function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let from = 1;
  while (from < text.length && context.measureText(`…${text.slice(from)}`).width > room) from += 1;
  return `…${text.slice(from)}`;
}

// How many pixels the widest label of an axis takes.
export function labelWidth(context, axis, theme) {
  context.font = theme.font;
  return Math.max(0, ...axis.ticks.map((tick) => context.measureText(tick.label).width));
}
