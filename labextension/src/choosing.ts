/** Which run is meant: one of those that are listed, or any other by its name. */

import { InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { RunLine } from './answers';

/** A run as it reads in a list, where several may have one name. */
export function labelOf(run: RunLine): string {
  return `${run.experiment} / ${run.name} (${run.id.slice(-8)})`;
}

/** One of these runs by its id, or another one as a person names it; null where nobody wants one. */
export async function chooseRun(
  trans: TranslationBundle,
  title: string,
  runs: readonly RunLine[]
): Promise<string | null> {
  const items = [...runs.map(labelOf), trans.__('another run …')];
  const answer = await InputDialog.getItem({ title, items });
  if (!answer.button.accept) {
    return null;
  }
  return runs[items.indexOf(answer.value ?? '')]?.id ?? nameRun(trans);
}

/** What a person calls a run; null where nobody wants one. What it means is Python's to say. */
export async function nameRun(trans: TranslationBundle): Promise<string | null> {
  const answer = await InputDialog.getText({
    title: trans.__('Another Run'),
    label: trans.__('Its name, a piece of its id, @last or @best:METRIC')
  });
  return (answer.button.accept && answer.value?.trim()) || null;
}
