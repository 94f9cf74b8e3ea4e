// An anywidget model as the source a panel is mounted on.

import { newId } from "./dom.js";
import { plainWords } from "./words.js";

const ANSWER_WITHIN_MS = 15000;

// `get`, `on` and `set` are the model's traits. `ask` sends a question and resolves with the answer of the same number;
// an answer that is bytes comes as they are. While the kernel works on a cell the question waits.
export function sourceOf(model) {
  const waiting = new Map();
  let lastQuestion = 0;
  const receive = (message, buffers) => {
    const asker = message && waiting.get(message.answers);
    if (!asker) return;
    if (message.error) asker.reject(new Error(message.error));
    else asker.resolve(buffers && buffers.length ? buffers[0] : message.answer);
  };
  model.on("msg:custom", receive);
  return {
    trans: plainWords,
    get: (name) => model.get(name),
    set(name, value) {
      model.set(name, value);
      model.save_changes();
    },
    on(name, callback) {
      const event = `change:${name}`;
      model.on(event, callback);
      return () => model.off(event, callback);
    },
    ask(question) {
      lastQuestion += 1;
      const number = `${Date.now()}-${lastQuestion}-${Math.random()}`;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("the kernel is busy or gone")), ANSWER_WITHIN_MS);
        waiting.set(number, { resolve, reject, timer });
        model.send({ number, question });
      }).finally(() => {
        clearTimeout(waiting.get(number).timer);
        waiting.delete(number);
      });
    },
    close() {
      model.off("msg:custom", receive);
    },
  };
}

// What anywidget calls for every view. The plain result above it steps back while the panel lives; in JupyterLab and
// Notebook the styles that come with it do the same (faces/panels/display.py), as nothing runs there without a kernel.
export function renderPanel(mountPanel) {
  return ({ model, el }) => {
    const source = sourceOf(model);
    const view = newId("view");
    tellOf(model, view, true);
    const dispose = mountPanel(el, source);
    const plain = document.querySelector(`[data-mlops-panel="${model.get("number")}"]`);
    if (plain) plain.hidden = true;
    return () => {
      dispose();
      source.close();
      tellOf(model, view, false);
      if (plain) plain.hidden = false;
    };
  };
}

// Whether a view is on a page. A notebook that closes drops its connection before its views: then nobody can be told.
function tellOf(model, view, isSeen) {
  try {
    model.send({ view, isSeen });
  } catch {
    // There is no connection any more.
  }
}
