/** What is done to a notebook: a cell is written into it and run, or one is looked for. The notebook stays the truth. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import { INotebookTracker, Notebook, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

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
  return isBusy(cell) ? Infinity : (cell.model as ICodeCellModel).executionCount ?? 0;
}

/** Whether a cell was sent to the kernel and has not come back. */
export function isBusy(cell: Cell): boolean {
  const state = (cell.model as Partial<ICodeCellModel>).executionState;
  // JupyterLab 4.2 says so in the brackets alone.
  return state ? state === 'running' : cell.node.querySelector('.jp-InputPrompt')?.textContent?.includes('*') ?? false;
}

/** A name as the magic's line takes it: without spaces, slashes, and what the line would fill in. */
export function word(text: string): string {
  return text.replace(/["'`{}$]/g, '').trim().replace(/[\s/]+/g, '-').replace(/^[@-]+/, '').slice(0, 100);
}

/** What a notebook is called, without its ending, as the name of an experiment. */
export function nameOf(panel: NotebookPanel): string {
  return word(baseName(pathOf(panel)).replace(/\.ipynb$/, ''));
}

/** The notebook of this path in front, opened where it is not yet; null when there is none. Notebook 7 opens it in a tab
 * of the browser, where nothing can be done to it from here: undefined. */
export async function showNotebook(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  path: string
): Promise<NotebookPanel | null | undefined> {
  let panel = tracker.find(one => pathOf(one) === path);
  if (panel) {
    app.shell.activateById(panel.id);
  } else {
    try {
      await app.serviceManager.contents.get(path, { content: false });
    } catch {
      return null;
    }
    const opened = (await app.commands.execute('docmanager:open', { path })) as Widget | undefined;
    panel = opened instanceof NotebookPanel ? opened : undefined;
  }
  await panel?.context.ready;
  await panel?.revealed;
  return panel;
}

/** Go to a cell of a notebook; false when the notebook has lost it. */
export function showCell(panel: NotebookPanel, cell: string): boolean {
  const index = panel.content.widgets.findIndex(one => one.model.id === cell);
  if (index >= 0) {
    panel.content.activeCellIndex = index;
    panel.content.deselectAll();
    void panel.content.scrollToItem(index, 'center');
  }
  return index >= 0;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
