/** The drawing modules of the notebook panels, plain JavaScript that the two faces share. */

declare module '*/faces/panels/static/curves.js' {
  import type { PanelSource } from './source';

  export function mountCurves(element: HTMLElement, source: PanelSource): () => void;
}

declare module '*/faces/panels/static/leaderboard.js' {
  import type { PanelSource } from './source';

  export function mount(element: HTMLElement, source: PanelSource): () => void;
}
