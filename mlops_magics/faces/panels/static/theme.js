// Colours as the page has them now, and a call whenever they change. Every colour is declared in panel.css.

// The fills of look/palette.py, at least 3:1 on white and on black; a test keeps the two equal.
export const SERIES = ["#3b82c4", "#d9701e", "#2e9b67", "#9a6fc9", "#cf5387", "#7d8a1f", "#2595a8", "#8a8a8a"];

// Where there are more curves than colours, the line itself tells them apart.
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

export function seriesStyle(index) {
  return { colour: SERIES[index % SERIES.length], dash: DASHES[Math.floor(index / SERIES.length) % DASHES.length] };
}

export function themeOf(element) {
  const style = getComputedStyle(element);
  const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    text: read("--mlops-text", "#757575"),
    quiet: read("--mlops-quiet", "#757575"),
    rule: read("--mlops-rule", "#80808040"),
    accent: read("--mlops-accent", "#3b82c4"),
    doubt: read("--mlops-doubt", "#9c6c00"),
    font: `11px ${read("--mlops-font", "system-ui, sans-serif")}`,
  };
}

// What an element is seen on: an output of a notebook is of another colour than a tab.
export function backgroundOf(element) {
  for (let one = element; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if (colour && colour !== "transparent" && !/, 0\)$/.test(colour)) return colour;
  }
  return "Canvas";
}

export function onThemeChange(callback) {
  const watcher = new MutationObserver(callback);
  for (const node of [document.documentElement, document.body]) {
    watcher.observe(node, { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-light", "data-jp-theme-name", "data-theme"] });
  }
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", callback);
  return () => {
    watcher.disconnect();
    scheme.removeEventListener("change", callback);
  };
}
