/** What the store of the current notebook holds, asked again and again while somebody can see it. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import type { Overview, RunLine } from './answers';
import type { Server } from './request';

/** The path of a notebook as the server knows it: without the drive of a collaboration provider. */
export function pathOf(panel: NotebookPanel | null): string {
  const path = panel?.context.path ?? '';
  return path.includes(':') ? path.slice(path.indexOf(':') + 1) : path;
}

export class StoreModel implements IDisposable {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _poll: Poll;
  private _notebook = '';
  private _stamp = '';
  private _store: string | null = null;
  private _overview: Overview | null = null;
  private _active: RunLine | null = null;
  private _problem = '';
  private _isAsked = false;
  private _isDisposed = false;

  constructor(
    private readonly _server: Server,
    private readonly _tracker: INotebookTracker | null
  ) {
    this._poll = new Poll({
      name: 'mlops-magics:overview',
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: 1000, backoff: true, max: 30_000 },
      standby: 'when-hidden'
    });
    this._tracker?.currentChanged.connect(this._follow, this);
    this._follow();
    void this._poll.start();
  }

  /** Something that can be seen is another than before. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What to name the store by; null where the notebook has none. */
  get store(): string | null {
    return this._store;
  }

  get overview(): Overview | null {
    return this._overview;
  }

  /** The run that the current notebook is writing. */
  get active(): RunLine | null {
    return this._active;
  }

  /** Why nothing is known, in words; empty otherwise. */
  get problem(): string {
    return this._problem;
  }

  /** Whether the server has answered at all. */
  get isAsked(): boolean {
    return this._isAsked;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  set seconds(seconds: number) {
    this._poll.frequency = { ...this._poll.frequency, interval: seconds * 1000 };
  }

  /** Ask now; resolves when there is an answer, or when there is none to be had. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick.catch(() => undefined);
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._tracker?.currentChanged.disconnect(this._follow, this);
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  private _follow(): void {
    const notebook = pathOf(this._tracker?.currentWidget ?? null);
    if (notebook && notebook !== this._notebook) {
      this._notebook = notebook;
      this._stamp = '';
      void this.refresh();
    }
  }

  private async _ask(): Promise<void> {
    const notebook = this._notebook;
    try {
      const answer = await this._server.overview(notebook, this._stamp);
      if (notebook === this._notebook) {
        this._take(answer.store, answer.stamp, answer.active, answer.overview);
      }
    } catch (error) {
      this._say(error instanceof Error ? error.message : String(error));
      throw error; // the poll then asks less often
    }
  }

  private _take(
    store: string | null,
    stamp: string,
    active: RunLine | null,
    overview: Overview | null
  ): void {
    const isSame = stamp === this._stamp && this._problem === '' && active?.id === this._active?.id;
    this._isAsked = true;
    this._problem = '';
    this._store = store;
    this._stamp = stamp;
    this._active = active;
    this._overview = store === null ? null : overview ?? this._overview;
    if (!isSame || overview !== null || store === null) {
      this._changed.emit();
    }
  }

  private _say(problem: string): void {
    this._isAsked = true;
    if (problem !== this._problem) {
      this._problem = problem;
      this._changed.emit();
    }
  }
}
