/** Defects that keep a limit, a period or a rule for faults badly. */

import { KIB, MIB, MILLISECOND, SECOND } from '../../engine/units.ts';
import type { Fault } from '../../sim/scenario/scenario.ts';
import { type Broken, CACHE_FAILS, CACHE_HANGS, HANG, TAKEN_ANYWAY } from './broken.ts';
import type { PlantedDefect } from './build.ts';

/** From a second on every write to the drives fails, after it was done in part. */
const FAILING: readonly Fault[] = ['disk0', 'disk1'].map(driveId => ({
  ...CACHE_FAILS,
  on: { is: 'drive', driveId },
  done: 'part',
  trigger: { is: 'at', atNs: SECOND },
  duration: { is: 'ever' },
}));

/** The quiet goes on, as if nothing had been, over requests of a kind. */
function quietGoesOn(overWhat: string): PlantedDefect {
  return {
    file: 'engine/quiet-period.ts',
    find: '  writeEnds(request: IoRequest): void {\n    if (!this.ignored.delete(request)) this.watcher.ends();\n    else',
    replace: `  writeEnds(request): void {
    const since = this.watcher.quietSince;
    this.watcher.ends();
    if (${overWhat}) this.watcher.quietSince = since;
    if (this.ignored.delete(request))`,
  };
}

export const LIMITS: readonly Broken[] = [
  {
    name: 'quiet period that ignores writes in flight',
    changes: [
      {
        file: 'engine/quiet-period.ts',
        find: 'return this.inFlight === 0 && now >= this.quietSince + quietNs;',
        replace: 'return now >= this.quietSince + quietNs;',
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
    name: 'a cache that grows past its limit',
    changes: [
      {
        file: 'engine/cache-file.ts',
        find: 'this.limitBytes = Math.floor(size.limitBytes / sectorSize) * sectorSize;',
        replace: 'this.limitBytes = Math.floor((1.1 * size.limitBytes) / sectorSize) * sectorSize;',
      },
    ],
    caughtBy: 'bounded',
    options: { otm: { cache: { on: { is: 'spare' }, minBytes: 256 * KIB, limitBytes: 512 * KIB } } },
  },
  {
    name: 'a failed cache write taken for a good one',
    changes: [
      {
        file: 'engine/slot-cache.ts',
        find: 'const error = yield* waitAll(requests);\n    if (padded',
        replace: 'yield* waitAll(requests);\n    const error = null;\n    if (padded',
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
    name: 'a wake-up lost',
    changes: [{ file: 'engine/task.ts', find: '      if (other.ahead === 0) other.granted.settle();\n', replace: '' }],
    caughtBy: 'stuck',
  },
  {
    name: 'a cache that grows past its limit, beside another on the same drive',
    changes: [
      {
        file: 'engine/cache-file.ts',
        find: 'this.limitBytes = Math.floor(size.limitBytes / sectorSize) * sectorSize;',
        replace: 'this.limitBytes = Math.floor((1.5 * size.limitBytes) / sectorSize) * sectorSize;',
      },
    ],
    caughtBy: 'bounded',
    options: {
      beside: true,
      sharedCache: true,
      otm: { cache: { on: { is: 'drive', driveId: 'disk2' }, minBytes: 256 * KIB, limitBytes: 512 * KIB } },
      besideOtm: { cache: { on: { is: 'drive', driveId: 'disk2' }, minBytes: 256 * KIB, limitBytes: 8 * MIB } },
    },
  },
  {
    name: 'zeroes behind the cache',
    changes: [
      {
        file: 'engine/cache-file.ts',
        find: "new IoRequest('zeroes', extent.first, extent.count, null)",
        replace: "new IoRequest('zeroes', extent.first, extent.count + 8, null)",
      },
    ],
    caughtBy: 'bounded',
  },
  {
    name: 'a cache that is said to be full when half of it is free',
    changes: [
      {
        file: 'engine/cache-file.ts',
        find: 'if (this.end + bytes > this.sizeBytes) return null;',
        replace: 'if (this.end + bytes > this.limitBytes / 2) return null;',
      },
    ],
    caughtBy: 'fault-rule',
    options: { otm: { cache: { on: { is: 'spare' }, minBytes: 768 * KIB, limitBytes: 768 * KIB } } },
  },
  {
    name: 'half a quiet period',
    changes: [
      {
        file: 'engine/quiet-period.ts',
        find: 'return this.inFlight === 0 && now >= this.quietSince + quietNs;',
        replace: 'return this.inFlight === 0 && now >= this.quietSince + quietNs / 2;',
      },
      {
        file: 'engine/quiet-period.ts',
        find: 'else yield Math.min(this.quietSince + quietNs, this.deadline) - now;',
        replace: 'else yield Math.min(this.quietSince + quietNs / 2, this.deadline) - now;',
      },
    ],
    caughtBy: 'quiet',
  },
  {
    name: 'a quiet period that began before it was asked for',
    changes: [
      {
        file: 'engine/quiet-period.ts',
        find: '    this.quietSince = this.askedAt;\n',
        replace: '    this.quietSince = this.askedAt - quietNs;\n',
      },
    ],
    caughtBy: 'quiet',
    options: { startNs: 2650 * MILLISECOND },
  },
  {
    name: 'failed writes that do not break the quiet',
    changes: [quietGoesOn('request.value !== null')],
    caughtBy: 'quiet',
    options: { faults: FAILING },
  },
  {
    name: 'discards that do not break the quiet',
    changes: [quietGoesOn("request.op === 'discard'")],
    caughtBy: 'quiet',
    options: { restless: 'discards', otm: { waitLimitNs: 5 * SECOND } },
  },
  {
    name: 'a wait that is given up too early',
    changes: [
      {
        file: 'engine/quiet-period.ts',
        find: "if (now >= this.deadline) return 'timed-out';",
        replace: "if (now >= this.deadline - 500_000_000) return 'timed-out';",
      },
    ],
    caughtBy: 'quiet',
    options: { restless: true, otm: { waitLimitNs: SECOND } },
  },
  {
    name: 'a quiet period that is not seen',
    changes: [
      {
        file: 'engine/quiet-period.ts',
        find: 'return this.inFlight === 0 && now >= this.quietSince + quietNs;',
        replace: 'return this.inFlight === 0 && now >= this.quietSince + 3 * quietNs;',
      },
      {
        file: 'engine/quiet-period.ts',
        find: 'else yield Math.min(this.quietSince + quietNs, this.deadline) - now;',
        replace: 'else yield Math.min(this.quietSince + 3 * quietNs, this.deadline) - now;',
      },
    ],
    caughtBy: 'quiet',
    options: { otm: { waitLimitNs: 3 * SECOND } },
  },
  {
    name: 'a hold that lasts longer than its limit, and no snapshot after it',
    changes: [{ file: 'engine/quiet-period.ts', find: '    yield limitNs;\n', replace: '    yield 2 * limitNs;\n' }],
    caughtBy: 'quiet',
    options: {
      ...TAKEN_ANYWAY,
      faults: [
        { ...HANG, trigger: { is: 'at', atNs: 2900 * MILLISECOND }, duration: { is: 'for', forNs: 9 * SECOND } },
      ],
    },
  },
  {
    name: 'a snapshot that is lost twice',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: "    this.end({ kind: 'lost', ...this.stamp(), cause, detail });\n",
        replace: `    this.end({ kind: 'lost', ...this.stamp(), cause, detail });
    this.emit({ kind: 'lost', ...this.stamp(), cause, detail });\n`,
      },
    ],
    caughtBy: 'fault-rule',
    options: { faults: [CACHE_FAILS] },
  },
];
