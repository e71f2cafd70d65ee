/** Where a command prints, how much, and in which colours. */
import { type ColorSupportLevel, supportsColor } from 'chalk';
import { makeStyle, type Style } from '../reports/style.ts';

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
      if (volume !== 'silent' || options.json === true) stdout.write(text);
    },
    err: text => {
      stderr.write(text);
    },
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

/** A reader that has seen enough closes its end of the pipe: that is no error. */
export function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || error.code === 'EOF') process.exit();
      throw error;
    });
  }
}
