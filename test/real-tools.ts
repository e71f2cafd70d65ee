/**
 * Programs that tests compare with. One that is missing is a visible skip on a developer's machine, and a failure where
 * `CI` is `true`: there nothing may go unproven in silence.
 */
import { spawnSync } from 'node:child_process';

function hasTool(name: string): boolean {
  return spawnSync('which', [name], { env: environment }).status === 0;
}

/** For `test.skipIf(!requireTool('fsck.fat'))`. */
export function requireTool(name: string): boolean {
  if (hasTool(name)) return true;
  if (process.env.CI === 'true') throw new Error(`${name} is missing, and this run must prove everything`);
  return false;
}

export interface ToolResult {
  readonly status: number;
  readonly output: string;
}

/** Runs a program to its end. Tools of the administrator are found, too. */
export function runTool(name: string, args: readonly string[], input?: string): ToolResult {
  const result = spawnSync(name, args, {
    env: environment,
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });
  if (result.error !== undefined) throw result.error;
  return { status: result.status ?? -1, output: result.stdout + result.stderr };
}

const environment = {
  ...process.env,
  PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`,
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  MTOOLS_SKIP_CHECK: '0',
};
