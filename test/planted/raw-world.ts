/**
 * A world without files: two raw volumes on two drives, writers that write, zero and discard pages, parts of pages and
 * ranges of many, and one or two snapshots of both volumes that are read while all that goes on. What comes back is what
 * the engine's checks say. Small enough for hundreds of seeds, and nothing in it but the engine and its judges.
 */
import { IoRequest } from '../../engine/device.ts';
import type { Task } from '../../engine/task.ts';
import { KIB, MIB, MILLISECOND, SECOND } from '../../engine/units.ts';
import { loadModules } from '../../host/modules.ts';
import { judgeEngine } from '../../sim/check/engine/engine-checks.ts';
import type { EngineEvidence } from '../../sim/check/engine/engine-verdict.ts';
import type { Verdict } from '../../sim/check/verdict.ts';
import type { Sectors } from '../../sim/disk/sectors.ts';
import type { RandomStream } from '../../sim/kernel/random.ts';
import { DRIVE_MODELS } from '../../sim/scenario/drive-models.ts';
import type { DriveSpec, Fault, OtmMethod, OtmOptions, Scenario, Selection } from '../../sim/scenario/scenario.ts';
import { toEnd } from '../../sim/slices.ts';
import { fillDrives } from '../../sim/world/filled-drives.ts';
import { runSession } from '../../sim/world/session.ts';
import { World } from '../../sim/world/world.ts';

export interface RawOptions {
  readonly granuleBytes?: number;
  readonly otm?: Partial<OtmOptions>;
  readonly faults?: readonly Fault[];
  /** A second snapshot in the same world. */
  readonly beside?: boolean;
  /** What the second one has otherwise than the first. */
  readonly besideOtm?: Partial<OtmOptions>;
  /** The caches lie on one drive, one behind the other. */
  readonly sharedCache?: boolean;
  /** The drives are selected, and not their volumes: there is room for caches behind these. */
  readonly wholeDrives?: boolean;
  /** Something stands on the drives outside of their volumes, too. */
  readonly usedGaps?: boolean;
  /** When the first snapshot is asked for. */
  readonly startNs?: number;
  /** The target takes whatever comes: the backup reads without a rest. */
  readonly unpaced?: boolean;
  /** Writers go on while the snapshot waits for quiet, so that it never is; or they do nothing but discard then. */
  readonly restless?: boolean | 'discards';
}

export interface RawRun {
  readonly outcome: string;
  readonly reason: string | null;
  readonly verdicts: readonly Verdict[];
  /** Why the run was stuck; null when it was not. */
  readonly stuck: string | null;
  readonly digest: string;
  /** What was judged; it lasts until the next run. */
  readonly evidence: EngineEvidence;
}

/** Not a multiple of any granule that is used, so the last one is short. */
const VOLUME_BYTES = 2 * MIB + 20 * KIB;
const CACHE_DRIVE = 'disk2';
const WRITERS = 3;
const QUIET = 200 * MILLISECOND;
/** Writers write in bursts, and rest for longer than the quiet period in between. */
const BURST = 600 * MILLISECOND;
const REST = 300 * MILLISECOND;

export async function openRawWorld(): Promise<(seed: number, options?: RawOptions) => RawRun> {
  const modules = await loadModules({ sqlite: false });
  return (seed, options = {}) => {
    const method = methodOf(options);
    const scenario = scenarioOf(method, options);
    modules.methodArena.reset();
    modules.pageBuffers.reset();
    const filled = fillDrives(scenario, [], modules);
    if (options.usedGaps === true) for (const sectors of filled.drives.values()) fillGaps(sectors);
    const world = new World({ scenario, seed, method, modules, filled, applications: [], trace: null });
    const owner = world.kernel.owner('writers');
    for (let writer = 0; writer < WRITERS; writer++) {
      owner.spawn(`writer-${writer}`, write(world, writer, options.restless ?? false));
    }
    const session = toEnd(runSession(world));
    const evidence = { world, snapshots: world.snapshots, backups: session.backups };
    return {
      evidence,
      outcome: session.backups[0]?.outcome ?? 'none',
      reason: session.backups[0]?.reason ?? null,
      verdicts: judgeEngine(evidence),
      stuck: session.stuck === null ? null : session.stuck.because,
      digest: session.digest,
    };
  };
}

function methodOf({
  granuleBytes = 16 * KIB,
  otm = {},
  beside = false,
  besideOtm = {},
  sharedCache = false,
  wholeDrives = false,
}: RawOptions): OtmMethod {
  const options: OtmOptions = {
    quietNs: QUIET,
    waitLimitNs: 20 * SECOND,
    neverQuiet: 'fail',
    holdLimitNs: SECOND,
    idleLimitNs: 30 * SECOND,
    preserveLimitNs: 2 * SECOND,
    granuleBytes,
    protect: 'application',
    durable: false,
    discards: 'preserve',
    exclude: [],
    cache: {
      on: sharedCache ? { is: 'drive', driveId: CACHE_DRIVE } : { is: 'spare' },
      minBytes: 256 * KIB,
      limitBytes: 8 * MIB,
    },
    ...otm,
  };
  const selection = selectionOf(['D'], wholeDrives);
  const second = {
    id: 'otm-beside-1',
    startNs: SECOND,
    selection,
    forNs: 3 * SECOND,
    options: { ...options, ...besideOtm },
  };
  return { id: 'otm', kind: 'otm', expectation: null, options, beside: beside ? [second] : [] };
}

function selectionOf(volumes: readonly string[], wholeDrives: boolean): Selection {
  if (!wholeDrives) return { by: 'volumes', volumes, drives: [] };
  return { by: 'drives', volumes, drives: volumes.map(letter => `disk${letter === 'C' ? 0 : 1}`) };
}

function driveOf(id: string, sizeBytes: number, letter: string | null): DriveSpec {
  const volume = {
    driveId: id,
    offsetBytes: MIB,
    sizeBytes: VOLUME_BYTES,
    fs: 'raw',
    clusterBytes: null,
    trimEveryNs: null,
  } as const;
  const base = {
    id,
    sizeBytes,
    model: 'ssd',
    figures: DRIVE_MODELS.ssd,
    sectorSizeBytes: 512,
    partitions: 'mbr',
  } as const;
  return { ...base, writeCache: true, volumes: letter === null ? [] : [{ ...volume, letter }] };
}

function scenarioOf(
  method: OtmMethod,
  { faults = [], unpaced = false, sharedCache = false, wholeDrives = false, startNs = 2 * SECOND }: RawOptions,
): Scenario {
  const drives = ['C', 'D'].map((letter, at) => driveOf(`disk${at}`, wholeDrives ? 24 * MIB : 4 * MIB, letter));
  if (sharedCache) drives.push(driveOf(CACHE_DRIVE, 20 * MIB, null));
  return {
    schema: 'otm/scenario@1',
    name: 'raw',
    baseName: 'raw',
    variant: null,
    story: '',
    clockSeconds: 946_684_800,
    drives,
    pageCache: { sizeBytes: MIB, writeBackNs: 100 * MILLISECOND, dirtyLimitBytes: MIB },
    workloads: [],
    backups: {
      startNs,
      selection: selectionOf(['C', 'D'], wholeDrives),
      walk: { order: { by: 'name' }, include: null, exclude: [] },
      copyRateBytesPerSecond: unpaced ? null : MIB,
      count: 1,
      everyNs: null,
      methods: [method],
    },
    faults,
    phases: null,
    end: { afterNs: null, limitNs: 60 * SECOND },
    seed: 1,
    seeds: [{ first: 1, last: 1 }],
  };
}

/** Writes without waiting for the write before, so that several overlap on their way. */
function* write(world: World, writer: number, restless: boolean | 'discards'): Task<void> {
  const random = world.kernel.choices.stream(`writer-${writer}`);
  for (let number = 1; ; number++) {
    const now = world.kernel.now();
    const inCycle = now % (BURST + REST);
    const isResting = inCycle >= BURST;
    if (isResting && restless === false) yield BURST + REST - inCycle;
    if (mayWrite(world)) submit(world, random, writer * 1_000_000 + number, isResting && restless === 'discards');
    yield random.below(12 * MILLISECOND);
  }
}

/** All but the partition table and the volume. */
function fillGaps(sectors: Sectors): void {
  const page = new Uint8Array(4 * KIB).fill(0xa5);
  for (let at = page.length; at + page.length <= sectors.sizeBytes; at += page.length) {
    if (at < MIB || at >= MIB + VOLUME_BYTES) sectors.write(at, page);
  }
}

/** Writers are programs of the machine: none writes while it is down, or starts again. */
function mayWrite({ machine }: World): boolean {
  return machine.boot.isAlive && (machine.life.number === 1 || machine.isUp);
}

function submit(world: World, random: RandomStream, version: number, discards: boolean): void {
  const { door } = world.drive(`disk${random.below(2)}`);
  const first = MIB / 512;
  const sectors = VOLUME_BYTES / 512;
  const isWholePage = random.below(4) > 0;
  const most = random.below(8) === 0 ? 128 : 8;
  const count = isWholePage ? 8 : 1 + random.below(most);
  const hot = random.below(3) === 0 ? 128 : sectors - count + 1;
  const at = random.below(8) === 0 ? sectors - count : random.below(hot);
  const sector = first + (isWholePage ? Math.floor(at / 8) * 8 : at);
  const drawn = random.below(16);
  const kind = discards ? 0 : drawn;
  if (kind > 2) {
    const data = new Uint8Array(count * 512).fill(1 + (version % 251));
    new DataView(data.buffer).setFloat64(0, version);
    door.submit(new IoRequest('write', sector, count, data, kind === 15));
    if (kind === 14) door.submit(new IoRequest('flush', 0, 0, null));
  } else if (kind === 2) door.submit(new IoRequest('read', sector, count, new Uint8Array(count * 512)));
  else door.submit(new IoRequest(kind === 0 ? 'discard' : 'zeroes', sector, count, null));
}
