// Elements of a page, made in one call each; text is always text, never markup.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

let lastNumber = 0;

// An id no other element of the page has, however many panels there are.
export function newId(word) {
  lastNumber += 1;
  return `mlops-${word}-${lastNumber}-${Math.random().toString(36).slice(2, 8)}`;
}

// The undoing of several things, as one.
export function together(...undo) {
  return () => undo.forEach((one) => one && one());
}

// At most one call per frame, with whatever is true by then.
export function perFrame(callback) {
  let asked = 0;
  const call = () => {
    asked = 0;
    callback();
  };
  const ask = () => {
    if (!asked) asked = requestAnimationFrame(call);
  };
  ask.cancel = () => {
    cancelAnimationFrame(asked);
    asked = 0;
  };
  return ask;
}

// A canvas drawn at the resolution of the screen; returns its context, in CSS pixels.
export function prepareCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
