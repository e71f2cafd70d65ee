/** What the commands on disks have in common: interruption, lines about what goes on, paths that are named twice. */
import { type DiskContext, Interrupted } from '../host/disk/disk-session.ts';
import { diskError } from '../host/disk/error-codes.ts';
import { listenForInterrupt } from '../host/interrupt.ts';
import { UserErrors } from '../host/user-errors.ts';
import { workingFolder } from '../host/working-folder.ts';
import { tellErrors } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { type CommonOptions, openTerminal, type Terminal } from './terminal.ts';

export async function onDisks(
  options: CommonOptions,
  whenInterrupted: string,
  act: (context: DiskContext, terminal: Terminal) => Promise<number>,
): Promise<number> {
  const terminal = openTerminal(options);
  workingFolder();
  const interrupt = listenForInterrupt();
  const tell = (line: string) => {
    if (terminal.volume === 'normal' && !terminal.json) terminal.err(`otm: ${line}\n`);
  };
  try {
    return await act({ signal: interrupt.signal, tell, nowMs: () => Date.now() }, terminal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    tellErrors(
      new UserErrors([diskError('interrupted', `ended by ${interrupt.signal.reason}`, whenInterrupted)]),
      terminal,
    );
    return interrupt.exitCode() ?? exitCodes.badInput;
  } finally {
    interrupt.stopListening();
  }
}
