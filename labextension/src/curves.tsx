/** The curves of runs over each other, drawn by the module that the notebook's panels draw with. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';
import * as React from 'react';

import { mountCurves } from '../../mlops_magics/faces/panels/static/curves.js';
import type { Server } from './request';
import { CurveSource } from './source';

interface Drawing {
  readonly trans: TranslationBundle;
  readonly server: Server;
  readonly store: string;
  readonly runs: readonly string[];
  readonly isLive: boolean;
}

const SECONDS = 1;

export function Curves({ trans, server, store, runs, isLive }: Drawing): JSX.Element {
  const place = React.useRef<HTMLDivElement>(null);
  const named = runs.join(' ');
  React.useEffect(() => {
    const element = place.current as HTMLDivElement;
    const source = new CurveSource(trans, server, store, named.split(' '));
    const dispose = mountCurves(element, source);
    const isSeen = (): boolean => !document.hidden && element.offsetParent !== null;
    let isDrawn = false;
    const poll = new Poll({
      name: `mlops-magics:curves-${named}`,
      auto: false,
      factory: async () => {
        await source.refresh();
        isDrawn = true;
      },
      frequency: { interval: SECONDS * 1000, backoff: true, max: 30_000 },
      standby: () => isDrawn && (!isLive || !isSeen())
    });
    void poll.start();
    return () => {
      poll.dispose();
      dispose();
    };
  }, [trans, server, store, named, isLive]);
  return <div ref={place} />;
}
