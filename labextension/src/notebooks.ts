/** What is done to a notebook: a cell is written into it and run, or one is looked for. The notebook stays the truth. */

import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import { INotebookTracker, Notebook, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

import { pathOf } from './store';

/** Write a cell below what ran last and run it, where everybody can see it: so the notebook tells in which order. */
export async function runVisibly(panel: NotebookPanel, source: string): Promise<void> {
  const notebook = panel.content;
  await panel.sessionContext.ready;
  const last = ranLast(notebook);
  notebook.activeCellIndex = Math.max(last, 0);
  if (last < 0) {
    NotebookActions.insertAbove(notebook);
  } else {
    NotebookActions.insertBelow(notebook);
  }
  NotebookActions.changeCellType(notebook, 'code');
  notebook.activeCell?.model.sharedModel.setSource(source);
  void notebook.scrollToItem(notebook.activeCellIndex, 'smart');
  await NotebookActions.run(notebook, panel.sessionContext);
}

/** The place of the cell that runs now, else of the one that ran last; -1 where none did. */
function ranLast(notebook: Notebook): number {
  let [last, most] = [-1, 0];
  notebook.widgets.forEach((cell, index) => {
    const count = cell.model.type === 'code' ? countOf(cell) : 0;
    if (count > 0 && count >= most) {
      [last, most] = [index, count];
    }
  });
  return last;
}

/** What stands in the brackets before a cell: nothing is 0, and the star of one that runs is more than any number. */
function countOf(cell: Cell): number {
  const isBusy = cell.node.querySelector('.jp-InputPrompt')?.textContent?.includes('*') ?? false;
  return isBusy ? Infinity : (cell.model as ICodeCellModel).executionCount ?? 0;
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
