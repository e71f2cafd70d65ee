/**
 * The one event stream of the engine: what operators read in a log, and what checks and marks are built on. Sectors are
 * those of the drive, granules those of the snapshot's grid.
 */
import type { RefusalCause } from './durable/reopen.ts';
import type { Granule } from './granules.ts';
import type { Bytes, Nanoseconds, Sector } from './units.ts';

/** Whether T was taken in a quiet period or in spite of writers (E7). */
export type Consistency = 'quiescent' | 'crash-consistent';

/** Why a snapshot can no longer be exact (E8, E9). */
export type LossCause = 'cache-full' | 'cache-error' | 'source-read-error' | 'preserve-limit';

export type ReleaseCause = 'asked' | 'idle';

interface Of {
  readonly at: Nanoseconds;
  /** The snapshot's id. */
  readonly snapshot: string;
}

export type EngineEvent =
  | (Of & { readonly kind: 'selected'; readonly volumes: readonly string[] })
  | (Of & { readonly kind: 'waiting'; readonly quietNs: Nanoseconds; readonly limitNs: Nanoseconds })
  /** A write came in a quiet period that had begun. */
  | (Of & { readonly kind: 'quiet-broken'; readonly volume: string; readonly sector: Sector; readonly count: Sector })
  | (Of & { readonly kind: 'timed-out'; readonly waitedNs: Nanoseconds })
  /** `take-anyway`: new writes are held from here on. */
  | (Of & { readonly kind: 'holding'; readonly inFlight: number })
  | (Of & { readonly kind: 'hold-limit'; readonly inFlight: number })
  | (Of & {
      readonly kind: 'enabled';
      readonly consistency: Consistency;
      readonly holdNs: Nanoseconds;
      /** Of all volumes: they read as zeroes in the picture. */
      readonly excludedSectors: Sector;
    })
  | (Of & {
      readonly kind: 'preserved';
      readonly volume: string;
      readonly granule: Granule;
      readonly count: number;
      /** What they hold, zeroes included. */
      readonly bytes: Bytes;
    })
  | (Of & { readonly kind: 'cache-grown'; readonly sizeBytes: Bytes })
  /** 80% of the limit is in use; said once, with the time until it is full at the rate of the last fifth, if that is known. */
  | (Of & {
      readonly kind: 'cache-filling';
      readonly usedBytes: Bytes;
      readonly limitBytes: Bytes;
      readonly fullInNs: Nanoseconds | null;
    })
  /** `protect: backup`: an application's write was refused so that the snapshot stays exact. */
  | (Of & { readonly kind: 'write-refused'; readonly volume: string; readonly cause: LossCause })
  | (Of & { readonly kind: 'lost'; readonly cause: LossCause; readonly detail: string })
  /** After a crash, exact; `isTorn`: behind its last group stands one that was not finished. */
  | (Of & {
      readonly kind: 'reopened';
      readonly T: Nanoseconds;
      readonly consistency: Consistency;
      readonly groups: number;
      readonly granules: number;
      readonly isTorn: boolean;
    })
  /** After a crash it does not come back. */
  | (Of & { readonly kind: 'not-reopened'; readonly because: RefusalCause; readonly detail: string })
  | (Of & { readonly kind: 'released'; readonly cause: ReleaseCause })
  /** The host could not take the cache's space back: it is in nobody's use and not free. */
  | (Of & { readonly kind: 'cache-not-freed'; readonly because: string })
  /** Nothing of the snapshot is left: its I/O has ended, its cache space is free. */
  | (Of & { readonly kind: 'gone' });
