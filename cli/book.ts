/** All that `otm explain` knows, of all rooms, and the documents that are made from it. */
import { diskErrors } from '../host/disk/error-codes.ts';
import { hostErrors } from '../host/error-codes.ts';
import { errorEntries, wordEntries } from '../reports/explain/catalogue.ts';
import type { Entry } from '../reports/explain/entry.ts';
import { keyEntries } from '../reports/explain/keys.ts';
import { SCENARIO_ERRORS } from '../sim/scenario/error-codes.ts';
import { commandLineErrors } from './error-codes.ts';

export const errorRegistries = [SCENARIO_ERRORS, hostErrors, diskErrors, commandLineErrors] as const;

export function allEntries(): readonly Entry[] {
  return [...wordEntries, ...keyEntries(), ...errorEntries(errorRegistries)];
}
