// A result as a page: its document with folds to open, curves to look into, and one part at a time of what has many.

import { mountCurves } from "./curves.js";
import { showDocument } from "./documents.js";
import { make, newId } from "./dom.js";

// Reads "page" ({html, label, choices: [[value, text]], part: {value, html} or null}) and "curves". Asks
// {kind: "part", value}; and for the curves {kind: "zoom", …}.
export function mount(element, source) {
  const { trans } = source;
  const selectId = newId("part");
  const body = make("div", { class: "mlops-document" });
  const select = make("select", { id: selectId, onchange: () => ask(select.value) });
  const chooser = make("label", { for: selectId });
  const part = make("div", { class: "mlops-answer", "aria-live": "polite", hidden: true });
  const fold = (isOpen) => () => {
    for (const one of root.querySelectorAll(".mlops-document details, .mlops-answer details")) one.open = isOpen;
  };
  const unfold = make("button", { type: "button", class: "mlops-button", text: trans.__("Unfold all"), onclick: fold(true) });
  const foldAll = make("button", { type: "button", class: "mlops-button", text: trans.__("Fold all"), onclick: fold(false) });
  const drawn = make("section", { "aria-label": trans.__("Curves") });
  const root = element.appendChild(make("div", { class: "mlops-panel mlops-page" },
    make("div", { class: "mlops-bar", role: "group", "aria-label": trans.__("Page") }, unfold, foldAll, chooser), part, drawn, body));
  let asked = 0;
  let closeCurves = null;

  function take() {
    const page = source.get("page");
    showDocument(body, page.html);
    unfold.hidden = foldAll.hidden = !body.querySelector("details");
    chooser.hidden = !page.choices.length;
    chooser.replaceChildren(`${page.label} `, select);
    select.replaceChildren(...page.choices.map(([value, text]) => make("option", { value, text })));
    if (page.part) {
      select.value = page.part.value;
      showPart(page.part.html);
    }
    // Nothing is what a page without curves is handed, as bytes of which there are none.
    const curves = source.get("curves");
    if (curves && curves.byteLength !== 0 && !closeCurves) closeCurves = mountCurves(drawn, source);
  }

  function showPart(html) {
    part.hidden = !html;
    showDocument(part, html);
  }

  async function ask(value) {
    asked += 1;
    const number = asked;
    if (!value) {
      showPart("");
      return;
    }
    try {
      const answer = await source.ask({ kind: "part", value });
      if (number === asked) showPart(answer.html);
    } catch (error) {
      if (number !== asked) return;
      part.hidden = false;
      part.replaceChildren(make("p", { class: "mlops-told", role: "status", text: error.message }));
    }
  }

  take();
  const off = source.on("page", take);
  return () => {
    off();
    asked += 1;
    if (closeCurves) closeCurves();
    root.remove();
  };
}
