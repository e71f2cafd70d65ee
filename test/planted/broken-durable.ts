/**
 * Defects of durable snapshots (E10), and where the machine has to end for each to show: tried from a run that does not end
 * there, which tells when things happen. The same seed runs the same way up to that instant.
 */
import type { EngineEvent } from '../../engine/events.ts';
import { KIB, MIB, MICROSECOND, MILLISECOND, type Nanoseconds } from '../../engine/units.ts';
import type { Fault, FaultAim, SectorRange } from '../../sim/scenario/scenario.ts';
import { type Broken, HANG } from './broken.ts';
import type { openRawWorld, RawOptions, RawRun } from './raw-world.ts';

type Run = Awaited<ReturnType<typeof openRawWorld>>;

export interface BrokenDurable extends Omit<Broken, 'options' | 'caughtBy'> {
  readonly caughtBy: 'recovered' | 'exact';
  readonly ends: Ends;
}

/** Runs of a seed, each with another end of its machine. */
export type Ends = (run: Run, seed: number) => Generator<RawRun>;

function blow(kind: 'power-cut' | 'kill', atNs: Nanoseconds, backNs: Nanoseconds, torn = false): Fault {
  const fault = { trigger: { is: 'at', atNs }, on: null, op: null, backNs } as const;
  return kind === 'kill' ? { ...fault, kind } : { ...fault, kind, torn };
}

const DURABLE: RawOptions = { otm: { durable: true } };
/** It takes milliseconds to make an end durable: time enough for writes that do not wait for it. */
const SLOW_ENDS: RawOptions = {
  restless: true,
  unpaced: true,
  granuleBytes: 4 * KIB,
  otm: { durable: true, neverQuiet: 'take-anyway', waitLimitNs: 300 * MILLISECOND },
  faults: [slowWrites({ is: 'cache' }, null), slowWrites({ is: 'drive', driveId: 'disk0' }, { first: 1, last: 16 })],
};

const BACK: Nanoseconds = 10 * MILLISECOND;

function slowWrites(on: FaultAim, sectors: SectorRange | null): Fault {
  return { ...HANG, on, sectors, factor: 100, trigger: { is: 'at', atNs: 0 }, duration: { is: 'ever' } };
}

function momentOf(run: RawRun, kind: EngineEvent['kind']): Nanoseconds | null {
  return run.evidence.world.engineEvents.find(event => event.kind === kind)?.at ?? null;
}

/** The power goes shortly after something has happened. */
function cutsAfter(
  kind: EngineEvent['kind'],
  afterNs: readonly Nanoseconds[],
  options: RawOptions,
  torn = false,
): Ends {
  return function* ends(run, seed) {
    const at = momentOf(run(seed, options), kind);
    if (at === null) return;
    for (const after of afterNs) {
      const faults = [...(options.faults ?? []), blow('power-cut', at + after, BACK, torn)];
      yield run(seed, { ...options, faults });
    }
  };
}

const SOON = [30, 90, 250, 600].map(each => each * MICROSECOND);
const WHILE_IT_READS = [201, 655].map(each => each * MILLISECOND);

/** The power goes in the step in which the cache, or any drive, is asked for something. */
function cutsAtCache(op: 'write' | 'flush', options: RawOptions = DURABLE): Ends {
  return function* ends(run, seed) {
    for (const nth of [7, 18].map(each => each + seed)) {
      const fault = { kind: 'power-cut', trigger: { is: 'nth', nth }, on: { is: 'cache' }, op, backNs: BACK } as const;
      yield run(seed, { ...options, faults: [{ ...fault, torn: true }] });
    }
  };
}

/** A kill while a group is flushed, and the power goes when the snapshot is just back. */
const killThenCut: Ends = function* ends(run, seed) {
  for (const nth of [9 + seed]) {
    const fault = { trigger: { is: 'nth', nth }, on: { is: 'cache' }, op: 'flush', backNs: MICROSECOND } as const;
    const kill: Fault = { kind: 'kill', ...fault };
    const at = momentOf(run(seed, { ...DURABLE, faults: [kill] }), 'reopened');
    if (at === null) continue;
    for (const after of SOON) yield run(seed, { ...DURABLE, faults: [kill, blow('power-cut', at + after, BACK)] });
  }
};

function cacheOn(driveId: string, limitBytes: number) {
  return { cache: { on: { is: 'drive', driveId }, minBytes: 256 * KIB, limitBytes } } as const;
}

/** Two whole drives, and each cache on a drive of the other picture; one picture was there before the other one's cache. */
const EACH_OTHERS: RawOptions = {
  wholeDrives: true,
  usedGaps: true,
  beside: true,
  startNs: 100 * MILLISECOND,
  otm: { durable: true, ...cacheOn('disk1', 8 * MIB) },
  besideOtm: cacheOn('disk0', 4 * MIB),
};

const cutsWithTwo: Ends = function* ends(run, seed) {
  const enabled = run(seed, EACH_OTHERS).evidence.world.engineEvents.filter(({ kind }) => kind === 'enabled');
  const at = enabled[1]?.at;
  if (at !== undefined) yield run(seed, { ...EACH_OTHERS, faults: [blow('power-cut', at + 50 * MILLISECOND, BACK)] });
};

const COMMIT = 'const error = (yield* this.writeThrough(place, buffer)) ?? (yield* this.state.commit(number, chain));';

export const DURABLES: readonly BrokenDurable[] = [
  {
    name: 'a group that is not flushed before its writes go',
    changes: [
      {
        file: 'engine/durable/durable-cache.ts',
        find: COMMIT,
        replace: `const error =
      (yield* waitAll(this.file.submit('write', place, buffer))) ?? (yield* this.state.commit(number, chain));`,
      },
    ],
    caughtBy: 'recovered',
    ends: cutsAfter('enabled', WHILE_IT_READS, DURABLE),
  },
  {
    name: 'a counter that is written before its group',
    changes: [
      {
        file: 'engine/durable/durable-cache.ts',
        find: COMMIT,
        replace:
          'const error = (yield* this.state.commit(number, chain)) ?? (yield* this.writeThrough(place, buffer));',
      },
    ],
    caughtBy: 'recovered',
    ends: cutsAtCache('write'),
  },
  {
    name: 'a T for which the drives were not flushed',
    changes: [
      {
        file: 'engine/engine.ts',
        find: 'const filters = new Set(snapshot.volumes.map(({ filter }) => filter));',
        replace: 'const filters = new Set<Filter>();',
      },
    ],
    caughtBy: 'exact',
    ends: cutsAfter(
      'enabled',
      [3, 20].map(each => each * MILLISECOND),
      DURABLE,
    ),
  },
  {
    name: 'a T that is told before it is durable',
    changes: [
      {
        file: 'engine/engine.ts',
        find: `this.enable(snapshot, 'quiescent', 0);
      yield* this.recordT(snapshot);`,
        replace: `this.enable(snapshot, 'quiescent', 0);
      this.owner.spawn('record of T', this.recordT(snapshot));`,
      },
    ],
    caughtBy: 'recovered',
    ends: cutsAfter('enabled', SOON, DURABLE),
  },
  {
    name: 'writes that go unpreserved before the end is durable',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: 'if (durable === null) volume.filter.detach(volume);',
        replace: 'volume.filter.detach(volume);',
      },
    ],
    caughtBy: 'exact',
    // Three of four times one of the two marks, which are on their way, is there after the cut.
    ends: function* ends(run, seed) {
      const cuts = cutsAfter('released', [5 * MILLISECOND], SLOW_ENDS);
      for (let more = 0; more < 3; more++) yield* cuts(run, seed + 100 * more);
    },
  },
  {
    name: 'an end that only counts when both places have it',
    changes: [
      {
        file: 'engine/durable/reopen.ts',
        find: "if (header.ended !== 'no' || state.ended !== 'no')",
        replace: "if (header.ended !== 'no' && state.ended !== 'no')",
      },
    ],
    caughtBy: 'recovered',
    ends: cutsAfter('released', SOON, DURABLE),
  },
  {
    name: 'a start that flushes nothing of what it found',
    changes: [
      {
        file: 'engine/durable/durable-cache.ts',
        find: 'return (yield* this.file.flush()) ?? (yield* this.state.commit(this.group, this.chain));',
        replace: 'return yield* this.state.commit(this.group, this.chain);',
      },
    ],
    caughtBy: 'recovered',
    ends: killThenCut,
  },
  {
    name: 'a torn tail that is used',
    changes: [
      {
        file: 'engine/durable/log-reader.ts',
        find: "return this.checksum(data.subarray(0, record.dataBytes)) === record.dataChecksum ? { record, sealed } : 'rotten';",
        replace: 'return { record, sealed };',
      },
      {
        file: 'engine/durable/log-reader.ts',
        find: "if (!isCommit(commit, of, at, number, chain, this.checksum)) return 'rotten';",
        replace: 'if (!isCommit(commit, of, at, number, chain, this.checksum) && number < 0) return "rotten";',
      },
    ],
    caughtBy: 'exact',
    ends: cutsAtCache('write'),
  },
  {
    name: "a picture that leaves out another one's cache that was made after its T",
    changes: [
      {
        file: 'engine/engine.ts',
        find: 'volume.excluded = new ExtentSet(birth.volumes[at]!.excluded);',
        replace: 'if (at >= 0) volume.excluded = volume.excludedNow();',
      },
    ],
    caughtBy: 'exact',
    ends: cutsWithTwo,
  },
  {
    name: 'a state that is written over what another picture has there',
    changes: [{ file: 'engine/engine.ts', find: 'yield* this.takeOverState(snapshot);', replace: '' }],
    caughtBy: 'exact',
    ends: function* ends(run, seed) {
      yield run(seed, EACH_OTHERS);
    },
  },
];
