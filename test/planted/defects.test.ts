/**
 * The engine broken on purpose, once for each way that is known to go wrong, and the check that catches it. The same
 * seeds pass with the engine as it is.
 */
import { describe, expect, test } from 'vitest';
import { KIB, MILLISECOND, SECOND } from '../../engine/units.ts';
import type { Fault, LatencyFault } from '../../sim/scenario/scenario.ts';
import { importPlanted, type PlantedDefect } from './build.ts';
import { openRawWorld, type RawOptions, type RawRun } from './raw-world.ts';

interface Broken {
  readonly name: string;
  readonly changes: readonly PlantedDefect[];
  /** The check that catches it; `stuck` is none of the checks, but the end of the run. */
  readonly caughtBy: string;
  readonly options?: RawOptions;
}

const SEEDS = 12;

/** Writes to one drive hang for a second while the snapshot waits for quiet. */
const HANG: LatencyFault = {
  kind: 'latency',
  on: { is: 'drive', driveId: 'disk1' },
  sectors: null,
  op: 'write',
  factor: null,
  trigger: { is: 'at', atNs: 2050 * MILLISECOND },
  duration: { is: 'for', forNs: SECOND },
};

/** In the middle of a read. */
const DIES: Fault = { kind: 'agent-dies', how: 'dies', trigger: { is: 'nth', nth: 5 } };

const STOPS: Fault = { kind: 'agent-dies', how: 'stops', trigger: { is: 'nth', nth: 5 } };

const CACHE_FAILS: Fault = {
  kind: 'write-error',
  on: { is: 'cache' },
  sectors: null,
  op: 'write',
  done: 'nothing',
  trigger: { is: 'nth', nth: 4 },
  duration: { is: 'once' },
};

const CACHE_HANGS: Fault = {
  ...HANG,
  on: { is: 'cache' },
  trigger: { is: 'nth', nth: 4 },
  duration: { is: 'ever' },
};

/** The writers never rest. */
const TAKEN_ANYWAY: RawOptions = { restless: true, otm: { neverQuiet: 'take-anyway', waitLimitNs: SECOND } };

const DRIVE_FAILS: Fault = {
  kind: 'write-error',
  on: { is: 'drive', driveId: 'disk0' },
  sectors: null,
  op: 'write',
  done: 'nothing',
  trigger: { is: 'nth', nth: 40 },
  duration: { is: 'once' },
};

/** Reads take so long that writers meet the backup's. */
const SLOW_READS: readonly Fault[] = ['disk0', 'disk1'].map(driveId => ({
  ...HANG,
  on: { is: 'drive', driveId },
  op: 'read',
  factor: 4,
  trigger: { is: 'at', atNs: 0 },
  duration: { is: 'ever' },
}));

const PASS = `  pass(request: IoRequest): void {
`;

const PRESERVE_TWICE: PlantedDefect = {
  file: 'engine/preserve.ts',
  find: "requests: cache.submit('write', run.slot, 0, padded ?? bytes),",
  replace: `requests: [
      ...cache.submit('write', run.slot, 0, padded ?? bytes),
      ...cache.submit('write', run.slot, 0, padded ?? bytes),
    ],`,
};

const THROUGH = `  private readThrough(request: IoRequest): IoRequest {
`;

const LACKS = 'return !this.preserved.allSet(grid.firstTouched(sector), grid.lastTouched(sector, count));';

const BROKEN: readonly Broken[] = [
  {
    name: 'preserve after write',
    changes: [
      {
        file: 'engine/first-write.ts',
        find: '  yield* wait(place.granted);\n',
        replace: `  yield* wait(place.granted);
  filter.pass(request);
  yield* preserve(filter, request.sector, request.count);
  filter.held.release(place);
  if (filter !== null) return;
`,
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'preserve twice',
    changes: [PRESERVE_TWICE],
    caughtBy: 'once',
  },
  {
    name: 'preserve twice, with slow drives',
    changes: [PRESERVE_TWICE],
    caughtBy: 'once',
    options: { faults: SLOW_READS },
  },
  {
    name: 'skip the last partial granule',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: LACKS,
        replace: LACKS.replace(
          'grid.lastTouched(sector, count)',
          'Math.min(grid.lastTouched(sector, count), grid.granuleCount - 2)',
        ),
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'T taken volume by volume',
    changes: [
      {
        file: 'engine/engine.ts',
        find: 'for (const volume of snapshot.volumes) volume.filter.attach(volume);',
        replace: `const attach = function* (volume, delay) {
      yield delay;
      volume.filter.attach(volume);
    };
    snapshot.volumes.forEach((volume, at) => this.owner.spawn('attach', attach(volume, at * 300_000_000)));`,
      },
    ],
    caughtBy: 'one-instant',
  },
  {
    name: 'quiet period that ignores writes in flight',
    changes: [
      {
        file: 'engine/quiet-period.ts',
        find: 'if (this.inFlight === 0 && now >= this.quietSince + quietNs)',
        replace: 'if (now >= this.quietSince + quietNs)',
      },
      {
        file: 'engine/quiet-period.ts',
        find: 'if (this.inFlight > 0) yield* this.idle();\n        else yield',
        replace: 'yield',
      },
    ],
    caughtBy: 'quiet',
    options: { faults: [HANG] },
  },
  {
    name: 'a T that is taken anyway before the wait limit',
    changes: [
      {
        file: 'engine/quiet-period.ts',
        find: "if (now >= this.deadline) return 'timed-out';",
        replace: "if (now >= this.deadline - 500_000_000) return 'timed-out';",
      },
    ],
    caughtBy: 'quiet',
    options: TAKEN_ANYWAY,
  },
  {
    name: 'a T that is taken before the writes in flight have ended',
    changes: [
      {
        file: 'engine/quiet-period.ts',
        find: "if (this.inFlight === 0) return 'drained';",
        replace: "if (this.inFlight >= 0) return 'drained';",
      },
    ],
    caughtBy: 'quiet',
    options: TAKEN_ANYWAY,
  },
  {
    name: 'a hold limit that is not kept',
    changes: [{ file: 'engine/quiet-period.ts', find: '    yield limitNs;\n', replace: '    yield 100 * limitNs;\n' }],
    caughtBy: 'quiet',
    options: {
      ...TAKEN_ANYWAY,
      faults: [
        { ...HANG, trigger: { is: 'at', atNs: 2900 * MILLISECOND }, duration: { is: 'for', forNs: 3 * SECOND } },
      ],
    },
  },
  {
    name: 'discard not preserved',
    changes: [
      {
        file: 'engine/filter.ts',
        find: "if (request.op === 'read' || request.op === 'flush') return",
        replace: "if (request.op === 'read' || request.op === 'flush' || request.op === 'discard') return",
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'virtual read that races with the first write',
    changes: [
      {
        file: 'engine/first-write.ts',
        find: 'if (reader === null) return null;',
        replace: 'if (reader !== undefined) return null;',
      },
      {
        file: 'engine/filter.ts',
        find: '      !this.readers.overlaps(request.sector, request.count) &&\n',
        replace: '',
      },
    ],
    caughtBy: 'exact',
    options: { granuleBytes: 256 * KIB, unpaced: true, faults: SLOW_READS },
  },
  {
    name: 'a range of granules that tests only its first',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: LACKS,
        replace: 'return !this.preserved.get(grid.firstTouched(sector));',
      },
    ],
    caughtBy: 'exact',
    options: { granuleBytes: 4 * KIB },
  },
  {
    name: 'read in flight at loss',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: "for (const request of [...this.reads]) this.answer(request, this.endError('virtual volume', request));",
        replace: '',
      },
    ],
    caughtBy: 'released',
    options: { otm: { cache: { on: { is: 'spare' }, minBytes: 256 * KIB, limitBytes: 512 * KIB } } },
  },
  {
    name: 'read in flight at release',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: "for (const request of [...this.reads]) this.answer(request, this.endError('virtual volume', request));",
        replace: '',
      },
    ],
    caughtBy: 'released',
    options: { faults: [DIES] },
  },
  {
    name: 'a second write that overtakes a waiting backup read',
    changes: [
      {
        file: 'engine/filter.ts',
        find: '    return this.mayPass(request);\n',
        replace: '    return this.holdOver(request) === null && !this.lacks(request.sector, request.count);\n',
      },
    ],
    caughtBy: 'exact',
    options: { granuleBytes: 256 * KIB, unpaced: true, faults: SLOW_READS },
  },
  {
    name: 'an application write dropped by the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.sector % 97 === 0) return request.settle(null);\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'an application write moved by the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.sector % 97 === 0) {
      const moved = new IoRequest('write', request.sector - 8, request.count, request.data);
      moved.attach({ settled: () => request.settle(null) });
      this.ports.application.submit(moved);
      return;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'an application write delayed by the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.sector % 97 === 0 && !request.isLate) {
      request.isLate = true;
      const later = function* (filter) {
        yield 1_000_000;
        filter.pass(request);
      };
      this.owner.spawn('later', later(this));
      return;
    }\n`,
      },
    ],
    caughtBy: 'once',
  },
  {
    name: 'a flush that is answered and never passed on',
    changes: [
      {
        file: 'engine/filter.ts',
        find: THROUGH,
        replace: `${THROUGH}    if (request.op === 'flush') {
      request.settle(null);
      return request;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'FUA dropped by the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.fua) {
      const plain = new IoRequest('write', request.sector, request.count, request.data);
      plain.attach({ settled: () => request.settle(plain.value) });
      this.ports.application.submit(plain);
      return;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'an error of the drive that the filter keeps to itself',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write') {
      const other = new IoRequest('write', request.sector, request.count, request.data, request.fua);
      other.attach({ settled: () => request.settle(null) });
      this.ports.application.submit(other);
      return;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
    options: { faults: [DRIVE_FAILS] },
  },
  {
    name: 'a write that is answered before the drive has done it',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.sector % 97 === 0) {
      this.ports.application.submit(new IoRequest('write', request.sector, request.count, request.data, request.fua));
      request.settle(null);
      return;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'a read of an application that waits in the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: THROUGH,
        replace: `${THROUGH}    if (request.op === 'read' && !request.isLate) {
      request.isLate = true;
      const later = function* (filter) {
        yield 1_000_000;
        filter.readThrough(request);
      };
      this.owner.spawn('later', later(this));
      return request;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'a cache that is never given back',
    changes: [{ file: 'engine/cache-file.ts', find: '    yield* this.space.free();\n', replace: '' }],
    caughtBy: 'released',
  },
  {
    name: 'an end that never comes',
    changes: [{ file: 'engine/snapshot.ts', find: "    this.emit({ kind: 'gone', ...this.stamp() });\n", replace: '' }],
    caughtBy: 'released',
  },
  {
    name: 'a cache that grows past its limit',
    changes: [
      {
        file: 'engine/cache-file.ts',
        find: 'this.limitBytes = Math.floor(size.limitBytes / sectorSize) * sectorSize;',
        replace: 'this.limitBytes = 3 * Math.floor(size.limitBytes / sectorSize) * sectorSize;',
      },
    ],
    caughtBy: 'bounded',
    options: { otm: { cache: { on: { is: 'spare' }, minBytes: 256 * KIB, limitBytes: 512 * KIB } } },
  },
  {
    name: 'a failed cache write taken for a good one',
    changes: [
      {
        file: 'engine/preserve.ts',
        find: 'const error = yield* waitAll(requests);\n  if (padded',
        replace: 'yield* waitAll(requests);\n  const error = null;\n  if (padded',
      },
    ],
    caughtBy: 'fault-rule',
    options: { faults: [CACHE_FAILS] },
  },
  {
    name: 'a preserve limit that is not kept',
    changes: [
      {
        file: 'engine/watchdog.ts',
        find: 'const left = oldest.since + preserveLimitNs - scheduler.now();',
        replace: 'const left = oldest.since + 100 * preserveLimitNs - scheduler.now();',
      },
    ],
    caughtBy: 'fault-rule',
    options: { faults: [CACHE_HANGS], otm: { preserveLimitNs: 300 * MILLISECOND } },
  },
  {
    name: 'a snapshot that is given up for nothing',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: '    this.granulesPreserved += 1;\n',
        replace:
          "    this.granulesPreserved += 1;\n    if (this.granulesPreserved === 20) this.lose('cache-error', 'so it says');\n",
      },
    ],
    caughtBy: 'fault-rule',
  },
  {
    name: 'a snapshot that is lost although it protects the backup',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: '    if (!mayBeRefused) {\n',
        replace: '    if (mayBeRefused) {\n',
      },
    ],
    caughtBy: 'fault-rule',
    options: { faults: [CACHE_FAILS], otm: { protect: 'backup' } },
  },
  {
    name: 'a write that is refused although the application is protected',
    changes: [
      {
        file: 'engine/first-write.ts',
        find: '      if (error !== null) return refused(filter, whole, error);\n      continue;',
        replace:
          '      if (whole.sector % 97 === 0) return refused(filter, whole, new IoError("write-error", "x", "write", 0, 1));\n      continue;',
      },
    ],
    caughtBy: 'fault-rule',
  },
  {
    name: 'two snapshots of which one is asked',
    changes: [
      {
        file: 'engine/filter.ts',
        find: 'for (const volume of this.protectedVolumes) if (volume.lacks(sector, count)) return true;',
        replace:
          'for (const volume of this.protectedVolumes.slice(0, 1)) if (volume.lacks(sector, count)) return true;',
      },
    ],
    caughtBy: 'several',
    options: { beside: true },
  },
  {
    name: 'an idle limit that never comes',
    changes: [
      {
        file: 'engine/watchdog.ts',
        find: "    snapshot.release('idle');\n",
        replace: '    yield 3_600_000_000_000;\n',
      },
    ],
    caughtBy: 'idle',
    options: { faults: [STOPS], otm: { idleLimitNs: 5 * SECOND } },
  },
  {
    name: 'a wake-up lost',
    changes: [{ file: 'engine/task.ts', find: '      if (other.ahead === 0) other.granted.settle();\n', replace: '' }],
    caughtBy: 'stuck',
  },
];

function isCaught(run: RawRun, check: string): boolean {
  if (check === 'stuck') return run.stuck !== null;
  return run.verdicts.some(each => each.check === check && each.verdict === 'violated');
}

describe('the engine as it is passes', async () => {
  const run = await openRawWorld();
  const settings = new Map(BROKEN.map(({ options = {} }) => [JSON.stringify(options), options]));
  test.each([...settings])('with %s', (_text, options) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { verdicts, stuck } = run(seed, options);
      expect(stuck).toBeNull();
      expect(verdicts.filter(({ verdict }) => verdict === 'violated')).toEqual([]);
    }
  });
});

describe('broken on purpose', () => {
  test.each(BROKEN)('$name is caught by $caughtBy', async ({ changes, caughtBy, options }) => {
    const entry = await importPlanted<{ openRawWorld: typeof openRawWorld }>('test/planted/raw-world.ts', changes);
    const run = await entry.openRawWorld();
    let caughtAt: number | null = null;
    for (let seed = 1; seed <= SEEDS && caughtAt === null; seed++) {
      if (isCaught(run(seed, options), caughtBy)) caughtAt = seed;
    }
    expect(caughtAt, `seeds 1 to ${SEEDS}`).not.toBeNull();
  });
});
