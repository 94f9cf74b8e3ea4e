/** Everything one can do from the palette, a menu, the toolbar or a key. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette, InputDialog, Notification } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Overview, RunLine } from './answers';
import { runIcon } from './icon';
import { nameOf, runVisibly, showCell, word } from './notebooks';
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
  readonly currentPage: () => RunPage | null;
}

export function addCommands(parts: Parts): void {
  const { app, trans, model, tracker, palette } = parts;
  const { commands } = app;
  const hasNotebook = (): boolean => !!tracker?.currentWidget;
  const hasRuns = (): boolean => (model.overview?.runs ?? 0) > 0;

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
    execute: () => compare(parts)
  });
  commands.addCommand(CommandIDs.jump, {
    label: trans.__('Jump to the Cell That Made This …'),
    isEnabled: hasRuns,
    execute: args => jump(parts, args.notebook as string | null, args.cell as string | undefined)
  });
  commands.addCommand(CommandIDs.board, {
    label: trans.__('Show All Runs'),
    caption: trans.__('Sort, filter, select and compare the runs of the store'),
    icon: runIcon,
    isEnabled: args => !!args.store || hasRuns(),
    execute: args => {
      const store = (args.store as string | undefined) ?? model.store;
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
  const { trans, model } = parts;
  await model.refresh();
  const runs = model.overview ? runsOf(model.overview) : [];
  const current = parts.currentPage()?.run ?? model.active?.id;
  const left = current ? runs.find(run => run.id === current) : await choose(trans, trans.__('Compare this run'), runs);
  if (!left || model.store === null) {
    return;
  }
  const rest = runs.filter(run => run.id !== left.id);
  const right = await choose(trans, trans.__('Compare %1 with', left.name), rest);
  if (right) {
    const page = parts.openPage(model.store, left.id, left.name);
    await page.compare(right.id);
  }
}

async function jump(parts: Parts, notebook: string | null, cell?: string): Promise<void> {
  const { app, trans, server, model, tracker } = parts;
  const store = model.store;
  if (!cell && store !== null) {
    const answer =
      parts.currentPage()?.answer ?? (model.active ? await server.run(store, model.active.id) : null);
    const made = answer?.made ?? [];
    const items = made.map(one => `${one.kind} ${one.what} – ${one.label}`);
    const asked = items.length
      ? await InputDialog.getItem({ title: trans.__('Jump to the cell that made'), items })
      : null;
    const chosen = asked?.button.accept ? made[items.indexOf(asked.value ?? '')] : undefined;
    cell = chosen?.cell;
    notebook = answer?.notebook ?? null;
    if (!items.length) {
      Notification.info(trans.__('No run is open here that recorded anything.'));
    }
  }
  if (cell && tracker) {
    const panel = showCell(tracker, notebook, cell);
    if (panel) {
      app.shell.activateById(panel.id);
    } else {
      Notification.info(trans.__('The cell is in %1, which is not open or has lost it.', notebook ?? '?'));
    }
  }
}

async function choose(
  trans: TranslationBundle,
  title: string,
  runs: readonly RunLine[]
): Promise<RunLine | undefined> {
  const items = runs.map(run => `${run.experiment} / ${run.name} (${run.id.slice(-8)})`);
  const answer = await InputDialog.getItem({ title, items, okLabel: trans.__('Compare') });
  return answer.button.accept ? runs[items.indexOf(answer.value ?? '')] : undefined;
}

function runsOf(overview: Overview): RunLine[] {
  return overview.experiments.flatMap(one => [...one.newest]);
}
