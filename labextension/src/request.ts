/** Questions to the server's extension, and the one way they fail. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
  DiffAnswer,
  MarksAnswer,
  MarksQuestion,
  OverviewAnswer,
  Problem,
  RunAnswer
} from './answers';

/** A question that has no answer, in the words of the Python error. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem
  ) {
    super(problem.message);
  }
}

type Words = Record<string, string | number | readonly string[]>;

/** Everything that can be asked. `store` is what an overview named it. */
export class Server {
  constructor(readonly settings: ServerConnection.ISettings) {}

  overview(notebook: string, stamp: string): Promise<OverviewAnswer> {
    return this.ask('overview', { notebook, stamp });
  }

  /** The run is named as everywhere. */
  run(store: string, run: string): Promise<RunAnswer> {
    return this.ask('run', { store, run });
  }

  curves(words: Words): Promise<unknown> {
    return this.ask('curves', words);
  }

  board(store: string): Promise<unknown> {
    return this.ask('board', { store });
  }

  meeting(store: string, where: string): Promise<unknown> {
    return this.ask('meeting', { store, where });
  }

  /** The runs are named as everywhere: by an id, a piece of it, a name, `@best:METRIC`. */
  diff(store: string, left: string, right: string): Promise<DiffAnswer> {
    return this.ask('diff', { store, left, right });
  }

  marks(question: MarksQuestion): Promise<MarksAnswer> {
    return this.ask('marks', {}, { method: 'POST', body: JSON.stringify(question) });
  }

  async artifact(store: string, run: string, sha256: string): Promise<Blob> {
    return (await this.response('artifact', { store, run, sha256 })).blob();
  }

  private async ask<T>(name: string, words: Words, init: RequestInit = {}): Promise<T> {
    return (await this.response(name, words, init)).json();
  }

  private async response(name: string, words: Words, init: RequestInit = {}): Promise<Response> {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(words)) {
      const values = Array.isArray(value) ? value : [value];
      values.forEach(one => query.append(key, String(one)));
    }
    const address = URLExt.join(this.settings.baseUrl, 'mlops', name);
    const response = await ServerConnection.makeRequest(`${address}?${query}`, init, this.settings);
    if (!response.ok) {
      throw new Refused(response.status, await problemOf(response));
    }
    return response;
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const said = await response.json().catch(() => ({}));
  return { message: said.message ?? response.statusText, error: said.error ?? '' };
}
