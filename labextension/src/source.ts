/** What a panel's drawing is mounted on, answered by the server where a widget's is answered by a kernel. */

import type { Server } from './request';

/** The contract of `faces/panels/static`: a value by name, news of it, and questions. */
export interface PanelSource {
  get(name: string): unknown;
  on(name: string, callback: () => void): () => void;
  set(name: string, value: unknown): void;
  ask(question: Zoom): Promise<unknown>;
}

export interface Zoom {
  readonly kind: 'zoom';
  readonly low: number;
  readonly high: number;
  readonly columns: number;
  readonly keys: readonly string[];
}

const COLUMNS = 800;

/** The curves of runs, asked of the server. */
export class CurveSource implements PanelSource {
  private readonly _callbacks = new Set<() => void>();
  private _curves: unknown = null;

  constructor(
    private readonly _server: Server,
    private readonly _store: string,
    private readonly _runs: readonly string[]
  ) {}

  get(_: string): unknown {
    return this._curves;
  }

  on(_: string, callback: () => void): () => void {
    this._callbacks.add(callback);
    return () => this._callbacks.delete(callback);
  }

  set(): void {
    // What one does to the drawing stays in the drawing.
  }

  ask({ keys, columns, low, high }: Zoom): Promise<unknown> {
    return this._server.curves({ store: this._store, run: this._runs, key: keys, columns, low, high });
  }

  /** Ask for all of it again. */
  async refresh(): Promise<void> {
    this._curves = await this._server.curves({ store: this._store, run: this._runs, columns: COLUMNS });
    this._callbacks.forEach(callback => callback());
  }
}
