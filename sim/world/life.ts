/**
 * One life of the machine as the world remembers it: from which event, request and completion on it lasted, what drives
 * held then, and how it ended. The checks ask it what they may go by: nothing in memory outlives a life.
 */
import type { Nanoseconds } from '../../engine/units.ts';
import type { EventNumber } from '../apps/truth.ts';
import type { Sectors } from '../disk/sectors.ts';

/** The power of the whole world was cut, the machine's programs were killed and drives live on, or its drives are lost. */
export type LifeEnd = 'power-cut' | 'kill' | 'disk-loss';

export class Life {
  /** From 1. */
  readonly number: number;
  /** The event from which on its programs run; until then the last one before it began. 0 for the first life. */
  startedAt: EventNumber;
  /** Requests that had been issued, and had completed, when it began. */
  readonly firstIssue: number;
  readonly firstCompletion: number;
  /** Every drive of the scenario as it was then: as its end had left it, not yet put in order. */
  readonly drives: ReadonlyMap<string, Sectors>;
  endedBy: LifeEnd | null = null;
  endedNs: Nanoseconds | null = null;
  /** The last event before its end; null while it lasts. */
  endedAt: EventNumber | null = null;

  constructor(from: Pick<Life, 'number' | 'startedAt' | 'firstIssue' | 'firstCompletion' | 'drives'>) {
    this.number = from.number;
    this.startedAt = from.startedAt;
    this.firstIssue = from.firstIssue;
    this.firstCompletion = from.firstCompletion;
    this.drives = from.drives;
  }
}

/** How the end of a life is told: "lost its power". */
export const END_WORDS: { readonly [End in LifeEnd]: string } = {
  'power-cut': 'lost its power',
  kill: 'was killed',
  'disk-loss': 'lost its disk',
};
