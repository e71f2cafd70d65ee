/** Values of options, read as scenarios have them: seeds and times. */

import type { SessionSeeds } from '../host/session.ts';
import type { Reading } from '../sim/scenario/reading.ts';
import { freshSeeds, readSeed, readSeedSelection } from '../sim/scenario/seeds.ts';
import { readTime } from '../sim/scenario/units.ts';
import { UserError } from '../sim/user-error.ts';
import { commandLineError } from './error-codes.ts';

const nanosecondsInMs = 1_000_000;

export function seedOf(text: string): number {
  return readOption('--seed', readSeed(/^\d+$/.test(text) ? Number(text) : text, '--seed 7'));
}

/** `fresh:500` takes a salt; without one a new one is drawn, and told so that the seeds can be had again. */
export function seedsOf(text: string, salt: string | undefined, newSalt: () => string): SessionSeeds {
  const selection = readOption('--seeds', readSeedSelection(text));
  if (selection.is === 'fresh') return { is: 'list', seeds: freshSeeds(selection.count, salt ?? newSalt()) };
  if (salt !== undefined) {
    throw commandLineError(
      'option-conflict',
      '`--salt` is for fresh seeds only',
      'write `--seeds fresh:500`, or leave it out',
    );
  }
  return { is: 'ranges', ranges: selection.ranges };
}

/** In milliseconds. As in YAML, and `30m`. */
export function wallTimeOf(text: string): number {
  const minutes = /^(\d+(?:\.\d+)?)\s*m$/.exec(text.trim());
  const time = readOption('--for', readTime(minutes === null ? text : `${minutes[1]} min`));
  return time / nanosecondsInMs;
}

/** What an option says, read as a scenario has it. */
export function readOption<T>(option: string, reading: Reading<T>): T {
  if (reading.ok) return reading.value;
  const { code, message, hint } = reading.problem;
  throw new UserError({ code, message: `${option}: ${message}`, hint });
}
