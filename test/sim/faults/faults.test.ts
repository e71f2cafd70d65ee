/** What each fault does to a backup, and that the engine keeps its promises all the same. */
import { beforeAll, describe, expect, test } from 'vitest';
import { KIB, MILLISECOND, SECOND } from '../../../engine/units.ts';
import type { Fault, FaultAim, FaultDuration, FaultTrigger } from '../../../sim/scenario/scenario.ts';
import { openRawWorld, type RawOptions } from '../../planted/raw-world.ts';

const SEEDS = [1, 2, 3, 4, 5, 6];

const at = (seconds: number): FaultTrigger => ({ is: 'at', atNs: seconds * SECOND });
const nth = (number: number): FaultTrigger & { is: 'nth' } => ({ is: 'nth', nth: number });
const EVER = { is: 'ever' } as const;
const ONCE: FaultDuration = { is: 'once' };
const CACHE: FaultAim = { is: 'cache' };
const DISK0 = { is: 'drive', driveId: 'disk0' } as const;
const TARGET = { is: 'target' } as const;

const cacheWriteError: Fault = {
  kind: 'write-error',
  on: CACHE,
  sectors: null,
  op: 'write',
  done: 'part',
  trigger: nth(4),
  duration: ONCE,
};
const cacheHangs: Fault = {
  kind: 'latency',
  on: CACHE,
  sectors: null,
  op: 'write',
  factor: null,
  trigger: nth(4),
  duration: EVER,
};

interface Case {
  readonly name: string;
  readonly options: RawOptions;
  readonly outcome: string;
  readonly reason: RegExp | null;
}

const CASES: readonly Case[] = [
  {
    name: 'a write error of the cache loses the snapshot',
    options: { faults: [cacheWriteError] },
    outcome: 'lost',
    reason: /cache-error/,
  },
  {
    name: 'a cache that hangs loses it within the preserve limit',
    options: { faults: [cacheHangs] },
    outcome: 'lost',
    reason: /preserve-limit/,
  },
  {
    name: 'a cache drive that vanishes loses it',
    options: { faults: [{ kind: 'drive-gone', on: CACHE, trigger: nth(4), duration: EVER }] },
    outcome: 'lost',
    reason: /cache-error/,
  },
  {
    name: 'a full cache loses it',
    options: { otm: { cache: { on: { is: 'spare' }, minBytes: 64 * KIB, limitBytes: 128 * KIB } } },
    outcome: 'lost',
    reason: /cache-full/,
  },
  {
    name: 'with `protect: backup` a write error of the cache leaves it exact',
    options: { faults: [cacheWriteError], otm: { protect: 'backup' } },
    outcome: 'completed',
    reason: null,
  },
  {
    name: 'with `protect: backup` a full cache leaves it exact',
    options: { otm: { protect: 'backup', cache: { on: { is: 'spare' }, minBytes: 64 * KIB, limitBytes: 128 * KIB } } },
    outcome: 'completed',
    reason: null,
  },
  {
    name: 'with `protect: backup` a cache that hangs leaves it exact',
    options: { faults: [{ ...cacheHangs, duration: ONCE }], otm: { protect: 'backup' } },
    outcome: 'completed',
    reason: null,
  },
  {
    name: 'a read error of the source fails the backup',
    options: {
      faults: [{ kind: 'read-error', on: DISK0, sectors: { first: 2048, last: 2055 }, trigger: at(0), duration: EVER }],
    },
    outcome: 'failed',
    reason: /read-error/,
  },
  {
    name: 'a target that vanishes fails the backup',
    options: { faults: [{ kind: 'drive-gone', on: TARGET, trigger: nth(3), duration: EVER }] },
    outcome: 'failed',
    reason: /gone on target/,
  },
  {
    name: 'a backup program that dies leaves nothing behind',
    options: { faults: [{ kind: 'agent-dies', how: 'dies', trigger: nth(5) }] },
    outcome: 'failed',
    reason: /died/,
  },
  {
    name: 'a backup program that stops is found by the idle limit',
    options: { faults: [{ kind: 'agent-dies', how: 'stops', trigger: nth(5) }], otm: { idleLimitNs: 5 * SECOND } },
    outcome: 'failed',
    reason: /idle limit/,
  },
  {
    name: 'a drive that hangs for a second only costs time',
    options: {
      faults: [
        {
          kind: 'latency',
          on: DISK0,
          sectors: null,
          op: null,
          factor: null,
          trigger: at(4),
          duration: { is: 'for', forNs: SECOND },
        },
      ],
    },
    outcome: 'completed',
    reason: null,
  },
  {
    name: 'a drive that is slow only costs time',
    options: {
      faults: [{ kind: 'latency', on: DISK0, sectors: null, op: null, factor: 10, trigger: at(4), duration: EVER }],
    },
    outcome: 'completed',
    reason: null,
  },
  {
    name: 'a write in the event of T breaks the quiet before it, and does not show after it',
    options: { faults: [{ kind: 'writer-at-T', on: DISK0, sectors: { first: 2048, last: 2055 }, when: 'both' }] },
    outcome: 'completed',
    reason: null,
  },
  {
    name: 'a drive that hangs at T, with writes held, is an error past the hold limit',
    options: {
      restless: true,
      otm: { neverQuiet: 'take-anyway', waitLimitNs: SECOND, holdLimitNs: 500 * MILLISECOND },
      faults: [
        {
          kind: 'latency',
          on: DISK0,
          sectors: null,
          op: 'write',
          factor: null,
          trigger: at(2.5),
          duration: { is: 'for', forNs: 3 * SECOND },
        },
      ],
    },
    outcome: 'failed',
    reason: /hold-limit/,
  },
];

describe('faults', () => {
  let run: Awaited<ReturnType<typeof openRawWorld>>;
  beforeAll(async () => {
    run = await openRawWorld();
  });

  test.each(CASES)('$name', ({ options, outcome, reason }) => {
    for (const seed of SEEDS) {
      const result = run(seed, options);
      expect(result.stuck, `seed ${seed}`).toBeNull();
      expect(
        result.verdicts.filter(({ verdict }) => verdict === 'violated'),
        `seed ${seed}`,
      ).toEqual([]);
      expect(result.outcome, `seed ${seed}: ${result.reason}`).toBe(outcome);
      if (reason !== null) expect(result.reason).toMatch(reason);
    }
  });

  test('two drives that drain at different times are both held for T (regression)', () => {
    for (let seed = 20; seed <= 30; seed++) {
      const result = run(seed, { restless: true, otm: { neverQuiet: 'take-anyway', waitLimitNs: SECOND } });
      expect(result.outcome, `seed ${seed}: ${result.reason}`).toBe('completed');
    }
  });
});
