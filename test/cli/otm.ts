/** Starts the command as a user does. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../bin/otm.mjs', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface OtmOptions {
  readonly cwd?: string;
  readonly env?: { readonly [name: string]: string };
  readonly bin?: string;
}

/** Without a terminal and without colours that the machine of the test may ask for. */
export function otm(args: readonly string[], { cwd, env = {}, bin: file = bin }: OtmOptions = {}): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: cleanEnvironment(env),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  // The line that a checkout says when it builds is no business of a test.
  return { status, stdout, stderr: stderr.replace('otm: building ...\n', '') };
}

export function cleanEnvironment(env: { readonly [name: string]: string } = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _force, NO_COLOR: _no, npm_lifecycle_event: _event, ...rest } = process.env;
  return { ...rest, ...env };
}

export function jsonLines(text: string): { readonly [key: string]: unknown }[] {
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
}
