/** The leaderboard of a store, in a tab of the main area, drawn by the module that the notebook's panel is drawn with. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { mount } from '../../mlops_magics/faces/panels/static/leaderboard.js';
import { runIcon } from './icon';
import type { Server } from './request';
import { BoardSource } from './source';
import type { StoreModel } from './store';

export class Board extends Widget {
  private readonly _source: BoardSource;
  private readonly _unmount: () => void;
  private _shown = '';

  constructor(
    server: Server,
    trans: TranslationBundle,
    private readonly _model: StoreModel,
    readonly store: string
  ) {
    super();
    this.id = `mlops-board-${store}`;
    this.addClass('mlops-Page');
    this.addClass('mlops-Board');
    this.title.label = trans.__('Runs');
    this.title.icon = runIcon;
    this.title.closable = true;
    this.node.tabIndex = 0;
    this._source = new BoardSource(trans, server, store);
    this._unmount = mount(this.node, this._source);
    _model.changed.connect(this._refresh, this);
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._model.changed.disconnect(this._refresh, this);
      this._unmount();
      super.dispose();
    }
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._refresh();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._refresh();
  }

  /** Ask again when a run began or ended, as far as somebody sees it. */
  private _refresh(): void {
    const { overview, store } = this._model;
    const now = store === this.store && overview ? `${overview.runs} ${overview.live.map(run => run.id)}` : '';
    if (this.isVisible && (now !== this._shown || !now)) {
      this._shown = now;
      this._source.refresh().catch(() => (this._shown = '')); // the panel says why, and the next look asks again
    }
  }
}
