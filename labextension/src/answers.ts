// Made by `python -m mlops_magics.faces.server.typescript`. Do not edit.

export type RunStatus = 'running' | 'finished' | 'failed' | 'interrupted';

export type VerdictValue = 'pass' | 'fail' | 'unknown';

export type CellState = 'running' | 'fresh' | 'edited' | 'out_of_order' | 'repeated' | 'stale' | 'failed' | 'outside';

/** A run in one line. `said` is what to say beside its name: the last value it logged, what it came to, or how long it took. */
export interface RunLine {
  readonly id: string;
  readonly name: string;
  readonly experiment: string;
  readonly status: RunStatus;
  readonly started: string;
  readonly said: string;
}

/** An experiment: how many runs it has, without the parts of others, and the newest of them. `metric` is the one that speaks for them, of which `said` is then the value alone; empty where there is none. */
export interface ExperimentLine {
  readonly name: string;
  readonly runs: number;
  readonly running: number;
  readonly metric: string;
  readonly newest: readonly RunLine[];
}

/** The newest answer to one question about a run; `said` is all of it, such as `drift of july: fail`. */
export interface VerdictLine {
  readonly question: string;
  readonly subject: string;
  readonly verdict: VerdictValue;
  readonly said: string;
}

/** A run that holds a model, and what was judged about it last. `aliases` are the names people give it. */
export interface ModelLine {
  readonly run: RunLine;
  readonly verdicts: readonly VerdictLine[];
  readonly aliases: readonly string[];
}

/** What a store holds. `folder` is the store as people read it; `notice` why this may be a little old. */
export interface Overview {
  readonly folder: string;
  readonly notice: string | null;
  readonly runs: number;
  readonly live: readonly RunLine[];
  readonly experiments: readonly ExperimentLine[];
  readonly models: readonly ModelLine[];
}

/** `store` is what further questions name the store by, None where a notebook has none. `overview` is None when it is as it was at the `stamp` the question named. `active` is the run that the notebook is writing now. */
export interface OverviewAnswer {
  readonly store: string | null;
  readonly stamp: string;
  readonly active: RunLine | null;
  readonly overview: Overview | null;
}

/** A file of a run; its content is had by its digest. */
export interface ArtifactLine {
  readonly name: string;
  readonly type: string;
  readonly size: string;
  readonly sha256: string;
  readonly cell: string | null;
}

/** What a run recorded, and the cell that recorded it: its id in the notebook, and what people call it. */
export interface MadeBy {
  readonly what: string;
  readonly kind: string;
  readonly cell: string;
  readonly label: string;
}

/** A metric that was logged more than once. */
export interface Curve {
  readonly key: string;
  readonly points: number;
}

/** Which curves to draw: all metrics of the runs where no keys are named, and the part of the x axis. The answer is :meth:`mlops_magics.compare.curves.Curves.to_dict`, for the drawing that the notebook's panels share. */
export interface CurvesQuestion {
  readonly store: string;
  readonly runs: readonly string[];
  readonly keys: readonly string[];
  readonly columns: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** One run, whole. `notebook` is its path from the server's root, None where it is not below it; `cells` and `lineage` are documents, as `html` is; `others` can be compared with it. */
export interface RunAnswer {
  readonly run: RunLine;
  readonly notebook: string | null;
  readonly html: string;
  readonly cells: string;
  readonly lineage: string;
  readonly curves: readonly Curve[];
  readonly made: readonly MadeBy[];
  readonly artifacts: readonly ArtifactLine[];
  readonly others: readonly RunLine[];
}

/** What differs between two runs, as a document, and which runs were meant. */
export interface DiffAnswer {
  readonly left: RunLine;
  readonly right: RunLine;
  readonly html: string;
}

/** A code cell as the notebook holds it now; `busy` when it was sent to the kernel and has not come back. */
export interface CellSource {
  readonly id: string;
  readonly source: string;
  readonly busy: boolean;
}

/** Every code cell of a notebook, from top to bottom; `notebook` is its path from the server's root. */
export interface MarksQuestion {
  readonly notebook: string;
  readonly cells: readonly CellSource[];
}

/** How a cell stands to a run. `stands` says that the run took something from it. */
export interface CellMark {
  readonly id: string;
  readonly state: CellState;
  readonly label: string;
  readonly sentence: string;
  readonly stands: boolean;
}

/** The marks of the cells of a notebook, for its newest run; without one there are none. */
export interface MarksAnswer {
  readonly run: RunLine | null;
  readonly sentence: string;
  readonly marks: readonly CellMark[];
}

/** Why a question has no answer, as every error of this package says it. */
export interface Problem {
  readonly message: string;
  readonly error: string;
}
