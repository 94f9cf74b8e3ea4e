// Curves as they arrive: a packet of bytes from a kernel, or lists of numbers from a server.

// A packet is the length of its header (uint32, little-endian), the header as JSON, and float64 values from the next
// multiple of eight bytes on; see faces/panels/packing.py. Lists hold null where a column has no finite value.
export function readCurves(packet) {
  if (!packet) return { runs: [], curves: [], low: null, high: null };
  if (!(packet instanceof ArrayBuffer) && !ArrayBuffer.isView(packet)) return fromLists(packet);
  const bytes = packet instanceof ArrayBuffer ? new Uint8Array(packet) : new Uint8Array(packet.buffer, packet.byteOffset, packet.byteLength);
  if (bytes.length < 8) return { runs: [], curves: [], low: null, high: null };
  // A copy, as float64 views must begin at a multiple of eight.
  const own = bytes.slice().buffer;
  const length = new DataView(own).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(own, 4, length)));
  const values = new Float64Array(own, Math.ceil((4 + length) / 8) * 8);
  let at = 0;
  const next = (count) => values.subarray(at, (at += count));
  const curves = header.curves.map(({ count, ...curve }) => ({
    ...curve, x: next(count), low: next(count), high: next(count), last: next(count),
  }));
  return { ...header, curves };
}

function fromLists(answer) {
  const numbers = (list) => Float64Array.from(list, (value) => (value === null ? NaN : Number(value)));
  const curves = answer.curves.map((curve) => ({
    ...curve, x: numbers(curve.x), low: numbers(curve.low), high: numbers(curve.high), last: numbers(curve.last),
  }));
  return { ...answer, curves };
}

// The curve with one part of it replaced by a more detailed one.
export function withDetail(curve, detail, low, high) {
  const before = upperBound(curve.x, low, true);
  const after = upperBound(curve.x, high, false);
  const joined = (name) => {
    const result = new Float64Array(before + detail[name].length + curve[name].length - after);
    result.set(curve[name].subarray(0, before));
    result.set(detail[name], before);
    result.set(curve[name].subarray(after), before + detail[name].length);
    return result;
  };
  return { ...curve, x: joined("x"), low: joined("low"), high: joined("high"), last: joined("last") };
}

// How many of the ascending values are smaller than a bound, or, not strictly, not greater.
export function upperBound(values, bound, isStrict) {
  let [from, to] = [0, values.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (values[middle] < bound || (!isStrict && values[middle] === bound)) from = middle + 1;
    else to = middle;
  }
  return from;
}

// The place of the value nearest to a position, or -1 without any.
export function nearest(values, position) {
  if (!values.length) return -1;
  const after = Math.min(upperBound(values, position, true), values.length - 1);
  return after > 0 && position - values[after - 1] <= values[after] - position ? after - 1 : after;
}

// An exponential moving mean that begins unbiased, as a drawing aid; what is not finite is left out of it.
export function smoothed(values, weight) {
  if (!weight) return values;
  const result = new Float64Array(values.length);
  let mean = 0;
  let share = 1;
  for (let at = 0; at < values.length; at += 1) {
    if (Number.isFinite(values[at])) {
      mean = mean * weight + values[at] * (1 - weight);
      share *= weight;
      result[at] = mean / (1 - share);
    } else {
      result[at] = NaN;
    }
  }
  return result;
}
