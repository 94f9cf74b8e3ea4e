/** The page of one run, in a tab of the main area: what Python rendered, and the ways on from there. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { ArtifactLine, MadeBy, RunAnswer, RunLine } from './answers';
import { labelOf, nameRun } from './choosing';
import { Curves } from './curves';
import { runIcon } from './icon';
import type { Server } from './request';

/** What a page needs of the house it is in. */
export interface Surroundings {
  readonly server: Server;
  readonly trans: TranslationBundle;
  readonly jump: (notebook: string | null, cell: string) => void;
}

const SECONDS = 2;

export class RunPage extends ReactWidget {
  private readonly _changed = new Signal<this, void>(this);
  private readonly _poll: Poll;
  private _answer: RunAnswer | null = null;
  private _problem = '';
  private _other: RunLine | null = null;
  private _asked = 0;
  private _difference = '';

  constructor(
    private readonly _around: Surroundings,
    readonly store: string,
    readonly run: string,
    name: string,
    other = ''
  ) {
    super();
    this.id = `mlops-run-${run}`;
    this.addClass('mlops-Page');
    this.title.label = name;
    this.title.icon = runIcon;
    this.title.closable = true;
    this.node.tabIndex = 0;
    this._poll = new Poll({
      name: `mlops-magics:run-${run}`,
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: SECONDS * 1000, backoff: true, max: 30_000 },
      standby: () => document.hidden || !this.isVisible || this._isOver
    });
    void this._poll.start();
    if (other) {
      void this.compare(other);
    }
  }

  /** Show what differs between this run and another, which may be named in any way; an empty name shows nothing. */
  async compare(other: string): Promise<void> {
    const number = ++this._asked;
    this._other = null;
    this._difference = '';
    this._problem = '';
    this._changed.emit();
    if (other) {
      try {
        const shown = await this._around.server.diff(this.store, this.run, other);
        if (number === this._asked) {
          this._other = shown.right;
          this._difference = shown.html;
        }
      } catch (error) {
        this._problem = error instanceof Error ? error.message : String(error);
      }
      this._changed.emit();
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._poll.dispose();
      Signal.clearData(this);
      super.dispose();
    }
  }

  protected render(): JSX.Element {
    return <UseSignal signal={this._changed}>{() => this._content()}</UseSignal>;
  }

  private get _isOver(): boolean {
    return this._answer !== null && this._answer.run.status !== 'running';
  }

  private async _ask(): Promise<void> {
    try {
      this._answer = await this._around.server.run(this.store, this.run);
      this.title.label = this._answer.run.name;
      this._problem = '';
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      this._changed.emit();
    }
  }

  private _content(): JSX.Element {
    const { trans, server } = this._around;
    const answer = this._answer;
    if (!answer) {
      return <p className="mlops-quiet" role="status">{this._problem || trans.__('Reading the run …')}</p>;
    }
    const jump = (cell: string): void => this._around.jump(answer.notebook, cell);
    return (
      <>
        {this._problem && <p className="mlops-problem" role="status">{this._problem}</p>}
        <Html html={answer.html} />
        {answer.curves.length > 0 && (
          <Part title={trans.__('Curves')} open>
            <Curves
              trans={trans}
              server={server}
              store={this.store}
              runs={this._other ? [this.run, this._other.id] : [this.run]}
              isLive={answer.run.status === 'running'}
            />
          </Part>
        )}
        <Part title={trans.__('Cells in the order they ran')}>
          <Html html={answer.cells} />
        </Part>
        <Part title={trans.__('Difference to another run')} open>
          <Others
            trans={trans}
            others={answer.others}
            other={this._other}
            choose={run => void this.compare(run)}
            nameAnother={() => void this._nameAnother()}
          />
          <div aria-live="polite" className="mlops-difference">
            {this._difference && <Html html={this._difference} />}
          </div>
        </Part>
        {answer.made.length > 0 && (
          <Part title={trans.__('What was recorded, and by which cell')}>
            <Made made={answer.made} trans={trans} jump={jump} />
          </Part>
        )}
        {answer.artifacts.length > 0 && (
          <Part title={trans.__('Files')}>
            <Files files={answer.artifacts} trans={trans} save={file => void this._save(file)} />
          </Part>
        )}
        <Part title={trans.__('Lineage')}>
          <Html html={answer.lineage} />
        </Part>
      </>
    );
  }

  private async _nameAnother(): Promise<void> {
    const named = await nameRun(this._around.trans);
    if (named) {
      await this.compare(named);
    }
  }

  private async _save(file: ArtifactLine): Promise<void> {
    const content = await this._around.server.artifact(this.store, this.run, file.sha256);
    const address = URL.createObjectURL(content);
    const link = document.createElement('a');
    link.href = address;
    link.download = file.name;
    link.click();
    URL.revokeObjectURL(address);
  }
}

/** A document as the server's Python rendered it, in which every text is escaped. */
function Html({ html }: { html: string }): JSX.Element {
  return <div className="mlops-document" dangerouslySetInnerHTML={{ __html: html }} />;
}

function Part({
  title,
  open = false,
  children
}: React.PropsWithChildren<{ title: string; open?: boolean }>): JSX.Element {
  const [isOpen, setOpen] = React.useState(open);
  return (
    <details className="mlops-part" open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen && children}
    </details>
  );
}

interface Comparing {
  readonly trans: TranslationBundle;
  readonly others: readonly RunLine[];
  readonly other: RunLine | null;
  readonly choose: (run: string) => void;
  readonly nameAnother: () => void;
}

/** The newest runs to choose from, and any other by its name. */
function Others({ trans, others, other, choose, nameAnother }: Comparing): JSX.Element {
  const isTold = other === null || others.some(run => run.id === other.id);
  return (
    <div className="mlops-choice">
      <label>
        {trans.__('Compare with')}{' '}
        <select className="jp-mod-styled" value={other?.id ?? ''} onChange={event => choose(event.target.value)}>
          <option value="">{trans.__('choose a run')}</option>
          {(isTold ? others : [other, ...others]).map(run => (
            <option key={run.id} value={run.id}>{labelOf(run)}</option>
          ))}
        </select>
      </label>
      <button type="button" className="mlops-link" onClick={nameAnother}>{trans.__('another run …')}</button>
    </div>
  );
}

interface Making {
  readonly made: readonly MadeBy[];
  readonly trans: TranslationBundle;
  readonly jump: (cell: string) => void;
}

function Made({ made, trans, jump }: Making): JSX.Element {
  return (
    <table className="mlops-table">
      <thead>
        <tr>
          <th scope="col">{trans.__('what')}</th>
          <th scope="col">{trans.__('kind')}</th>
          <th scope="col">{trans.__('made by')}</th>
        </tr>
      </thead>
      <tbody>
        {made.map(one => (
          <tr key={`${one.kind} ${one.what}`}>
            <th scope="row">{one.what}</th>
            <td>{one.kind}</td>
            <td>
              <button type="button" className="mlops-link" onClick={() => jump(one.cell)}>
                {one.label}
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Saving {
  readonly files: readonly ArtifactLine[];
  readonly trans: TranslationBundle;
  readonly save: (file: ArtifactLine) => void;
}

function Files({ files, trans, save }: Saving): JSX.Element {
  return (
    <table className="mlops-table">
      <thead>
        <tr>
          <th scope="col">{trans.__('file')}</th>
          <th scope="col">{trans.__('type')}</th>
          <th scope="col">{trans.__('size')}</th>
        </tr>
      </thead>
      <tbody>
        {files.map(file => (
          <tr key={`${file.name} ${file.sha256}`}>
            <th scope="row">
              <button
                type="button"
                className="mlops-link"
                title={trans.__('Save a copy')}
                onClick={() => save(file)}
              >
                {file.name}
              </button>
            </th>
            <td>{file.type}</td>
            <td>{file.size}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
