/** Progress on standard error: one line that is written over for a person, a line each 30 s for a log. */

import { progressLine } from '../reports/suite-report.ts';
import type { SuiteProgress } from '../sim/result.ts';
import type { Terminal } from './terminal.ts';

const watchedSeconds = 0.2;
const loggedSeconds = 30;

export interface ProgressTeller {
  tell(progress: SuiteProgress): void;
  /** Takes the line away that is written over. */
  clear(): void;
}

export function progressTeller(terminal: Terminal): ProgressTeller {
  const every = terminal.isWatched ? watchedSeconds : loggedSeconds;
  let next = every;
  let isShown = false;
  const clear = () => {
    if (isShown) terminal.err('\r\u001b[K');
    isShown = false;
  };
  return {
    clear,
    tell: progress => {
      if (terminal.volume !== 'normal' || progress.seconds < next) return;
      next = progress.seconds + every;
      if (!terminal.isWatched) {
        terminal.err(`${progressLine(progress)}\n`);
        return;
      }
      clear();
      terminal.err(progressLine(progress));
      isShown = true;
    },
  };
}
