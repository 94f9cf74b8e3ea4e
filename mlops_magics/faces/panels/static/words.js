// Words that people read. A source has them as `trans`, with the two functions of JupyterLab's translator; where there is
// none, these give back what they are given.
export const plainWords = {
  __: (text, ...values) => filled(text, values),
  _n: (one, several, count, ...values) => filled(count === 1 ? one : several, [count, ...values]),
};

// Values stand at %1, %2, …
function filled(text, values) {
  return text.replace(/%(\d)/g, (_, place) => values[place - 1]);
}

// A number of things as people write it.
export function many(count) {
  return count.toLocaleString("en-US");
}
