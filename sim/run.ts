/**
 * A run: one scenario with one seed, all its methods. For each method the world is built again from the seed and judged by
 * what it left; `none`, the base of every cost, runs last, as long as the longest of them.
 *
 * Invariants
 * I1 A method's digest does not depend on which other methods run, on a trace, or on what ran before in this process.
 * I2 What is kept between runs (drives at 0 s, recordings of SQLite, memory) changes no result.
 */
import { DefectError } from '../engine/invariant.ts';
import type { WaitReport } from '../engine/task.ts';
import { type Nanoseconds, SECOND } from '../engine/units.ts';
import type { Backup } from './agents/backup.ts';
import { isWanted } from './agents/walk.ts';
import { BlockVersions } from './apps/block-versions.ts';
import { SqliteLibrary } from './apps/sqlite/library.ts';
import { judgeData, unjudgedData } from './check/data-checks.ts';
import { DataEvidence } from './check/data-evidence.ts';
import { durable } from './check/durable.ts';
import { judgeEngine } from './check/engine/engine-checks.ts';
import { judgeExpectation } from './check/expect.ts';
import { readRestored } from './check/read-restored.ts';
import type { Verdict } from './check/verdict.ts';
import type { Restore } from './evidence.ts';
import { foldDigests } from './kernel/digest.ts';
import { Trace } from './kernel/trace.ts';
import { type BaseTruth, metricsOf } from './metrics.ts';
import type { Modules } from './modules.ts';
import type { BackupResult, MethodRun, RestoreStep, RunResult } from './result.ts';
import { canJudge } from './scenario/checks.ts';
import { formatClock } from './scenario/clock.ts';
import { hasSnapshots } from './scenario/methods.ts';
import { endsMachine, type Method, NONE, type Scenario } from './scenario/scenario.ts';
import { type Sliced, toEnd } from './slices.ts';
import { makeApplications } from './world/applications.ts';
import { type FilledDrives, fillDrives } from './world/filled-drives.ts';
import { restore } from './world/restore.ts';
import { runSession, type Session } from './world/session.ts';
import { World } from './world/world.ts';

/** Somebody would wait for ever: a defect of the program. */
class StuckError extends DefectError {
  readonly waiting: readonly WaitReport[];

  constructor(method: string, because: string, waiting: readonly WaitReport[]) {
    const who = waiting.map(({ task, waitsFor }) => `${task} waits for ${waitsFor}`);
    super(`stuck: ${method}: ${because}; ${who.join('; ')}`);
    this.waiting = waiting;
  }
}

/** A world that has run, while its memory is still there: for `--keep`. */
export interface FinishedMethod {
  readonly method: Method;
  readonly session: Session;
  readonly restores: readonly (Restore | null)[];
  readonly trace: Trace | null;
}

export interface RunOptions {
  /** Ids; without it all. */
  readonly methods?: readonly string[];
  readonly trace?: boolean;
  /** Told of each method before its memory is used again. */
  readonly onMethod?: (finished: FinishedMethod) => void;
}

/** What a base run, without a backup, leaves. */
interface MethodOutcome {
  readonly method: Method;
  readonly digest: string;
  readonly endedNs: Nanoseconds;
  readonly events: number;
  readonly ios: number;
  readonly finish: (base: BaseTruth) => MethodRun;
}

/** Runs scenarios in one process, and keeps what several runs of one scenario share. */
export class Simulation {
  private readonly modules: Modules;
  /** Of the truth of the world that runs. */
  private readonly blockVersions = new BlockVersions();
  private sqlite: SqliteLibrary | null = null;
  private filled: FilledDrives | null = null;

  constructor(modules: Modules) {
    this.modules = modules;
  }

  run(scenario: Scenario, seed: number, options: RunOptions = {}): RunResult {
    return toEnd(this.slices(scenario, seed, options));
  }

  /** The same in slices. One run is ended, or left for good, before the next one begins: they share memory. */
  *slices(scenario: Scenario, seed: number, options: RunOptions = {}): Sliced<RunResult> {
    const methods = scenario.backups.methods.filter(({ id }) => options.methods?.includes(id) ?? true);
    const outcomes: MethodOutcome[] = [];
    for (const method of methods) outcomes.push(yield* this.runMethod(scenario, seed, method, options));
    const base = yield* this.runBase(scenario, seed, Math.max(...outcomes.map(({ endedNs }) => endedNs)));
    const runs = outcomes.map(({ finish }) => finish(base));
    const sum = (of: (outcome: MethodOutcome) => number): number =>
      outcomes.reduce((total, each) => total + of(each), 0);
    return {
      scenario: scenario.baseName,
      variant: scenario.variant,
      seed,
      digest: foldDigests(outcomes.map(({ digest }) => digest)),
      virtualSeconds: sum(({ endedNs }) => endedNs) / SECOND,
      events: sum(({ events }) => events),
      ios: sum(({ ios }) => ios),
      pass: runs.every(({ pass }) => pass),
      methods: runs,
    };
  }

  private *runMethod(scenario: Scenario, seed: number, method: Method, options: RunOptions): Sliced<MethodOutcome> {
    const trace = options.trace === true ? new Trace() : null;
    const world = this.buildWorld(scenario, seed, method, trace);
    const session = yield* runSession(world);
    if (session.stuck !== null) throw new StuckError(method.id, session.stuck.because, session.stuck.waiting);
    const judged: JudgedBackup[] = [];
    // The engine is judged by the whole run, so once for all of its backups.
    const { snapshots } = world;
    const engine = hasSnapshots(method) ? judgeEngine({ world, snapshots, backups: session.backups }) : [];
    for (const backup of session.backups) {
      yield { method: method.id, atNs: session.endedNs };
      judged.push(judgeBackup(session, backup, engine));
    }
    options.onMethod?.({ method, session, trace, restores: judged.map(({ restored }) => restored) });
    const { digest, events } = session;
    return {
      method,
      digest,
      endedNs: session.endedNs,
      events,
      ios: world.requests.length,
      finish: base => methodRun(session, method, judged, base),
    };
  }

  private *runBase(scenario: Scenario, seed: number, untilNs: Nanoseconds): Sliced<BaseTruth> {
    const world = this.buildWorld(scenario, seed, NONE, null);
    const session = yield* runSession(world, untilNs);
    if (session.stuck !== null) throw new StuckError('none', session.stuck.because, session.stuck.waiting);
    return world.workloads.map(({ truth }) => truth);
  }

  private buildWorld(scenario: Scenario, seed: number, method: Method | typeof NONE, trace: Trace | null): World {
    const { modules, blockVersions } = this;
    modules.methodArena.reset();
    modules.pageBuffers.reset();
    if (this.sqlite === null && modules.sqlite !== null) this.sqlite = new SqliteLibrary(modules.sqlite);
    if (this.filled?.scenario !== scenario) {
      this.filled = fillDrives(scenario, makeApplications(scenario, this.sqlite), modules);
    }
    const applications = makeApplications(scenario, this.sqlite);
    return new World({ scenario, seed, method, modules, filled: this.filled, applications, trace, blockVersions });
  }
}

/** A backup with what was restored of it, and what the checks say. */
interface JudgedBackup {
  readonly backup: Backup;
  readonly restored: Restore | null;
  readonly restore: RestoreStep | null;
  readonly verdicts: readonly Verdict[];
}

function judgeBackup(session: Session, backup: Backup, engine: readonly Verdict[]): JudgedBackup {
  const { world } = session;
  const { selection } = world.scenario.backups;
  if (backup.outcome !== 'completed') {
    const applications = world.workloads.map(({ application }) => application);
    const why = `no restore: the backup ${backup.outcome === 'lost' ? 'was lost' : backup.outcome}`;
    return {
      backup,
      restored: null,
      restore: null,
      verdicts: [...engine, ...unjudgedData(applications, selection.volumes, why), ...judgeDurable(world)],
    };
  }
  const restored = restoreOf(world, backup);
  const readings = restored.volumes.map(readRestored);
  const walk = world.scenario.backups.walk;
  const isFileAgent = backup.archive !== null;
  const leftOut = new Set(backup.leftOut.map(({ path }) => path));
  const evidence = new DataEvidence({
    restore: restored,
    readings,
    truth: world.truth,
    workloads: world.workloads,
    writeBackNs: world.scenario.pageCache.writeBackNs,
    leftOut: backup.leftOut,
    selects: path => !world.cachePaths.has(path) && !leftOut.has(path) && (!isFileAgent || isWanted(walk, path)),
  });
  const verdicts = [...engine, ...judgeData(evidence), ...judgeDurable(world)];
  const loadings = world.workloads
    .filter(workload => evidence.scope(workload) === 'inside')
    .map(workload => {
      const { id, kind, parts } = workload.application;
      const { accepts, summary } = evidence.loading(workload);
      return { workload: id, app: kind, parts, accepts, summary };
    });
  const files = readings.reduce((sum, reading) => sum + reading.files.length, 0);
  const step = { volumes: restored.volumes.map(({ letter }) => letter), files, loadings };
  return { backup, restored, restore: step, verdicts };
}

/** Of the workloads that are backed up, as all data checks; only where something ends the machine. */
function judgeDurable({ scenario, workloads, survivals }: World): Verdict[] {
  if (!scenario.faults.some(endsMachine)) return [];
  const { volumes } = scenario.backups.selection;
  const able = scenario.workloads.filter(each => canJudge('durable', each)).map(({ id }) => id);
  const selected = workloads.filter(
    ({ application: { id, letters } }) => able.includes(id) && letters.some(letter => volumes.includes(letter)),
  );
  return durable(
    selected.map(({ application }) => application.id),
    survivals,
  );
}

function restoreOf(world: World, backup: Backup): Restore {
  return {
    volumes: restore(world, backup, world.scenario.backups.selection.volumes),
    consistency: backup.consistency,
    at: backup.at,
    wallSeconds: backup.wallSeconds,
    startedAt: backup.startedAt,
    endedAt: backup.endedAt,
    endedWallSeconds: world.scenario.clockSeconds + Math.floor((backup.copyToNs ?? world.kernel.now()) / SECOND),
    files: backup.taken,
    settledAt: backup.settledAt,
  };
}

function methodRun(session: Session, method: Method, judged: readonly JudgedBackup[], base: BaseTruth): MethodRun {
  const backups = judged.map(each => backupResult(session, method, each, base));
  const worst = worstOf(backups);
  return {
    method: method.id,
    kind: method.kind,
    outcome: worst.outcome,
    reason: worst.reason,
    consistency: worst.consistency,
    digest: session.digest,
    T: worst.T,
    pass: backups.every(({ checks }) => checks.every(({ pass }) => pass)),
    judged: method.expectation !== null,
    restore: worst.restore,
    checks: worst.checks,
    files: copiedFiles(session, judged[backups.indexOf(worst)]!.backup),
    excluded: worst.excluded,
    metrics: worst.metrics,
    ...(backups.length > 1 ? { backups } : {}),
  };
}

/** The first one of those that came out worst: not as expected, then without a copy, then with something violated. */
function worstOf(backups: readonly BackupResult[]): BackupResult {
  const badness = ({ outcome, checks }: BackupResult): number => {
    if (checks.some(({ pass }) => !pass)) return 3;
    if (outcome !== 'completed') return 2;
    return checks.some(({ verdict }) => verdict === 'violated') ? 1 : 0;
  };
  const worst = Math.max(...backups.map(badness));
  return backups.find(backup => badness(backup) === worst)!;
}

function backupResult(
  session: Session,
  method: Method,
  { backup, restore: step, verdicts }: JudgedBackup,
  base: BaseTruth,
): BackupResult {
  const metrics = metricsOf(session, backup, base);
  const { outcome, reason, consistency, T } = backup;
  const checks = judgeExpectation(method.expectation, {
    outcome,
    reason,
    verdicts,
    metrics,
    inactive: inactiveWorkloads(session, method, backup),
    hasFaults: session.world.scenario.faults.length > 0,
  });
  const excluded = backup.leftOut.map(({ path, bytes, because }) => ({ path, bytes, because }));
  return { T: T === null ? null : T / SECOND, outcome, reason, consistency, excluded, restore: step, checks, metrics };
}

/** Applications with a rate that committed nothing before, or nothing during, the backup. */
function inactiveWorkloads({ world, endedNs }: Session, method: Method, backup: Backup): string[] {
  const idle = new Set(world.scenario.workloads.filter(each => each.idle || each.app === 'static').map(({ id }) => id));
  return world.workloads.flatMap(({ application: { id }, truth }) => {
    if (idle.has(id)) return [];
    if (truth.committedBetween(0, backup.startedNs) === 0) return [`${id} committed nothing before the backup`];
    const during = truth.committedBetween(backup.startedNs, backup.endedNs ?? endedNs);
    return during === 0 && method.kind !== 'cold-backup' ? [`${id} committed nothing during the backup`] : [];
  });
}

function copiedFiles({ world }: Session, { taken }: Backup): MethodRun['files'] {
  return taken.map(({ path, bytes, from, to, wallSeconds }) => ({
    path,
    bytes,
    readFrom: from / SECOND,
    readTo: to / SECOND,
    wallClock: formatClock(Math.min(wallSeconds, world.wallClock())),
  }));
}
