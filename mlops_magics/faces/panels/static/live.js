// The panel of %mlops live.

import { mountCurves } from "./curves.js";

export function mount(element, source) {
  return mountCurves(element, source);
}
