/** What is done to a notebook: a cell is written into it and run, or one is looked for. The notebook stays the truth. */

import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

import { pathOf } from './store';

/** Write a cell above the active one and run it, where everybody can see it. */
export async function runVisibly(panel: NotebookPanel, source: string): Promise<void> {
  const notebook = panel.content;
  await panel.sessionContext.ready;
  NotebookActions.insertAbove(notebook);
  NotebookActions.changeCellType(notebook, 'code');
  notebook.activeCell?.model.sharedModel.setSource(source);
  await NotebookActions.runAndAdvance(notebook, panel.sessionContext);
}

/** A name as the magic's line takes it: without spaces, slashes, and what the line would fill in. */
export function word(text: string): string {
  return text.replace(/["'`{}$]/g, '').trim().replace(/[\s/]+/g, '-').replace(/^[@-]+/, '').slice(0, 100);
}

/** What a notebook is called, without its ending, as the name of an experiment. */
export function nameOf(panel: NotebookPanel): string {
  return word(baseName(pathOf(panel)).replace(/\.ipynb$/, ''));
}

/** Show a cell of a notebook that is open; false when it is not there. */
export function showCell(tracker: INotebookTracker, notebook: string | null, cell: string): NotebookPanel | null {
  const open: NotebookPanel[] = [];
  tracker.forEach(panel => open.push(panel));
  const isOf = (panel: NotebookPanel): boolean => notebook === null || baseName(pathOf(panel)) === notebook;
  for (const panel of open.filter(isOf)) {
    const index = panel.content.widgets.findIndex(one => one.model.id === cell);
    if (index >= 0) {
      panel.content.activeCellIndex = index;
      panel.content.deselectAll();
      void panel.content.scrollToItem(index, 'center');
      return panel;
    }
  }
  return null;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
