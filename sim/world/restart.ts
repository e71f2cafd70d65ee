/**
 * What a machine finds when it starts after another one has ended without warning: volumes are put in order from their
 * bytes, as the operating system did before it mounted them, and the truth is told what the drives hold then.
 *
 * Invariants
 * I1 What of each application's transactions is there is found from the drives alone, and before the truth is changed.
 * I2 Volumes are put in order by ordinary writes, which snapshots that have come back see like any other, and a flush.
 * I3 An application without recovery whose files do not match then is not judged from that instant on.
 */
import { IoRequest } from '../../engine/device.ts';
import { type Task, wait } from '../../engine/task.ts';
import { type Bytes, KIB } from '../../engine/units.ts';
import { RestoredFiles } from '../apps/restored-files.ts';
import { counted } from '../apps/wording.ts';
import { NEVER, UNMATCHED } from '../apps/workload-truth.ts';
import { DataEvidence, type JudgedWorkload } from '../check/data-evidence.ts';
import { undoneTransactions } from '../check/held-transactions.ts';
import { readRestored } from '../check/read-restored.ts';
import { holesText, sequenceOf } from '../check/sequence.ts';
import type { VolumeReading } from '../check/volume-reading.ts';
import type { RestoredVolume } from '../evidence.ts';
import { type RepairWrite, repairWrites } from '../fs/fat/repair.ts';
import { driveReader } from './cache-space.ts';
import type { LifeEnd } from './life.ts';
import type { World, WorldDrive, WorldVolume } from './world.ts';

/** What was there of a workload when its machine had started again: for the check `durable`. */
export interface Survival {
  readonly workload: string;
  readonly after: LifeEnd;
  /** Transactions that had been acknowledged after an fsync of their files. */
  readonly owed: number;
  /** Those of them that are not there, or not whole; ascending. */
  readonly missing: readonly number[];
  /** What its application says of its files. */
  readonly summary: string;
}

export function restartFromDrives(world: World): void {
  const volumes = [...world.volumes.values()].filter(({ spec }) => spec.fs !== 'raw');
  const readings = volumes.map(volume => readRestored(asRestored(volume)));
  const { truth } = world;
  const evidence = evidenceOf(world, volumes, readings);
  const found = world.workloads.map(workload => findIn(world, evidence, workload));
  const tree = new RestoredFiles(
    readings.flatMap(({ files }) => files),
    truth.base,
  );
  const letters = volumes.map(({ spec }) => spec.letter);
  const event = truth.restarted(tree, letters, path => world.cachePaths.has(path));
  for (const [at, { application, truth: mine }] of world.workloads.entries()) {
    const { survival, isThere, broken } = found[at]!;
    // What came back from a backup is as old as that: nothing of it says what drives keep.
    if (survival !== null && survival.after !== 'disk-loss') world.survivals.push(survival);
    mine.restarted(event);
    if (application.recovers) continue;
    mine.settled(isThere);
    if (broken !== null) mine.breaks(broken);
  }
}

/** How much is written at once. */
const PIECE_BYTES: Bytes = 64 * KIB;

/** I2. Reading takes no time here: what is to be written is found from the drives as they are in this step. */
export function* repairVolumes(world: World, letters: readonly string[]): Task<void> {
  const requests: IoRequest[] = [];
  const written = new Set<WorldDrive>();
  for (const letter of letters) {
    const volume = world.volume(letter);
    const mine = repairsOf(world, volume);
    if (mine.length > 0) written.add(volume.on);
    for (const request of mine) requests.push(volume.on.door.submit(request));
  }
  for (const request of requests) yield* done(request);
  for (const { door } of written) yield* done(door.submit(new IoRequest('flush', 0, 0, null)));
}

function* done(request: IoRequest): Task<void> {
  const error = yield* wait(request);
  if (error !== null) throw error;
}

function repairsOf(world: World, { spec, on, firstSector, sectorCount }: WorldVolume): IoRequest[] {
  const sectorSize = on.spec.sectorSizeBytes;
  const writes = repairWrites(driveReader(on, firstSector), { sectorSize, sectorCount });
  const { kernel } = world;
  if (writes.length > 0) {
    kernel.trace?.add(kernel.now(), spec.letter, 'repaired', { sectors: counted(writes.length, 'sector') });
  }
  return runsOf(writes).map(({ offset, bytes }) => {
    return new IoRequest('write', firstSector + offset / sectorSize, bytes.length / sectorSize, bytes);
  });
}

/** Sectors that lie side by side are written together. */
function runsOf(writes: readonly RepairWrite[]): RepairWrite[] {
  const runs: RepairWrite[] = [];
  for (let at = 0; at < writes.length; ) {
    const { offset } = writes[at]!;
    let end = offset;
    const from = at;
    while (at < writes.length && writes[at]!.offset === end && end - offset < PIECE_BYTES)
      end += writes[at++]!.bytes.length;
    const bytes = new Uint8Array(end - offset);
    for (const write of writes.slice(from, at)) bytes.set(write.bytes, write.offset - offset);
    runs.push({ offset, bytes });
  }
  return runs;
}

function asRestored({ spec, on }: WorldVolume): RestoredVolume {
  return {
    letter: spec.letter,
    fileSystem: spec.fs,
    sectorSize: on.spec.sectorSizeBytes,
    sectors: on.drive.sectors,
    offsetBytes: spec.offsetBytes,
    sizeBytes: spec.sizeBytes,
  };
}

/** The drives as a picture of the present event. */
function evidenceOf(world: World, volumes: readonly WorldVolume[], readings: readonly VolumeReading[]): DataEvidence {
  const at = world.truth.now();
  return new DataEvidence({
    restore: {
      volumes: volumes.map(asRestored),
      consistency: null,
      at,
      wallSeconds: world.wallClock(),
      startedAt: at,
      endedAt: at,
      endedWallSeconds: world.wallClock(),
      files: [],
      settledAt: null,
    },
    readings,
    truth: world.truth,
    workloads: world.workloads,
    writeBackNs: world.scenario.pageCache.writeBackNs,
    selects: path => !world.cachePaths.has(path),
  });
}

interface Found {
  /** Null: it makes no transactions, or could not be judged before. */
  readonly survival: Survival | null;
  readonly isThere: (number: number) => boolean;
  readonly broken: string | null;
}

/** I1 */
function findIn(world: World, evidence: DataEvidence, workload: JudgedWorkload): Found {
  const { application, truth } = workload;
  const after = world.lives.at(-2)?.endedBy ?? null;
  const before = truth.whyUnjudged(evidence.until);
  if (after === null || truth.transactions.length === 0 || before !== null) {
    return { survival: null, isThere: () => true, broken: null };
  }
  const { accepts, summary } = evidence.loading(workload);
  const { whole, torn, untold } = evidence.heldBy(workload);
  const isThere = (number: number): boolean => whole.has(number) || (untold?.has(number) ?? false);
  const owed = truth.transactions.filter(each => isOwed(each) && !each.isLostAt(evidence.until));
  const undone = application.recovers
    ? null
    : undoneTransactions(truth, evidence.comparer, evidence.filesOf(workload), evidence.until);
  const isMissing = (number: number): boolean => (undone === null ? !isThere(number) : undone.has(number));
  const missing = owed.map(({ number }) => number).filter(isMissing);
  const survival = { workload: application.id, after, owed: owed.length, missing, summary };
  const sequence = sequenceOf(truth, { whole, torn, untold: untold ?? new Set() });
  const holes = sequence.firstHole === null && torn.size === 0 ? null : holesText(sequence);
  const why = accepts ? holes : summary;
  return { survival, isThere, broken: why === null ? null : `${UNMATCHED}: ${why}` };
}

function isOwed({ acknowledged, synced }: { readonly acknowledged: number; readonly synced: number }): boolean {
  return acknowledged !== NEVER && synced !== NEVER;
}
