/** What a panel's drawing is mounted on, answered by the server where a widget's is answered by a kernel. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Server } from './request';

/** The contract of `faces/panels/static`: its words, a value by name, news of it, and questions. */
export interface PanelSource {
  readonly trans: Pick<TranslationBundle, '__' | '_n'>;
  get(name: string): unknown;
  on(name: string, callback: () => void): () => void;
  set(name: string, value: unknown): void;
  ask(question: Question): Promise<unknown>;
}

/** What a drawing asks: more detail of curves, the runs that meet a condition, a difference, curves of some runs. */
export interface Question {
  readonly kind: 'zoom' | 'filter' | 'diff' | 'curves';
  readonly runs: readonly string[];
  readonly where: string;
  readonly low: number;
  readonly high: number;
  readonly columns: number;
  readonly keys: readonly string[];
}

const COLUMNS = 800;

/** Values that drawings follow. */
abstract class Source implements PanelSource {
  private readonly _values = new Map<string, unknown>();
  private readonly _callbacks = new Map<string, Set<() => void>>();

  constructor(readonly trans: TranslationBundle) {}

  get(name: string): unknown {
    return this._values.get(name) ?? null;
  }

  on(name: string, callback: () => void): () => void {
    const held = this._callbacks.get(name) ?? new Set();
    this._callbacks.set(name, held.add(callback));
    return () => held.delete(callback);
  }

  /** What one does to a drawing: it knows already. */
  set(name: string, value: unknown): void {
    this._values.set(name, value);
  }

  abstract ask(question: Question): Promise<unknown>;

  /** What is so now, for all to take. */
  protected put(name: string, value: unknown): void {
    this._values.set(name, value);
    this._callbacks.get(name)?.forEach(callback => callback());
  }
}

/** The curves of runs, asked of the server. */
export class CurveSource extends Source {
  constructor(
    trans: TranslationBundle,
    private readonly _server: Server,
    private readonly _store: string,
    private readonly _runs: readonly string[]
  ) {
    super(trans);
  }

  ask({ keys, columns, low, high }: Question): Promise<unknown> {
    return this._server.curves({ store: this._store, run: this._runs, key: keys, columns, low, high });
  }

  /** Ask for all of it again. */
  async refresh(): Promise<void> {
    const words = { store: this._store, run: this._runs, columns: COLUMNS };
    this.put('curves', await this._server.curves(words));
  }
}

/** Every run of a store, asked of the server. */
export class BoardSource extends Source {
  constructor(
    trans: TranslationBundle,
    private readonly _server: Server,
    private readonly _store: string
  ) {
    super(trans);
  }

  ask(question: Question): Promise<unknown> {
    const { kind, runs, where, keys, columns, low, high } = question;
    const store = this._store;
    switch (kind) {
      case 'filter':
        return this._server.meeting(store, where);
      case 'diff':
        return this._server.diff(store, runs[0], runs[1]);
      case 'curves':
        return this._server.curves({ store, run: runs, columns: COLUMNS });
      default:
        return this._server.curves({ store, run: runs, key: keys, columns, low, high });
    }
  }

  /** Ask for all of it again. */
  async refresh(): Promise<void> {
    this.put('table', await this._server.board(this._store));
  }
}
