/** The marks beside cells: how each stands to the run of its notebook. They change as one types, and as cells run. */

import type { Cell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableSet, IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { Signal } from '@lumino/signaling';

import type { CellMark, CellState } from './answers';
import { isBusy } from './notebooks';
import type { Server } from './request';
import { pathOf } from './store';

const WAIT_MILLISECONDS = 300;
const CLASS = 'mlops-mark';

/** Signs that can be told apart without their colours. */
const SIGNS: Record<CellState, string> = {
  running: '▶',
  fresh: '●',
  edited: '✎',
  out_of_order: '⇅',
  repeated: '↻',
  stale: '◔',
  failed: '✕',
  outside: '○'
};

/** Keeps the marks of one notebook. */
class NotebookMarks implements IDisposable {
  private readonly _debounced: Debouncer;
  private _asked = 0;
  private _isDisposed = false;

  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _server: Server,
    private readonly _words: Record<CellState, string>
  ) {
    this._debounced = new Debouncer(() => this._mark(), WAIT_MILLISECONDS);
    void _panel.context.ready.then(() => this._begin());
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  refresh(): void {
    if (!this._isDisposed) {
      void this._debounced.invoke().catch(() => undefined);
    }
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._debounced.dispose();
      Signal.clearData(this);
      this._panel.content?.widgets.forEach(cell => erase(cell));
    }
  }

  private _begin(): void {
    if (!this._isDisposed) {
      this._panel.content.model?.contentChanged.connect(this.refresh, this);
      this._panel.sessionContext.statusChanged.connect(this.refresh, this);
      this.refresh();
    }
  }

  private async _mark(): Promise<void> {
    const number = ++this._asked;
    const cells = this._panel.content.widgets
      .filter(cell => cell.model.type === 'code')
      .map(cell => ({ id: cell.model.id, source: cell.model.sharedModel.getSource(), busy: isBusy(cell) }));
    const answer = await this._server.marks({ notebook: pathOf(this._panel), cells });
    if (number !== this._asked || this._isDisposed) {
      return; // a newer question is on its way
    }
    const marks = new Map(answer.marks.map(mark => [mark.id, mark]));
    this._panel.content.widgets.forEach(cell => draw(cell, marks.get(cell.model.id), this._words));
  }
}

/** Marks every notebook that is open, as long as it lives. */
export class Marks implements IDisposable {
  private readonly _held = new Map<NotebookPanel, NotebookMarks>();
  private readonly _set = new DisposableSet();

  constructor(
    private readonly _tracker: INotebookTracker,
    private readonly _server: Server,
    trans: TranslationBundle
  ) {
    const words: Record<CellState, string> = {
      running: trans.__('running'),
      fresh: trans.__('fresh'),
      edited: trans.__('edited'),
      out_of_order: trans.__('out of order'),
      repeated: trans.__('repeated'),
      stale: trans.__('stale'),
      failed: trans.__('failed'),
      outside: trans.__('not in the run')
    };
    const add = (_: unknown, panel: NotebookPanel): void => {
      const held = new NotebookMarks(panel, this._server, words);
      this._held.set(panel, held);
      this._set.add(held);
      panel.disposed.connect(() => {
        held.dispose();
        this._held.delete(panel);
      });
    };
    _tracker.forEach(panel => add(null, panel));
    _tracker.widgetAdded.connect(add, this);
    NotebookActions.executionScheduled.connect(this.refresh, this);
    NotebookActions.executed.connect(this.refresh, this);
  }

  get isDisposed(): boolean {
    return this._set.isDisposed;
  }

  /** Ask again for every notebook. */
  refresh(): void {
    this._held.forEach(held => held.refresh());
  }

  dispose(): void {
    NotebookActions.executionScheduled.disconnect(this.refresh, this);
    NotebookActions.executed.disconnect(this.refresh, this);
    Signal.clearData(this);
    this._tracker.widgetAdded.disconnect(this.refresh, this);
    this._held.clear();
    this._set.dispose();
  }
}

function draw(cell: Cell, mark: CellMark | undefined, words: Record<CellState, string>): void {
  if (!mark) {
    erase(cell);
    return;
  }
  let sign = cell.node.querySelector<HTMLElement>(`:scope > .${CLASS}`);
  if (!sign) {
    sign = document.createElement('span');
    sign.className = CLASS;
    sign.setAttribute('role', 'img');
    cell.node.append(sign);
  }
  const said = `${words[mark.state]}: ${mark.sentence}`;
  sign.textContent = SIGNS[mark.state];
  sign.dataset.state = mark.state;
  sign.dataset.stands = String(mark.stands);
  sign.title = said;
  sign.setAttribute('aria-label', said);
}

function erase(cell: Cell): void {
  cell.node?.querySelector(`:scope > .${CLASS}`)?.remove();
}
