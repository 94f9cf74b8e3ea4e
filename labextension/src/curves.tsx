/** The curves of a run, as Python drew them. */

import * as React from 'react';

import type { Server } from './request';

interface Drawing {
  readonly server: Server;
  readonly store: string;
  readonly run: string;
  readonly keys: readonly string[];
  readonly isLive: boolean;
}

const SECONDS = 2;

export function Curves({ server, store, run, isLive }: Drawing): JSX.Element {
  const [html, setHtml] = React.useState('');
  React.useEffect(() => {
    let isGone = false;
    const ask = async (): Promise<void> => {
      if (!document.hidden) {
        const shown = await server.drawn(store, run);
        if (!isGone) {
          setHtml(shown.html);
        }
      }
    };
    void ask().catch(() => undefined);
    const timer = isLive ? window.setInterval(() => void ask().catch(() => undefined), SECONDS * 1000) : 0;
    return () => {
      isGone = true;
      window.clearInterval(timer);
    };
  }, [server, store, run, isLive]);
  return <div className="mlops-document mlops-curves" dangerouslySetInnerHTML={{ __html: html }} />;
}
