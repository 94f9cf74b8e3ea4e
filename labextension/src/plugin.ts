/** Puts the panel, the pages, the marks, the commands and the status item into JupyterLab or Notebook 7. */

import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import { Board } from './board';
import { addCommands, CommandIDs, Front } from './commands';
import { Marks } from './marks';
import { RunPage } from './page';
import { Panel } from './panel';
import { Server } from './request';
import { ActiveRun } from './status';
import { StoreModel } from './store';

const ID = 'mlops-magics:plugin';

const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Experiments, live runs and the cells they stand on, beside the notebook.',
  autoStart: true,
  optional: [
    INotebookTracker,
    ILabShell,
    ILayoutRestorer,
    ICommandPalette,
    ISettingRegistry,
    IStatusBar,
    ITranslator
  ],
  activate
};

function activate(
  app: JupyterFrontEnd,
  tracker: INotebookTracker | null,
  labShell: ILabShell | null,
  restorer: ILayoutRestorer | null,
  palette: ICommandPalette | null,
  registry: ISettingRegistry | null,
  statusBar: IStatusBar | null,
  translator: ITranslator | null
): void {
  const trans = (translator ?? nullTranslator).load('mlops_magics');
  const server = new Server(app.serviceManager.serverSettings);
  const model = new StoreModel(server, tracker);
  const pages = new WidgetTracker<MainAreaWidget<RunPage>>({ namespace: 'mlops-run' });

  const jump = (notebook: string | null, cell: string): void =>
    void app.commands.execute(CommandIDs.jump, { notebook, cell });

  const openPage = (store: string, run: string, name: string, other?: string): RunPage => {
    let page = pages.find(one => one.content.run === run && one.content.store === store);
    if (!page) {
      const content = new RunPage({ server, trans, jump }, store, run, name, other);
      page = new MainAreaWidget({ content });
      page.id = content.id;
      page.toolbar.hide();
      void pages.add(page);
      // The main area of Notebook 7 holds one document and nothing beside it.
      app.shell.add(page, labShell ? 'main' : 'right');
    } else if (other) {
      void page.content.compare(other);
    }
    app.shell.activateById(page.id);
    return page.content;
  };
  const boards = new WidgetTracker<MainAreaWidget<Board>>({ namespace: 'mlops-board' });
  const openBoard = (store: string): void => {
    let board = boards.find(one => one.content.store === store);
    if (!board) {
      const content = new Board(server, trans, model, store);
      board = new MainAreaWidget({ content });
      board.id = content.id;
      board.toolbar.hide();
      void boards.add(board);
      app.shell.add(board, labShell ? 'main' : 'right');
    }
    app.shell.activateById(board.id);
  };
  // Beside the one document of Notebook 7 nothing is the current widget.
  const isFront = (one: Widget): boolean => (labShell ? labShell.currentWidget === one : one.isVisible);
  const front = (): Front => {
    const page = pages.find(isFront)?.content;
    const store = page?.store ?? boards.find(isFront)?.content.store;
    return store === undefined
      ? { store: model.store, run: model.active?.id ?? null }
      : { store, run: page?.run ?? null };
  };
  const open = (run: { id: string; name: string }): void => {
    if (model.store !== null) {
      openPage(model.store, run.id, run.name);
    }
  };

  const panel = new Panel(model, { trans, open, openAll: () => model.store !== null && openBoard(model.store) });
  app.shell.add(panel, 'left', { rank: 600 });
  addCommands({
    app,
    trans,
    server,
    model,
    tracker,
    palette,
    openPage,
    openBoard,
    front
  });
  if (restorer) {
    restorer.add(panel, panel.id);
    void restorer.restore(pages, {
      command: CommandIDs.open,
      args: ({ content }) => ({ store: content.store, run: content.run, name: content.title.label }),
      name: ({ content }) => content.run
    });
    void restorer.restore(boards, {
      command: CommandIDs.board,
      args: ({ content }) => ({ store: content.store }),
      name: ({ content }) => content.store
    });
  }
  const statusChanged = new Signal<StoreModel, void>(model);
  model.changed.connect(() => statusChanged.emit());
  if (statusBar) {
    statusBar.registerStatusItem('mlops-magics:active', {
      item: new ActiveRun(model, trans, open),
      align: 'left',
      rank: 900,
      isActive: () => model.active !== null && isStatusShown,
      activeStateChanged: statusChanged
    });
  }

  let marks: Marks | null = null;
  let isStatusShown = true;
  const apply = (settings: ISettingRegistry.ISettings | null): void => {
    const wanted = (settings?.get('markers').composite ?? true) as boolean;
    if (tracker && wanted && !marks) {
      marks = new Marks(tracker, server, trans);
    } else if (!wanted) {
      marks?.dispose();
      marks = null;
    }
    isStatusShown = (settings?.get('statusBar').composite ?? true) as boolean;
    statusChanged.emit();
    model.seconds = (settings?.get('pollSeconds').composite ?? 1) as number;
  };
  // Another run, or the same one in another state, changes what the cells stand on.
  let active = '';
  model.changed.connect(() => {
    const now = model.active?.id ?? '';
    if (now !== active) {
      active = now;
      marks?.refresh();
    }
  });
  if (registry) {
    registry
      .load(ID)
      .then(settings => {
        apply(settings);
        settings.changed.connect(apply);
      })
      .catch(() => apply(null));
  } else {
    apply(null);
  }
}

export default plugin;
