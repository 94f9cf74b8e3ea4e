/** The sign of this extension: a curve that falls, and where it is now. */

import { LabIcon } from '@jupyterlab/ui-components';

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
<path class="jp-icon3 jp-icon-selectable" fill="none" stroke="#616161" stroke-width="2" stroke-linecap="round"
 d="M3 4v17h18M6.5 6c1 7 4 10 9 10.500" style="fill:none;stroke:var(--jp-inverse-layout-color3)"/>
<circle class="jp-icon3 jp-icon-selectable" fill="#616161" cx="18.500" cy="16.500" r="2.500"/></svg>`;

export const runIcon = new LabIcon({ name: 'mlops-magics:run', svgstr: drawing });
