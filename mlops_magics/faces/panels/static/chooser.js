// Names to tick, folded behind a word; where there are many, a field finds among them.

import { make } from "./dom.js";

const MANY = 12;

// Returns {element, show(items)}; an item is {name, label, isOn}. `ticked(name, isOn)` is told what a person did.
export function makeChooser({ title, find, ticked }) {
  const field = make("input", { type: "search", "aria-label": find, placeholder: find, spellcheck: "false", autocomplete: "off", oninput: () => narrow(), onkeydown: (event) => event.stopPropagation() });
  const list = make("div", { class: "mlops-choices", role: "group", "aria-label": title });
  const element = make("details", { class: "mlops-chooser" }, make("summary", { text: title }), make("div", {}, field, list));
  const boxes = new Map();
  let known = "";

  function narrow() {
    const word = field.hidden ? "" : field.value.trim().toLowerCase();
    for (const { label, text } of boxes.values()) label.hidden = !text.includes(word);
  }

  return {
    element,
    show(items) {
      const now = JSON.stringify(items.map(({ name, label }) => [name, label]));
      // Made again only when there are others: one that is being clicked must stay the same.
      if (now !== known) {
        known = now;
        boxes.clear();
        for (const { name, label } of items) {
          const box = make("input", { type: "checkbox", onchange: () => ticked(name, box.checked) });
          boxes.set(name, { box, label: make("label", { title: label }, box, make("span", { text: label })), text: label.toLowerCase() });
        }
        list.replaceChildren(...[...boxes.values()].map(({ label }) => label));
        field.hidden = items.length < MANY;
        narrow();
      }
      for (const { name, isOn } of items) boxes.get(name).box.checked = isOn;
    },
  };
}
