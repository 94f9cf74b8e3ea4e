/** Everything one can do from the palette, a menu, the toolbar or a key. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette, InputDialog, Notification } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import { chooseRun } from './choosing';
import { runIcon } from './icon';
import { nameOf, runVisibly, showCell, showNotebook, word } from './notebooks';
import type { RunPage } from './page';
import type { Server } from './request';
import type { StoreModel } from './store';

export namespace CommandIDs {
  export const track = 'mlops:track';
  export const end = 'mlops:end';
  export const compare = 'mlops:compare';
  export const jump = 'mlops:jump';
  export const board = 'mlops:runs';
  export const open = 'mlops:open-run';
  export const refresh = 'mlops:refresh';
}

export interface Parts {
  readonly app: JupyterFrontEnd;
  readonly trans: TranslationBundle;
  readonly server: Server;
  readonly model: StoreModel;
  readonly tracker: INotebookTracker | null;
  readonly palette: ICommandPalette | null;
  readonly openPage: (store: string, run: string, name: string, other?: string) => RunPage;
  readonly openBoard: (store: string) => void;
  readonly front: () => Front;
}

/** What a command is about: of the page in front, else of the notebook in front; a run where it is of one. */
export interface Front {
  readonly store: string | null;
  readonly run: string | null;
}

const NOTICE_MILLISECONDS = 8000;

export function addCommands(parts: Parts): void {
  const { app, trans, model, tracker, palette } = parts;
  const { commands } = app;
  const hasNotebook = (): boolean => !!tracker?.currentWidget;
  const hasRuns = (): boolean => {
    const { store } = parts.front();
    return store !== null && (store !== model.store || (model.overview?.runs ?? 0) > 0);
  };
  const tried = async (done: Promise<void>): Promise<void> => {
    try {
      await done;
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      Notification.error(said, { autoClose: NOTICE_MILLISECONDS });
    }
  };

  commands.addCommand(CommandIDs.track, {
    label: trans.__('Start Tracking This Notebook'),
    caption: trans.__('Write and run a cell that starts recording a run'),
    icon: runIcon,
    isEnabled: hasNotebook,
    execute: args => track(parts, args.experiment as string | undefined)
  });
  commands.addCommand(CommandIDs.end, {
    label: trans.__('End the Run of This Notebook'),
    isEnabled: () => hasNotebook() && model.active !== null,
    execute: () => tracker?.currentWidget && runVisibly(tracker.currentWidget, '%mlops end')
  });
  commands.addCommand(CommandIDs.compare, {
    label: trans.__('Compare a Run with …'),
    isEnabled: hasRuns,
    execute: () => tried(compare(parts))
  });
  commands.addCommand(CommandIDs.jump, {
    label: trans.__('Jump to the Cell That Made This …'),
    isEnabled: hasRuns,
    execute: args => tried(jump(parts, (args.notebook ?? null) as string | null, args.cell as string | undefined))
  });
  commands.addCommand(CommandIDs.board, {
    label: trans.__('Show All Runs'),
    caption: trans.__('Sort, filter, select and compare the runs of the store'),
    icon: runIcon,
    isEnabled: args => !!args.store || hasRuns(),
    execute: args => {
      const store = (args.store as string | undefined) ?? parts.front().store;
      if (store !== null) {
        parts.openBoard(store);
      }
    }
  });
  commands.addCommand(CommandIDs.open, {
    label: trans.__('Open a Run'),
    isVisible: () => false,
    execute: args => {
      const { store, run, name, other } = args as Record<string, string>;
      parts.openPage(store, run, name, other);
    }
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Look at the Store Now'),
    execute: () => model.refresh()
  });
  const changed = (): void => commands.notifyCommandChanged();
  model.changed.connect(changed);
  tracker?.currentChanged.connect(changed);
  (app.shell as JupyterFrontEnd.IShell).currentChanged?.connect(changed);
  for (const command of [
    CommandIDs.track,
    CommandIDs.end,
    CommandIDs.compare,
    CommandIDs.jump,
    CommandIDs.board,
    CommandIDs.refresh
  ]) {
    palette?.addItem({ command, category: trans.__('MLOps') });
  }
}

async function track({ trans, tracker }: Parts, given?: string): Promise<void> {
  const panel = tracker?.currentWidget;
  if (!panel) {
    return;
  }
  const name = word((await ask(trans, nameOf(panel), given)) ?? '');
  if (name) {
    await runVisibly(panel, `%load_ext mlops_magics\n%mlops track ${name}`);
  }
}

async function ask(trans: TranslationBundle, text: string, given?: string): Promise<string | null> {
  if (given) {
    return given;
  }
  const answer = await InputDialog.getText({
    title: trans.__('Start Tracking'),
    label: trans.__('Experiment: what the variants have in common'),
    text,
    okLabel: trans.__('Start')
  });
  return answer.button.accept ? answer.value : null;
}

async function compare(parts: Parts): Promise<void> {
  const { trans, server } = parts;
  const { store, run } = parts.front();
  if (store === null) {
    say(trans.__('There is no store here, so there is no run to compare.'));
    return;
  }
  const shown = await server.run(store, run ?? '@last');
  const left = run ?? (await chooseRun(trans, trans.__('Compare this run'), [shown.run, ...shown.others]));
  if (left === null) {
    return;
  }
  const answer = left === shown.run.id ? shown : await server.run(store, left);
  const right = await chooseRun(trans, trans.__('Compare %1 with', answer.run.name), answer.others);
  if (right !== null) {
    await parts.openPage(store, answer.run.id, answer.run.name).compare(right);
  }
}

async function jump(parts: Parts, notebook: string | null, cell?: string): Promise<void> {
  const { app, trans, server, tracker } = parts;
  if (!cell) {
    const { store, run } = parts.front();
    const answer = store !== null && run !== null ? await server.run(store, run) : null;
    if (!answer) {
      say(trans.__('Open the page of a run first, or a notebook that is writing one.'));
      return;
    }
    if (answer.made.length === 0) {
      say(trans.__('No cell recorded anything of %1.', answer.run.name));
      return;
    }
    const items = answer.made.map(one => `${one.kind} ${one.what} – ${one.label}`);
    const asked = await InputDialog.getItem({ title: trans.__('Jump to the cell that made'), items });
    const chosen = asked.button.accept ? answer.made[items.indexOf(asked.value ?? '')] : undefined;
    if (!chosen) {
      return;
    }
    [notebook, cell] = [answer.notebook, chosen.cell];
  }
  if (notebook === null) {
    say(trans.__('The notebook of this run is not below the folder that the server shows.'));
    return;
  }
  const panel = tracker ? await showNotebook(app, tracker, notebook) : null;
  if (panel === null) {
    say(trans.__('%1 is not there any more.', notebook));
  } else if (panel && !showCell(panel, cell)) {
    say(trans.__('%1 has lost the cell.', notebook));
  }
}

/** A notice that stays long enough to be read, and is in the notification center then. */
function say(message: string): void {
  Notification.info(message, { autoClose: NOTICE_MILLISECONDS });
}
