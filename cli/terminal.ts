/** Where a command prints, how much, and in which colours. */
import { type ColorSupportLevel, supportsColor } from 'chalk';
import { systemReason } from '../host/error-codes.ts';
import { makeStyle, type Style } from '../reports/style.ts';
import { exitCodes } from './exit-codes.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly silent?: boolean;
  readonly color?: boolean;
}

export interface Terminal {
  /** Standard output holds nothing but JSON. */
  readonly json: boolean;
  /** `silent`: nothing but errors; `quiet`: what did not come out as expected, and the last line. */
  readonly volume: 'normal' | 'quiet' | 'silent';
  readonly width: number;
  readonly style: Style;
  /** A person is looking at standard error: a line may be written over. */
  readonly isWatched: boolean;
  /** Results. Nothing when silent. */
  out(text: string): void;
  /** What goes on, and what went wrong. */
  err(text: string): void;
}

const widthWithoutTerminal = 80;

export function openTerminal(options: CommonOptions): Terminal {
  const { stdout, stderr } = process;
  const volume = options.silent === true ? 'silent' : options.quiet === true ? 'quiet' : 'normal';
  return {
    json: options.json === true,
    volume,
    width: stdout.columns ?? widthWithoutTerminal,
    style: makeStyle(colourLevel(options, supportsColor)),
    isWatched: stderr.isTTY === true && options.json !== true && volume === 'normal',
    out: text => {
      if (ended.signal.aborted) return;
      if (volume !== 'silent' || options.json === true) print(stdout, text);
    },
    err: text => print(stderr, text),
  };
}

/** `--no-color` and `--color` win over FORCE_COLOR, which wins over NO_COLOR, which wins over what the terminal can. */
function colourLevel({ color, json }: CommonOptions, supported: { readonly level: number } | false): ColorSupportLevel {
  if (color === false || json === true) return 0;
  const { FORCE_COLOR: forced, NO_COLOR: refused } = process.env;
  const level = supported === false ? 0 : supported.level;
  if (color === true) return level === 2 || level === 3 ? level : 1;
  if (forced === '0' || forced === 'false') return 0;
  if (forced === undefined && refused !== undefined && refused !== '') return 0;
  if (forced !== undefined && level === 0) return 1;
  return level === 0 || level === 1 || level === 2 || level === 3 ? level : 0;
}

const ended = new AbortController();
let isOutputLost = false;

/** Aborted when nobody takes what is printed any more: what goes on ends in good order, its files are finished. */
export const outputEnded: AbortSignal = ended.signal;

/** 2 when standard output could not be written, else 0. */
export function outputExitCode(): number {
  return isOutputLost ? exitCodes.badInput : exitCodes.passes;
}

/**
 * A reader that has seen enough closes its end of the pipe: that is no error. A full disk is one, told once. Either way
 * the process ends by itself, so that its exit code is that of what was done.
 */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', loseOutput);
}

function loseOutput(error: NodeJS.ErrnoException): void {
  if (ended.signal.aborted) return;
  const isClosed = error.code === 'EPIPE' || error.code === 'EOF';
  ended.abort(isClosed ? 'a closed pipe' : 'an output that cannot be written');
  if (isClosed) return;
  isOutputLost = true;
  process.exitCode = Math.max(Number(process.exitCode ?? 0), outputExitCode());
  print(process.stderr, `otm: cannot write to standard output: ${systemReason(error)}\n`);
}

/** A file throws at once what a pipe tells later. */
function print(stream: NodeJS.WriteStream, text: string): void {
  try {
    stream.write(text);
  } catch (error) {
    loseOutput(error instanceof Error ? error : new Error(String(error)));
  }
}
