/** The run that the current notebook is writing, in the status bar. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { RunLine } from './answers';
import type { StoreModel } from './store';

export class ActiveRun extends ReactWidget {
  constructor(
    private readonly _model: StoreModel,
    private readonly _trans: TranslationBundle,
    private readonly _open: (run: RunLine) => void
  ) {
    super();
    this.addClass('mlops-Status');
  }

  protected render(): JSX.Element {
    return <UseSignal signal={this._model.changed}>{() => this._content()}</UseSignal>;
  }

  private _content(): JSX.Element | null {
    const run = this._model.active;
    if (!run) {
      return null;
    }
    return (
      <button
        type="button"
        className="mlops-active"
        title={this._trans.__('This notebook is being recorded. Open the run')}
        onClick={() => this._open(run)}
      >
        <span className="mlops-dot" data-status={run.status} aria-hidden="true" />
        {`${run.experiment} / ${run.name}`}
      </button>
    );
  }
}
