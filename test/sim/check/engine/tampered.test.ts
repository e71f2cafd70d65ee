/**
 * Honest runs of which one thing is changed afterwards, in what the world has kept: the check that goes by it says so, and
 * said nothing before. For what no defect of the engine brings about alone.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { IoRequest } from '../../../../engine/device.ts';
import { KIB } from '../../../../engine/units.ts';
import { loadModules } from '../../../../host/modules.ts';
import { bounded } from '../../../../sim/check/engine/bounded.ts';
import type { EngineEvidence } from '../../../../sim/check/engine/engine-verdict.ts';
import { faultRule } from '../../../../sim/check/engine/fault-rule.ts';
import { once } from '../../../../sim/check/engine/once.ts';
import { oneInstant } from '../../../../sim/check/engine/one-instant.ts';
import { released } from '../../../../sim/check/engine/released.ts';
import { self } from '../../../../sim/check/engine/self.ts';
import { transparent } from '../../../../sim/check/engine/transparent.ts';
import type { Verdict } from '../../../../sim/check/verdict.ts';
import { PAGE_BYTES } from '../../../../sim/disk/arena.ts';
import { Simulation } from '../../../../sim/run.ts';
import { load } from '../../../../sim/scenario/load.ts';
import type { LoggedRequest } from '../../../../sim/world/request-log.ts';
import type { WatchedSnapshot } from '../../../../sim/world/watched-snapshot.ts';
import { CACHE_FAILS } from '../../../planted/broken.ts';
import { openRawWorld, type RawOptions } from '../../../planted/raw-world.ts';

let raw: Awaited<ReturnType<typeof openRawWorld>>;
beforeAll(async () => {
  raw = await openRawWorld();
});

/** What a check says of a raw world before and after a change. */
function around(
  check: (evidence: EngineEvidence) => Verdict,
  change: (evidence: EngineEvidence, snapshot: WatchedSnapshot) => void,
  options: RawOptions = {},
): { before: string; after: Verdict } {
  const { evidence } = raw(1, options);
  const before = check(evidence).verdict;
  change(evidence, evidence.snapshots[0]!);
  return { before, after: check(evidence) };
}

describe('one-instant', () => {
  /** Writes something else into the picture of C, at the first page whose requests are as wanted. */
  function spoil(isWanted: (before: readonly LoggedRequest[], after: readonly LoggedRequest[]) => boolean) {
    return ({ world }: EngineEvidence, snapshot: WatchedSnapshot): void => {
      const { extent, drive } = snapshot.selected[0]!;
      const { drive: on, spec } = world.drive(drive);
      const pageSectors = PAGE_BYTES / spec.sectorSizeBytes;
      const rows = [...world.requests.rows('application')].filter(
        ({ drive: place, op }) => place === on.place && op !== 'read' && op !== 'flush',
      );
      for (let page = 0; (page + 1) * pageSectors <= extent.count; page++) {
        const first = extent.first + page * pageSectors;
        const mine = rows.filter(({ sector, count }) => sector < first + pageSectors && first < sector + count);
        const before = mine.filter(({ completedAs }) => completedAs < snapshot.completionsAtT);
        if (!isWanted(before, mine.slice(before.length))) continue;
        snapshot.pictures[0]!.read.write(page * PAGE_BYTES, new Uint8Array(PAGE_BYTES).fill(255));
        return;
      }
      throw new Error('no page is as wanted');
    };
  }
  const isWhole = ({ count }: LoggedRequest): boolean => count === PAGE_BYTES / 512;

  test('knows what a page held at 0 s that was written after T only', () => {
    const { before, after } = around(
      oneInstant,
      spoil((early, late) => early.length === 0 && late.length > 0),
    );
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });

  test('knows what a page held that was written before T, once soon after 0 s', () => {
    const { before, after } = around(
      oneInstant,
      spoil(early => early.length === 1 && early[0]!.op === 'write' && isWhole(early[0]!)),
    );
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });

  test.each(['discard', 'zeroes'])('knows that a page is empty after a %s', op => {
    const { before, after } = around(
      oneInstant,
      spoil(early => early.at(-1)?.op === op && isWhole(early.at(-1)!)),
    );
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });

  test('knows that a failed write may have been done in part', () => {
    const fault = {
      kind: 'write-error',
      on: { is: 'drive', driveId: 'disk0' },
      sectors: null,
      op: 'write',
      done: 'part',
      trigger: { is: 'per-million', perMillion: 200_000 },
      duration: { is: 'ever' },
    } as const;
    const { evidence } = raw(1, { faults: [fault] });
    expect([...evidence.world.requests.rows('application')].some(({ failed }) => failed)).toBe(true);
    expect(oneInstant(evidence).verdict).toBe('held');
  });
});

describe('once', () => {
  test('finds a first write that goes on a moment after its copy has ended', () => {
    const { before, after } = around(once, ({ world }, { issuedAtT }) => {
      const held = world.doors.heldWrites();
      const at = held.findIndex(({ arrivedAs, end }) => arrivedAs >= issuedAtT && end === 'passed');
      const later = held.map((write, place) => (place === at ? { ...write, to: write.to + 1 } : write));
      Object.assign(world.doors, { heldWrites: () => later });
    });
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });
});

describe('bounded', () => {
  test.each([
    ['was lent more than its limit', 8 * KIB, 1],
    ['wrote more than its limit', 0, 1024],
  ])('finds a cache that %s', (_what, moreBytes, divisor) => {
    const { before, after } = around(bounded, (_evidence, snapshot) => {
      const { options } = snapshot.request;
      const limitBytes = options.cache.limitBytes / divisor;
      snapshot.spacePeakBytes = moreBytes === 0 ? 0 : limitBytes + moreBytes;
      Object.assign(snapshot.request, { options: { ...options, cache: { ...options.cache, limitBytes } } });
    });
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });
});

describe('released', () => {
  test.each<[string, (evidence: EngineEvidence, snapshot: WatchedSnapshot) => void]>([
    ['a letter', ({ world }) => world.lentLetters.add('Q')],
    [
      'a volume at its filter',
      (_evidence, { snapshot }) => snapshot!.volumes[0]!.filter.protectedVolumes.push(snapshot!.volumes[0]!),
    ],
    [
      'a backup read after its end',
      ({ world }, snapshot) => {
        const last = [...world.requests.rows('virtual')].at(-1)!;
        snapshot.issuedAtEnd = last.issuedAs;
      },
    ],
    [
      'a request for its cache',
      ({ world }, { cacheDrive }) => {
        const { cacheHandle, drive } = world.drive(cacheDrive);
        const { sectorSize } = drive;
        drive.observer?.issued(cacheHandle, new IoRequest('write', 0, 1, new Uint8Array(sectorSize)), 0);
      },
    ],
  ])('finds %s that is left', (_what, change) => {
    const { before, after } = around(released, change);
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });
});

describe('self', () => {
  const OWN: RawOptions = {
    wholeDrives: true,
    otm: { cache: { on: { is: 'drive', driveId: 'disk0' }, minBytes: 256 * KIB, limitBytes: 8192 * KIB } },
  };

  test.each<[string, (evidence: EngineEvidence, snapshot: WatchedSnapshot) => void]>([
    [
      'one byte in the picture of what is left out',
      (_evidence, { pictures, cacheExtents }) => {
        const { first, count } = cacheExtents.at(-1)!;
        pictures[0]!.read.write((first + count) * 512 - 1, Uint8Array.of(1));
      },
    ],
    [
      'a cache that had not all of its limit at T',
      (_evidence, { cacheExtents, issuedAtT }) => {
        cacheExtents.splice(0, 1, { ...cacheExtents[0]!, lentAs: issuedAtT + 1 });
      },
    ],
    [
      'a cache that is larger after T than at T',
      (_evidence, { cacheExtents, issuedAtT }) => {
        const { first, count } = cacheExtents.at(-1)!;
        cacheExtents.push({ first: first + count, count: 8, lentAs: issuedAtT + 1, lentNs: 0 });
      },
    ],
    [
      'a write of the engine to what is protected, beside its cache',
      ({ world }) => {
        const { cacheHandle, drive } = world.drive('disk0');
        drive.observer?.issued(cacheHandle, new IoRequest('write', 9, 1, new Uint8Array(drive.sectorSize)), 0);
      },
    ],
  ])('finds %s', (_what, change) => {
    const { before, after } = around(self, change, OWN);
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });

  test('does not apply where nothing is left out', () => {
    expect(self(raw(1, {}).evidence).verdict).toBe('not-applicable');
  });
});

describe('fault-rule', () => {
  test.each<[string, NonNullable<RawOptions['otm']>, object]>([
    ['a loss where the backup is protected', { protect: 'application' }, { protect: 'backup' }],
    ['a refusal where the application is protected', { protect: 'backup' }, { protect: 'application' }],
  ])('finds %s', (_what, otm, instead) => {
    const { before, after } = around(
      faultRule,
      (_evidence, { request }) => Object.assign(request, { options: { ...request.options, ...instead } }),
      { faults: [CACHE_FAILS], otm },
    );
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });

  test('finds a snapshot that says it refused a write, and protects the application', () => {
    const { before, after } = around(
      faultRule,
      ({ world }, { request: { id: snapshot } }) => {
        const { at } = world.engineEvents.find(({ kind }) => kind === 'lost')!;
        world.engineEvents.push({ kind: 'write-refused', at, snapshot, volume: 'C', cause: 'cache-error' });
      },
      { faults: [CACHE_FAILS] },
    );
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });

  test('finds a write that was held for longer than the limits', () => {
    const { before, after } = around(
      faultRule,
      (_evidence, { request }) => Object.assign(request, { options: { ...request.options, preserveLimitNs: 1 } }),
      { faults: [CACHE_FAILS], otm: { protect: 'backup' } },
    );
    expect(before).toBe('held');
    expect(after.verdict).toBe('violated');
  });
});

describe('transparent, over files', () => {
  test.each<[string, (evidence: EngineEvidence) => void, string]>([
    ['a page that reads as something else', ({ world }) => world.pageCache.oracleLog.compare('C', 3, 1, 2), 'reads as'],
    [
      'a page that is something else on the drive when all is over',
      ({ world }) => {
        const [letter, cached] = [...world.cached][0]!;
        const { on, firstSector } = world.volume(letter);
        const { page } = [...cached.oracle.expectations()].find(each => cached.find(each.page)?.flight == null)!;
        on.drive.sectors.write(firstSector * on.spec.sectorSizeBytes + page * PAGE_BYTES, Uint8Array.of(1, 2, 3, 4, 5));
      },
      'on the drive is not',
    ],
  ])('finds %s', async (_what, change, says) => {
    const modules = await loadModules({ sqlite: false });
    const sets = ['end.after=14 s', 'backups.start=2 s'];
    const loaded = load('scenarios/hot-sector.yaml', path => readFileSync(path, 'utf8'), { sets });
    if (!loaded.ok) throw new Error(loaded.errors.map(({ message }) => message).join('; '));
    let verdicts: readonly Verdict[] = [];
    new Simulation(modules).run(loaded.scenarios[0]!, 1, {
      methods: ['otm'],
      onMethod: ({ session: { world } }) => {
        const evidence = { world, snapshots: world.snapshots, backups: [] };
        const before = transparent(evidence);
        change(evidence);
        verdicts = [before, transparent(evidence)];
      },
    });
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['held', 'violated']);
    expect(verdicts[1]!.summary).toContain(says);
  });
});
