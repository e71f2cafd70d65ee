/** Runs what `run` and `suite` have in common: scenarios over seeds, with files, interruption, and the exit code. */
import { listenForInterrupt } from '../host/interrupt.ts';
import { prepareFolder } from '../host/output-files.ts';
import { runSession, type SessionOptions } from '../host/session.ts';
import type { SuiteEnd } from '../host/suite.ts';
import { UserErrors } from '../host/user-errors.ts';
import { workingFolder } from '../host/working-folder.ts';
import { isGreen } from '../reports/suite-report.ts';
import { commandLineError } from './error-codes.ts';
import { exitCodes } from './exit-codes.ts';
import { progressTeller } from './progress.ts';
import { openResultFiles, type ResultFileOptions } from './result-files.ts';
import { outputEnded, type Terminal } from './terminal.ts';

type SessionPart = 'scenarios' | 'seedsOf' | 'methods' | 'keep' | 'failFast' | 'limitMs' | 'onResult';

export interface Execution extends Pick<SessionOptions, SessionPart> {
  /** One run of one variant: its line stands alone. */
  readonly isSingle: boolean;
  readonly files: ResultFileOptions;
}

export interface Executed {
  readonly end: SuiteEnd;
  readonly exitCode: number;
}

export async function execute(execution: Execution, terminal: Terminal): Promise<Executed> {
  if (execution.keep !== null) prepareFolder(execution.keep);
  const reads = execution.scenarios.flatMap(loaded => loaded.reads);
  const files = openResultFiles(execution.files, execution.isSingle, reads);
  const interrupt = listenForInterrupt();
  const progress = progressTeller(terminal);
  try {
    const end = await runSession({
      ...execution,
      signal: AbortSignal.any([interrupt.signal, outputEnded]),
      folder: workingFolder(),
      onResult: (result, loaded) => {
        files.add(result);
        progress.clear();
        execution.onResult(result, loaded);
      },
      onProgress: progress.tell,
    });
    progress.clear();
    files.finish(execution.isSingle ? null : end.result);
    const interrupted = interrupt.exitCode();
    if (interrupted === null) refuseNothing(end);
    return { end, exitCode: interrupted ?? exitCodeOf(end) };
  } catch (error) {
    progress.clear();
    files.discard();
    throw error;
  } finally {
    interrupt.stopListening();
  }
}

/** Nothing run is never green. */
function refuseNothing({ result, endedEarly }: SuiteEnd): void {
  if (result.notRun < result.runs) return;
  const why = endedEarly === null ? 'there was nothing to run' : endedEarly;
  throw new UserErrors([commandLineError('nothing-run', `nothing was run: ${why}`)]);
}

function exitCodeOf({ result }: SuiteEnd): number {
  if (result.defects > 0) return exitCodes.defect;
  return isGreen(result) ? exitCodes.passes : exitCodes.fails;
}
