/** The panel on the left: what the store of the current notebook holds. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ExperimentLine, ModelLine, Overview, RunLine } from './answers';
import { runIcon } from './icon';
import type { StoreModel } from './store';

type Open = (run: RunLine) => void;

interface Parts {
  readonly trans: TranslationBundle;
  readonly open: Open;
}

interface PanelParts extends Parts {
  readonly openAll: () => void;
}

export class Panel extends ReactWidget {
  constructor(
    private readonly _model: StoreModel,
    private readonly _parts: PanelParts
  ) {
    super();
    this.id = 'mlops-panel';
    this.addClass('mlops-Panel');
    this.title.icon = runIcon;
    this.title.caption = _parts.trans.__('MLOps: experiments, runs and models');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _parts.trans.__('MLOps'));
  }

  protected render(): JSX.Element {
    return (
      <UseSignal signal={this._model.changed}>
        {() => <Content model={this._model} {...this._parts} />}
      </UseSignal>
    );
  }
}

function Content({ model, trans, open, openAll }: PanelParts & { model: StoreModel }): JSX.Element {
  const { overview, problem, isAsked } = model;
  if (problem) {
    return <p className="mlops-quiet" role="status">{trans.__('The server does not answer: %1', problem)}</p>;
  }
  if (!overview) {
    const said = isAsked
      ? trans.__('No run was recorded in this folder yet. In a notebook: %load_ext mlops_magics, then %mlops track NAME.')
      : trans.__('Looking …');
    return <p className="mlops-quiet" role="status">{said}</p>;
  }
  return (
    <>
      <p className="mlops-quiet mlops-folder" title={overview.folder}>
        {trans._n('%1 run in %2', '%1 runs in %2', overview.runs, overview.folder)}
      </p>
      {overview.runs > 0 && (
        <button type="button" className="mlops-link" onClick={openAll}>
          {trans.__('Show all runs')}
        </button>
      )}
      {overview.notice && <p className="mlops-quiet" role="status">{overview.notice}</p>}
      <Live overview={overview} trans={trans} open={open} />
      <Section title={trans.__('Experiments')}>
        {overview.experiments.map(one => (
          <Experiment key={one.name} experiment={one} trans={trans} open={open} openAll={openAll} />
        ))}
      </Section>
      <Section title={trans.__('Models')}>
        {overview.models.length === 0 && <p className="mlops-quiet">{trans.__('No run keeps a model yet.')}</p>}
        <ul className="mlops-list">
          {overview.models.map(one => (
            <Model key={one.run.id} model={one} trans={trans} open={open} />
          ))}
        </ul>
      </Section>
    </>
  );
}

function Section({ title, children }: React.PropsWithChildren<{ title: string }>): JSX.Element {
  return (
    <section aria-label={title}>
      <h2 className="mlops-heading">{title}</h2>
      {children}
    </section>
  );
}

function Live({ overview, trans, open }: Parts & { overview: Overview }): JSX.Element | null {
  if (overview.live.length === 0) {
    return null;
  }
  return (
    <Section title={trans.__('Live')}>
      <ul className="mlops-list">
        {overview.live.map(run => (
          <Run key={run.id} run={run} open={open} trans={trans}>
            <span className="mlops-quiet mlops-below">{run.said}</span>
          </Run>
        ))}
      </ul>
    </Section>
  );
}

function Experiment({ experiment, trans, open, openAll }: PanelParts & { experiment: ExperimentLine }): JSX.Element {
  const hidden = experiment.runs - experiment.newest.length;
  return (
    <details className="mlops-experiment" open>
      <summary>
        {experiment.name}
        <span className="mlops-quiet mlops-count">{experiment.runs}</span>
        {experiment.metric && <span className="mlops-quiet mlops-spoken">{experiment.metric}</span>}
      </summary>
      <ul className="mlops-list">
        {experiment.newest.map(run => (
          <Run key={run.id} run={run} open={open} trans={trans} />
        ))}
      </ul>
      {hidden > 0 && (
        <button type="button" className="mlops-link" onClick={openAll}>
          {trans._n('%1 more run', '%1 more runs', hidden)}
        </button>
      )}
    </details>
  );
}

function Run({
  run,
  open,
  trans,
  children
}: React.PropsWithChildren<Parts & { run: RunLine }>): JSX.Element {
  // What is said of a run of some experiment has a line of its own, below.
  const isWhole = children !== undefined;
  return (
    <li>
      <button
        type="button"
        className="mlops-run"
        data-run={run.id}
        data-status={run.status}
        title={trans.__('%1 / %2: %3, started %4', run.experiment, run.name, run.status, run.started)}
        onClick={() => open(run)}
      >
        <span className="mlops-dot" data-status={run.status} role="img" aria-label={run.status} />
        <span className="mlops-name">{isWhole ? `${run.experiment} / ${run.name}` : run.name}</span>
        {!isWhole && <span className="mlops-quiet mlops-said">{run.said}</span>}
      </button>
      {children}
    </li>
  );
}

function Model({ model, trans, open }: Parts & { model: ModelLine }): JSX.Element {
  return (
    <Run run={model.run} open={open} trans={trans}>
      <span className="mlops-quiet mlops-below">{model.run.said}</span>
      <span className="mlops-verdicts">
        {model.aliases.map(alias => (
          <span key={alias} className="mlops-alias">{alias}</span>
        ))}
        {model.verdicts.map(one => (
          <span
            key={`${one.question} ${one.subject}`}
            className="mlops-verdict"
            data-verdict={one.verdict}
          >
            {one.said}
          </span>
        ))}
      </span>
    </Run>
  );
}
