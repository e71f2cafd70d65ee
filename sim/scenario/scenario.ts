/**
 * A scenario as everybody but the loader sees it: resolved. Defaults are filled in, units converted, every cross-reference
 * checked, one variant of the matrix chosen. It is plain data (no class, no Map), so it survives JSON.
 *
 * Units: times are integer virtual nanoseconds from 0 s of the run, sizes are integer bytes, and the name ends with the
 * unit. `null` means "not set", never a default that is still to be found.
 *
 * Invariants (the loader establishes them, everybody may rely on them)
 * I1 Drive ids, letters, workload ids and method ids are each unique. Letters are `A`..`Z`; a drive id has two characters
 *    or more, so that it is never taken for a letter.
 * I2 Paths are canonical: a letter, a colon, backslashes, upper case; each lies on a volume of the world with a file system.
 * I3 Volumes lie inside their drive, in order, without overlap.
 * I4 Nothing in a Scenario belongs to a later issue: such keys are refused while loading.
 */
import type { SnapshotTerms } from '../../engine/snapshot.ts';
import type { Bytes, Nanoseconds, Sector } from '../../engine/units.ts';
import type { DriveFigures } from '../disk/service-time.ts';
import type { Expectation } from './expectation.ts';

export type { Outcome } from '../evidence.ts';
export type * from './expectation.ts';

export interface Scenario {
  readonly schema: 'otm/scenario@1';
  /** The name everywhere: `timestamp-problem`, or with a matrix `timestamp-problem[granule=4KiB]`. */
  readonly name: string;
  /** Without the variant. */
  readonly baseName: string;
  /** `granule=4KiB`, as `--variant` has it; null when there is no matrix. */
  readonly variant: string | null;
  /** The first comment of the file, without its `#`; lines separated by `\n`. Empty when there is none. */
  readonly story: string;
  /** Wall clock at 0 s: seconds since 1970-01-01T00:00:00Z. */
  readonly clockSeconds: number;
  readonly drives: readonly DriveSpec[];
  readonly pageCache: PageCacheSpec;
  readonly workloads: readonly Workload[];
  readonly backups: Backups;
  readonly faults: readonly Fault[];
  readonly phases: Phases | null;
  readonly end: End;
  /** The default of `run`: 0 to 2^53 - 1. */
  readonly seed: number;
  /** The default of `suite`. */
  readonly seeds: readonly SeedRange[];
}

// --- the world -------------------------------------------------------------------------------------------------------

export interface DriveSpec {
  readonly id: string;
  /** A multiple of the sector size. */
  readonly sizeBytes: Bytes;
  /** The preset's name (drive-models.ts), or null when the scenario gave its own figures. */
  readonly model: string | null;
  /** What the drive does, with the scenario's `queueDepth` in it. */
  readonly figures: DriveFigures;
  readonly sectorSizeBytes: 512 | 4096;
  readonly partitions: 'mbr' | 'gpt';
  /** Whether it has a volatile write cache, of `figures.writeCacheBytes`. */
  readonly writeCache: boolean;
  readonly volumes: readonly VolumeSpec[];
}

export type FileSystemKind = 'fat12' | 'fat16' | 'fat32' | 'raw';

/** A partition. The first begins at 1 MiB, each other one at the next multiple of 1 MiB behind the one before. */
export interface VolumeSpec {
  readonly letter: string;
  readonly driveId: string;
  /** Where it begins on its drive: a multiple of 1 MiB. */
  readonly offsetBytes: Bytes;
  /** A multiple of the drive's sector size. */
  readonly sizeBytes: Bytes;
  readonly fs: FileSystemKind;
  /** Null for `raw` only. */
  readonly clusterBytes: Bytes | null;
  /** How often the drive is told what is free; null: never. */
  readonly trimEveryNs: Nanoseconds | null;
}

export interface PageCacheSpec {
  readonly sizeBytes: Bytes;
  /** A page is written this long after its first change since it was clean. */
  readonly writeBackNs: Nanoseconds;
  /** With more bytes dirty than this a writer waits. */
  readonly dirtyLimitBytes: Bytes;
}

// --- workloads -------------------------------------------------------------------------------------------------------

/** `count` transactions in `perNs`; both are integers above 0. `40/s` is { 40, 1e9 }, `1.5/s` is { 3, 2e9 }. */
export interface Rate {
  readonly count: number;
  readonly perNs: Nanoseconds;
}

/** The last `forNs` of each `everyNs`, counted from 0 s, begin no transaction. 0 < forNs < everyNs. */
export interface Pauses {
  readonly everyNs: Nanoseconds;
  readonly forNs: Nanoseconds;
}

export type Fsync = 'always' | 'group' | 'never';

interface WorkloadBase {
  readonly id: string;
  /** Writes nothing during the backup by design: said so, or implied by an end before the first backup's start. */
  readonly idle: boolean;
}

/** What applications that make transactions have in common. */
interface TransactionalBase extends WorkloadBase {
  readonly rate: Rate;
  readonly clients: number;
  readonly fsync: Fsync;
  readonly startNs: Nanoseconds;
  /** From here on no transaction begins; null: to the end of the run. */
  readonly untilNs: Nanoseconds | null;
  readonly pauses: Pauses | null;
}

/** A named file of a workload. */
export interface NamedFile {
  /** As `files:` names it, and as the steps of a script do. */
  readonly name: string;
  readonly path: string;
}

/** Accounts of 64 bytes in A, transfers in the journal B. */
export interface LedgerWorkload extends TransactionalBase {
  readonly app: 'ledger';
  readonly files: { readonly A: string; readonly B: string };
  readonly accounts: number;
}

export interface SqliteWorkload extends TransactionalBase {
  readonly app: 'sqlite';
  /** One or more databases; the first one is `main`, the others are attached. In the order of the file. */
  readonly files: readonly NamedFile[];
  readonly journal: 'delete' | 'truncate' | 'persist' | 'wal';
  /** Of each database. */
  readonly sizeBytes: Bytes;
  readonly blobs: boolean;
}

export interface MailWorkload extends TransactionalBase {
  readonly app: 'mail';
  /** Its folder. */
  readonly at: string;
  readonly messages: number;
}

/** Data that never changes. */
export interface StaticWorkload extends WorkloadBase {
  readonly app: 'static';
  readonly at: string;
  readonly fileCount: number;
  /** Of each file. */
  readonly sizeBytes: Bytes;
}

/** A transaction written out. */
export interface ScriptWorkload extends TransactionalBase {
  readonly app: 'script';
  readonly files: readonly NamedFile[];
  /** Of each file before 0 s. */
  readonly sizeBytes: Bytes;
  readonly transaction: readonly ScriptStep[];
}

/** `random`: a multiple of the step's size; `next`: behind the last one, wrapping. */
export type WritePlace =
  | { readonly is: 'random' }
  | { readonly is: 'next' }
  | { readonly is: 'offset'; readonly offsetBytes: Bytes };

/** `file`, `from` and `to` are names of `files`. */
export type ScriptStep =
  | { readonly does: 'write'; readonly file: string; readonly sizeBytes: Bytes; readonly at: WritePlace }
  | { readonly does: 'append'; readonly file: string; readonly sizeBytes: Bytes }
  | { readonly does: 'wait'; readonly forNs: Nanoseconds }
  | { readonly does: 'rename'; readonly from: string; readonly to: string }
  | { readonly does: 'sync'; readonly file: string };

export type Workload = LedgerWorkload | SqliteWorkload | MailWorkload | StaticWorkload | ScriptWorkload;
export type AppKind = Workload['app'];

// --- backups ---------------------------------------------------------------------------------------------------------

/** What is backed up. Never empty. */
export interface Selection {
  /** `drives`: whole drives, all their sectors. `volumes` then names every volume on them. */
  readonly by: 'volumes' | 'drives';
  /** Letters, in the order in which they are walked and copied. */
  readonly volumes: readonly string[];
  /** Ids of the drives that are selected as a whole, in order; empty with `by: volumes`. */
  readonly drives: readonly string[];
}

/** A path with `*` (any run of characters but `\`), or a file name with `*` and no letter, which is looked for everywhere.
 * One that names a folder stands for all below it. See `matchesPattern` in paths.ts. */
export type PathPattern = string;

/** `paths`: these files and folders first, in this order, then the rest by name. */
export type WalkOrder =
  | { readonly by: 'name' }
  | { readonly by: 'size' }
  | { readonly by: 'random' }
  | { readonly by: 'paths'; readonly paths: readonly PathPattern[] };

/** How file agents walk: volumes in the order of the selection, depth first. */
export interface Walk {
  readonly order: WalkOrder;
  /** Null: everything. */
  readonly include: readonly PathPattern[] | null;
  readonly exclude: readonly PathPattern[];
}

export interface Backups {
  /** Start of the first one. */
  readonly startNs: Nanoseconds;
  readonly selection: Selection;
  readonly walk: Walk;
  /** Bounds every method; null: unlimited. */
  readonly copyRateBytesPerSecond: number | null;
  /** How many backups each method makes, 1 or more. */
  readonly count: number;
  /** From the start of one to the start of the next; null only when `count` is 1. */
  readonly everyNs: Nanoseconds | null;
  /** In the order of the file; never empty. `none` is not in the list: see `NONE`. */
  readonly methods: readonly Method[];
}

interface MethodBase {
  /** What `expect`, `--method`, `--set`, results and reports call it. */
  readonly id: string;
  /** Null: shown, not judged, counted as "no expectation". */
  readonly expectation: Expectation | null;
}

/** No backup: run without being asked, the base of every cost. */
export interface NoneMethod extends MethodBase {
  readonly kind: 'none';
  readonly expectation: null;
}

export const NONE: NoneMethod = { kind: 'none', id: 'none', expectation: null };

export interface NaiveCopyMethod extends MethodBase {
  readonly kind: 'naive-copy';
}

export interface OpenFileAgentMethod extends MethodBase {
  readonly kind: 'open-file-agent';
}

export interface GroupAgentMethod extends MethodBase {
  readonly kind: 'group-agent';
  /** Each group is taken at one instant. Never empty. */
  readonly groups: readonly (readonly PathPattern[])[];
  readonly quietNs: Nanoseconds;
  readonly waitLimitNs: Nanoseconds;
}

export interface LiveImageMethod extends MethodBase {
  readonly kind: 'live-image';
}

export interface ColdBackupMethod extends MethodBase {
  readonly kind: 'cold-backup';
}

export interface OtmMethod extends MethodBase {
  readonly kind: 'otm';
  readonly options: OtmOptions;
  /** More snapshots in the same world, read in full and judged like the first. */
  readonly beside: readonly BesideSnapshot[];
}

/** Backups to a disk that keeps the newest image and older generations: first full, then what changed. */
export interface OtmIncrementalMethod extends MethodBase {
  readonly kind: 'otm-incremental';
  readonly options: OtmOptions;
  readonly beside: readonly BesideSnapshot[];
  readonly schedule: BackupSchedule;
}

/** When a backup is made, how, and what is kept. */
export interface BackupSchedule {
  readonly everyNs: Nanoseconds;
  /** How many runs are due; one whose time passed while another ran, or the machine was down, is missed. */
  readonly times: number;
  /** How many generations are kept, the newest included. */
  readonly keep: number;
  /** Skip what no file uses. */
  readonly usedOnly: boolean;
  /** Read back what was written. */
  readonly verify: boolean;
  /** The disk holds the drives as they are at 0 s: yesterday's backup. */
  readonly base: boolean;
  /** The run before which somebody boots from the backup disk, and so writes to it; null: nobody does. */
  readonly bootedBefore: number | null;
  /** After the last run the drives are lost, and restored onto new ones. */
  readonly diskLoss: boolean;
}

export type SnapshotMethod = OtmMethod | OtmIncrementalMethod;

export type JudgedMethod =
  | NaiveCopyMethod
  | OpenFileAgentMethod
  | GroupAgentMethod
  | LiveImageMethod
  | ColdBackupMethod
  | SnapshotMethod;
/** A method in the list; for what is run, `none` included, see `AnyMethod`. */
export type Method = JudgedMethod;
export type AnyMethod = Method | NoneMethod;
export type MethodKind = Method['kind'];

/** The options of a snapshot. */
export interface OtmOptions extends SnapshotTerms {
  readonly durable: boolean;
  /** Files whose content is worthless to the picture. */
  readonly exclude: readonly PathPattern[];
  readonly cache: CacheSpec;
}

/** Where the cache file is. `volume`: the file `\OTM\<id>.CACHE`. `drive`: raw sectors outside its volumes. */
export type CachePlace =
  | { readonly is: 'spare' }
  | { readonly is: 'volume'; readonly letter: string }
  | { readonly is: 'drive'; readonly driveId: string };

/** 0 < minBytes <= limitBytes, both multiples of 4 KiB. */
export interface CacheSpec {
  readonly on: CachePlace;
  readonly minBytes: Bytes;
  readonly limitBytes: Bytes;
}

export interface BesideSnapshot {
  /** `<id of the method>-beside-<n>`, n from 1. */
  readonly id: string;
  readonly startNs: Nanoseconds;
  readonly selection: Selection;
  /** Kept alive for so long from T on; null: until it has been read in full. */
  readonly forNs: Nanoseconds | null;
  /** Those of the method with this snapshot's own granule and cache. */
  readonly options: OtmOptions;
}

// --- faults ----------------------------------------------------------------------------------------------------------

/** `cache`: wherever the method's cache is; `target`: what the backup is written to. */
export type FaultAim =
  | { readonly is: 'drive'; readonly driveId: string }
  | { readonly is: 'volume'; readonly letter: string }
  | { readonly is: 'cache' }
  | { readonly is: 'target' };

/** Both ends included, counted from the first sector of the aim. */
export interface SectorRange {
  readonly first: Sector;
  readonly last: Sector;
}

/** `nth`: at the nth operation, from 1, that the fault's aim, sectors and operation fit. */
export type FaultTrigger =
  | { readonly is: 'at'; readonly atNs: Nanoseconds }
  | { readonly is: 'nth'; readonly nth: number }
  | { readonly is: 'per-million'; readonly perMillion: number };

/** `once`: one operation. */
export type FaultDuration =
  | { readonly is: 'once' }
  | { readonly is: 'for'; readonly forNs: Nanoseconds }
  | { readonly is: 'ever' };

interface AimedFault {
  readonly on: FaultAim;
  /** Null: all of the aim. */
  readonly sectors: SectorRange | null;
  readonly trigger: FaultTrigger;
  readonly duration: FaultDuration;
}

export type FaultOperation = 'read' | 'write' | 'flush' | 'discard';

export interface ReadErrorFault extends AimedFault {
  readonly kind: 'read-error';
}

export interface WriteErrorFault extends AimedFault {
  readonly kind: 'write-error';
  readonly op: 'write' | 'flush' | 'discard';
  /** How much of it the drive has done all the same. */
  readonly done: 'nothing' | 'part' | 'all';
}

export interface LatencyFault extends AimedFault {
  readonly kind: 'latency';
  /** Null: every operation. */
  readonly op: FaultOperation | null;
  /** Service times are multiplied by it; null: the operation hangs until the fault ends. */
  readonly factor: number | null;
}

export interface DriveGoneFault {
  readonly kind: 'drive-gone';
  readonly on: Exclude<FaultAim, { readonly is: 'volume' }>;
  readonly trigger: FaultTrigger;
  /** It comes back after `for`, as it was. Never `once`. */
  readonly duration: Exclude<FaultDuration, { readonly is: 'once' }>;
}

/** The backup program stops reading, or dies. */
export interface AgentDiesFault {
  readonly kind: 'agent-dies';
  /** `nth` counts its reads. */
  readonly trigger: Exclude<FaultTrigger, { readonly is: 'per-million' }>;
  /** `stops`: alive, but it never reads again; `dies`: its tasks end and the host notices. */
  readonly how: 'dies' | 'stops';
}

/** A write is issued in the very event in which T is taken. */
export interface WriterAtTFault {
  readonly kind: 'writer-at-T';
  readonly on: Exclude<FaultAim, { readonly is: 'cache' } | { readonly is: 'target' }>;
  /** What is written; null: the last 8 sectors of the aim. */
  readonly sectors: SectorRange | null;
  readonly when: 'both' | 'before' | 'after';
}

/** The machine ends without warning, with all that is in its memory, and is started again. */
interface MachineFault {
  /** `nth` counts requests that its aim and operation fit, and strikes in the step in which the nth is issued. */
  readonly trigger: Exclude<FaultTrigger, { readonly is: 'per-million' }>;
  /** For `nth`: where the requests go; null: anywhere. */
  readonly on: FaultAim | null;
  /** For `nth`; null: every operation. */
  readonly op: FaultOperation | null;
  /** How much later the machine starts again. */
  readonly backNs: Nanoseconds;
}

/** The power of all drives is cut: what was not durable is there in part. */
export interface PowerCutFault extends MachineFault {
  readonly kind: 'power-cut';
  /** One write of all that were not durable is torn: its first or its last sectors are there. */
  readonly torn: boolean;
}

/** Programs end, drives live on: what was at a drive is done. */
export interface KillFault extends MachineFault {
  readonly kind: 'kill';
}

export type Fault =
  | ReadErrorFault
  | WriteErrorFault
  | LatencyFault
  | DriveGoneFault
  | AgentDiesFault
  | WriterAtTFault
  | PowerCutFault
  | KillFault;
/** Whether everything in memory goes with it. */
export function endsMachine({ kind }: { readonly kind: string }): boolean {
  return kind === 'power-cut' || kind === 'kill';
}

export type FaultKind = Fault['kind'];

// --- phases, end, seeds ----------------------------------------------------------------------------------------------

/** Always null for now. */
export interface Phases {
  readonly safetyNs: Nanoseconds;
  readonly heal: 'all';
  readonly livenessFactor: number;
}

export interface End {
  /** The run ends here; null: 2 s after the last backup was released, lost or given up. */
  readonly afterNs: Nanoseconds | null;
  /** What has not ended here has outcome `failed`, "still running at the limit". */
  readonly limitNs: Nanoseconds;
}

/** Both ends included. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}
