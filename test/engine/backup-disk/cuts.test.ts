/**
 * The power is cut at every single I/O of a backup, of a delete, of a restore and of a recovery; from each state that a cut
 * may leave the disk is opened without its source. It holds the last complete image or has finished the newest by itself,
 * and each generation that it lists reads as it was, byte for byte.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupOptions, backup } from '../../../engine/backup-disk/backup.ts';
import type { BackupDisk } from '../../../engine/backup-disk/backup-disk.ts';
import { deleteGeneration, retireGenerations } from '../../../engine/backup-disk/generations.ts';
import { initialiseBackupDisk, openBackupDisk } from '../../../engine/backup-disk/open.ts';
import { BackupDiskRefusal } from '../../../engine/backup-disk/refusal.ts';
import { restore } from '../../../engine/backup-disk/restore.ts';
import { restoreStateOf } from '../../../engine/backup-disk/restore-mark.ts';
import type { Checksum } from '../../../engine/checksum.ts';
import { IoError } from '../../../engine/device.ts';
import { runNow, type Task } from '../../../engine/task.ts';
import { makeHash } from '../../../host/modules.ts';
import {
  BenchDisk,
  expectSame,
  imageOf,
  optionsFor,
  placesOver,
  preparedDisk,
  readAll,
  restoreOptions,
  type Shape,
  SMALL,
  Source,
} from './bench-disk.ts';
import { type CrashDisk, drawFrom, Power, PowerCut } from './crash-disk.ts';

let checksum: Checksum;
beforeAll(async () => {
  checksum = await makeHash();
});

const counts: string[] = [];
afterAll(() => {
  console.log(`power cuts: ${counts.join('; ')}`);
});

/** The drives of a backup disk: one, or image and side file. */
interface Drives {
  readonly image: CrashDisk;
  readonly side: CrashDisk | null;
}

class Cuts {
  readonly bench: BenchDisk;
  readonly start: Drives;
  /** Newest generations that may be found. */
  readonly allowed: ReadonlySet<number>;
  cuts = 0;
  states = 0;
  recoveries = 0;
  recoveryStates = 0;
  private readonly draw = drawFrom(4);
  private changes = -1;
  private readonly tornRecoveries: 'torn' | 'whole';

  constructor(bench: BenchDisk, allowed: readonly number[], tornRecoveries: 'torn' | 'whole' = 'whole') {
    const { image, catalogue } = bench.places;
    this.bench = bench;
    this.tornRecoveries = tornRecoveries;
    this.allowed = new Set(allowed);
    this.start = {
      image: (image as CrashDisk).fork(),
      side: catalogue.device === image ? null : (catalogue.device as CrashDisk).fork(),
    };
  }

  fork({ image, side }: Drives, power: Power): Drives {
    const forks = { image: image.fork(), side: side?.fork() ?? null };
    forks.image.power = power;
    if (forks.side !== null) forks.side.power = power;
    return forks;
  }

  open({ image, side }: Drives): BackupDisk {
    return runNow(openBackupDisk(placesOver(this.bench.places, image, side), checksum));
  }

  *statesOf({ image, side }: Drives, torn: 'torn' | 'whole'): Generator<Drives, void> {
    for (const one of image.states(this.draw, torn)) {
      if (side === null) yield { image: one, side: null };
      else for (const other of side.states(this.draw, 'whole')) yield { image: one.fork(), side: other };
    }
  }

  /** Cuts a run of `task` at every I/O; `judge` looks at each state. Tells whether there was any. */
  each(task: (drives: Drives) => void, judge: (drives: Drives) => void): this {
    for (let cutAt = 0; ; cutAt++) {
      const power = new Power();
      const drives = this.fork(this.start, power);
      power.cutAt = cutAt;
      if (!wasCut(() => task(drives))) break;
      this.cuts += 1;
      if (this.isAsBefore(drives)) continue;
      for (const state of this.statesOf(drives, 'torn')) {
        this.states += 1;
        judge(state);
      }
      this.recover(drives, judge);
    }
    return this;
  }

  /** The recovery of what was cut off is cut itself, at every I/O. */
  private recover(cut: Drives, judge: (drives: Drives) => void): void {
    const { changes } = this;
    for (const from of [...this.statesOf(cut, 'whole')].slice(-1)) {
      this.changes = 0;
      for (let cutAt = 0; ; cutAt++) {
        const power = new Power();
        const drives = this.fork(from, power);
        power.cutAt = cutAt;
        if (!wasCut(() => this.open(drives))) break;
        this.recoveries += 1;
        if (this.isAsBefore(drives)) continue;
        for (const state of this.statesOf(drives, this.tornRecoveries)) {
          this.recoveryStates += 1;
          judge(state);
        }
      }
    }
    this.changes = changes;
  }

  /** Whether nothing was written or flushed since the last cut: it leaves the same states. */
  private isAsBefore({ image, side }: Drives): boolean {
    const changes = image.writes + image.flushes + (side === null ? 0 : side.writes + side.flushes);
    const isAsBefore = changes === this.changes;
    this.changes = changes;
    return isAsBefore;
  }

  /** Whole, and one of the images that it may be. */
  judge(drives: Drives): void {
    const disk = this.open(drives);
    // A cut alone damages nothing that was committed.
    expect(disk.recovery).not.toBe('given-up');
    if (this.allowed.has(0) && disk.newest === null) return;
    if (!this.allowed.has(disk.newest?.number ?? 0)) expect.fail(`generation ${disk.newest?.number} is the newest`);
    this.bench.check(disk);
  }

  tell(what: string): void {
    expect(this.states).toBeGreaterThan(this.cuts);
    counts.push(
      `${what}: ${this.states} states of ${this.cuts} cuts, ${this.recoveryStates} of ${this.recoveries} recoveries`,
    );
  }
}

function wasCut(task: () => void): boolean {
  try {
    task();
    return false;
  } catch (error) {
    if (error instanceof PowerCut) return true;
    throw error;
  }
}

const prepared = (shape: Shape = SMALL, rounds = 3): BenchDisk => preparedDisk(checksum, shape, rounds);

/** Cuts a backup of `change`, which is generation `next`, at every I/O. */
function cutBackup(
  bench: BenchDisk,
  next: number,
  more: Partial<BackupOptions> = {},
  orNothing = false,
  tornRecoveries: 'torn' | 'whole' = 'whole',
): Cuts {
  const { source } = bench;
  const options = optionsFor(source, next, { changed: source.takeChanged(), ...more });
  const cuts = new Cuts(bench, [next, orNothing ? 0 : next - 1], tornRecoveries);
  bench.pictures.set(next, source.picture());
  const task = (drives: Drives): void => {
    runNow(backup(cuts.open(drives), options));
  };
  return cuts.each(task, state => cuts.judge(state));
}

describe('cut at every I/O, from each state', () => {
  test('an increment is there or the backup before it, with saves, in one drive', () => {
    const bench = prepared();
    bench.source.write(12, 20, 9);
    bench.source.write(100, 2, 9);
    bench.source.write(40, 8, 0);
    cutBackup(bench, 4).tell('increment');
  });

  test('an increment in image and side file', () => {
    const bench = prepared({ ...SMALL, isSideFile: true });
    bench.source.write(12, 10, 9);
    bench.source.write(100, 2, 9);
    cutBackup(bench, 4).tell('increment, side file');
  });

  test('an increment in sectors of 4096 bytes', () => {
    const bench = prepared({ ...SMALL, sectorSize: 4096, sourceSectors: 37, granuleBytes: 8192, slots: 60 });
    bench.source.write(12, 7, 9);
    cutBackup(bench, 4).tell('increment, 4096-byte sectors');
  });

  test('an increment that retires older ones', () => {
    const bench = prepared();
    bench.source.write(12, 20, 9);
    cutBackup(bench, 4, { retention: { keep: 2, youngerThanMs: null } }).tell('retention');
  });

  test('an increment that keeps nothing of the one before', () => {
    const bench = prepared();
    bench.source.write(12, 20, 9);
    // Its recovery is the shortest one: it is torn, too.
    const retention = { keep: 1, youngerThanMs: null };
    cutBackup(bench, 4, { retention }, false, 'torn').tell('keep 1, recoveries torn');
  });

  test('an increment for which the oldest ones have to go', () => {
    const bench = prepared({ ...SMALL, slots: 14 });
    bench.source.write(0, 48, 9);
    cutBackup(bench, 4).tell('drop oldest');
  });

  test('an increment after the disk was written to', () => {
    const bench = prepared();
    (bench.places.image as CrashDisk).overwrite(3, new Uint8Array(512).fill(3));
    bench.source.write(12, 6, 9);
    const { source } = bench;
    const options = optionsFor(source, 4, { changed: source.takeChanged() });
    bench.pictures.set(4, source.picture());
    const cuts = new Cuts(bench, [4, 3]);
    const task = (drives: Drives): void => {
      expect(runNow(backup(cuts.open(drives), options)).way).toBe('bytes');
    };
    cuts.each(task, state => {
      const disk = cuts.open(state);
      if (disk.newest!.number === 4) expectSame(imageOf(disk), bench.pictures.get(4)!, 'the image');
    });
    cuts.tell('after foreign writes');
  });

  test('deleting a generation changes none of the others', () => {
    const bench = prepared(SMALL, 4);
    const cuts = new Cuts(bench, [4]);
    cuts.each(
      drives => runNow(deleteGeneration(cuts.open(drives), 2)),
      state => cuts.judge(state),
    );
    cuts.tell('delete');
    const all = new Cuts(bench, [4]);
    all.each(
      drives => runNow(retireGenerations(all.open(drives), { keep: 1, youngerThanMs: null }, 0)),
      state => all.judge(state),
    );
    all.tell('retire');
  });

  test('a first full backup is there, or not', () => {
    const source = new Source(SMALL);
    source.write(0, 100, 7);
    const bench = new BenchDisk(SMALL, source, checksum);
    cutBackup(bench, 1, {}, true).tell('full');
  });

  test('a disk that is initialised is what it was, or empty', () => {
    const bench = prepared();
    const cuts = new Cuts(bench, [3, 0]);
    const other = { ...bench.source.identity, id: 'other' };
    const initialise = (places: BenchDisk['places']): Task<BackupDisk> =>
      initialiseBackupDisk(places, other, checksum, SMALL.granuleBytes);
    cuts.each(
      ({ image, side }) => runNow(initialise(placesOver(bench.places, image, side))),
      state => cuts.judge(state),
    );
    cuts.tell('init');
  });

  test('an increment in place says that the disk is incomplete, and the next backup completes it', () => {
    const bench = prepared({ ...SMALL, slots: 6 }, 1);
    bench.source.write(8, 64, 9);
    const options = optionsFor(bench.source, 2, { changed: bench.source.takeChanged(), inPlace: true });
    const cuts = new Cuts(bench, [1, 2, 0]);
    bench.pictures.set(2, bench.source.picture());
    bench.pictures.set(3, bench.source.picture());
    let repaired = 0;
    const task = (drives: Drives): void => {
      expect(runNow(backup(cuts.open(drives), options)).kind).toBe('in-place');
    };
    cuts.each(task, state => {
      cuts.judge(state);
      const disk = cuts.open(state);
      if (disk.newest !== null) return;
      expect(disk.header).toMatchObject({ state: 'in-place', sinceMs: 2000 });
      repaired += 1;
      expect(runNow(backup(disk, options)).incomplete).toEqual({ fromMs: 2000, untilMs: 2000 });
      bench.check(disk);
    });
    expect(repaired).toBeGreaterThan(50);
    cuts.tell('in place');
  });
});

test('a restore that is cut off says so until it was run again', () => {
  const bench = prepared();
  const before = new Source(SMALL);
  const wanted = bench.pictures.get(2)!;
  before.device.overwrite(0, wanted);
  for (const first of [0, 9, 30, 60, 61, 97, 128]) before.write(first, 2, 3);
  const old = before.picture();
  let [cuts, states, incomplete] = [0, 0, 0];
  const options = (target: CrashDisk) => restoreOptions(target, { generation: 2 });
  for (; ; cuts++) {
    const target = before.device.fork();
    target.power.cutAt = cuts;
    if (!wasCut(() => runNow(restore(bench.disk, options(target))))) break;
    bench.reopen();
    for (const state of target.states(drawFrom(cuts))) {
      states += 1;
      const mark = runNow(restoreStateOf(state, 0, checksum));
      const found = state.bytes(0, SMALL.sourceSectors);
      if (mark === null) expect([old, wanted].some(each => Buffer.compare(each, found) === 0)).toBe(true);
      else {
        incomplete += 1;
        expect(mark).toMatchObject({ sourceId: 'server', generation: 2 });
      }
      runNow(restore(bench.disk, options(state)));
      expectSame(state.bytes(0, SMALL.sourceSectors), wanted, 'the target');
      expect(runNow(restoreStateOf(state, 0, checksum))).toBeNull();
    }
  }
  expect(incomplete).toBeGreaterThan(50);
  counts.push(`restore: ${states} states of ${cuts} cuts, ${incomplete} of them incomplete`);
});

describe('an I/O that fails', () => {
  /** Fails I/O `failing` of an increment, then goes on with the same object, then loses what was never durable. */
  function failAt(failing: number, op: 'any' | 'flush'): 'failed' | 'passed' | 'over' {
    const bench = prepared();
    const image = bench.places.image as CrashDisk;
    const { source } = bench;
    source.write(12, 20, 9);
    let at = 0;
    let hasFailed = false;
    image.failure = request => {
      if (op === 'flush' && request.op !== 'flush') return null;
      if (at++ !== failing) return null;
      hasFailed = true;
      return request.op === 'flush' ? 'flush-error' : request.op === 'read' ? 'read-error' : 'write-error';
    };
    bench.pictures.set(4, source.picture());
    const changed = source.takeChanged();
    let outcome: 'failed' | 'passed' = 'passed';
    try {
      bench.backup({ changed });
    } catch (error) {
      if (!(error instanceof Error) || !['IoError', 'BackupDiskRefusal'].includes(error.name)) throw error;
      outcome = 'failed';
    }
    if (!hasFailed) return 'over';
    image.failure = () => null;
    source.write(60, 9, 5);
    bench.backup();
    bench.check();
    const [nothing] = image.states(drawFrom(1), 'whole');
    const disk = runNow(openBackupDisk(placesOver(bench.places, nothing!, null), checksum));
    bench.check(disk);
    return outcome;
  }

  test.each(['any', 'flush'] as const)('loses nothing: %s', op => {
    const told = { failed: 0, passed: 0 };
    for (let failing = 0; ; failing++) {
      const outcome = failAt(failing, op);
      if (outcome === 'over') break;
      told[outcome] += 1;
    }
    expect(told.failed).toBeGreaterThan(5);
    counts.push(`failing ${op}: ${told.failed} failed backups, ${told.passed} went on`);
  });
});

test('what a failed flush gave up is written again before anything relies on it', () => {
  let cuts = 0;
  for (let failing = 0; ; failing++) {
    const bench = prepared();
    const image = bench.places.image as CrashDisk;
    const { source } = bench;
    source.write(12, 20, 9);
    let [at, hasFailed] = [0, false];
    image.failure = ({ op }) => {
      if (op !== 'flush' || at++ !== failing) return null;
      hasFailed = true;
      return 'flush-error';
    };
    bench.pictures.set(4, source.picture());
    try {
      bench.backup({ changed: source.takeChanged(), retention: { keep: 2, youngerThanMs: null } });
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
    }
    image.failure = () => null;
    if (!hasFailed) break;
    // The next backup is cut as soon as it has flushed anything, and after each write.
    source.write(60, 24, 5);
    const next = new Map(bench.pictures).set(4, source.picture());
    const begun = image.power.ios;
    const seen: { readonly drive: CrashDisk; readonly all: CrashDisk }[] = [];
    image.failure = request => {
      if (request.op === 'read') return null;
      const states = [...image.states(drawFrom(1), 'whole')];
      seen.push({ drive: states[0]!, all: states.at(-1)! });
      return null;
    };
    const report = bench.backup();
    expect(image.power.ios).toBeGreaterThan(begun);
    for (const { drive, all } of seen) {
      for (const state of [drive, all]) {
        cuts += 1;
        const disk = runNow(openBackupDisk(placesOver(bench.places, state, null), checksum));
        for (const { number } of disk.generations) {
          const wanted = [bench.pictures.get(number), next.get(number), source.picture()];
          const found = readAll(disk, number);
          expect(wanted.some(each => each !== undefined && Buffer.compare(each, found) === 0)).toBe(true);
        }
        expect(disk.newest!.number).toBeLessThanOrEqual(report.generation);
      }
    }
  }
  expect(cuts).toBeGreaterThan(100);
  counts.push(`cuts after a failed flush: ${cuts} states`);
});

test('refusals of an open are no crash of it', () => {
  const bench = prepared();
  (bench.places.image as CrashDisk).overwrite(136, new Uint8Array(4096));
  expect(readAll(runNow(openBackupDisk(bench.places, checksum)))).toHaveLength(SMALL.sourceSectors * 512);
  expect(() => runNow(openBackupDisk(bench.places, checksum, { ...bench.source.identity, id: 'x' }))).toThrow(
    BackupDiskRefusal,
  );
});
