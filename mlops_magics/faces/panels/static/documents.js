// A result as the HTML that Python wrote of it (look/html.py: every text in it escaped, no script), with folds to open.

export function showDocument(element, html) {
  element.innerHTML = html;
  for (const figure of element.querySelectorAll("img")) figure.loading = "lazy";
}
