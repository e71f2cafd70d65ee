/** How engine checks build their verdicts. */
import type { Backup } from '../../agents/backup.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { EvidenceValue, Verdict } from '../verdict.ts';

/** What engine checks go by: a world that has run, and the snapshots that were asked for in it. */
export interface EngineEvidence {
  readonly world: World;
  readonly snapshots: readonly WatchedSnapshot[];
  readonly backups: readonly Backup[];
}

export interface EngineFinding {
  readonly looked: number;
  readonly violations: readonly string[];
  /** When nothing is wrong. */
  readonly summary: string;
  /** When nothing was looked at: why it does not apply. */
  readonly nothing: string;
  readonly evidence?: { readonly [key: string]: EvidenceValue };
}

const SHOWN = 5;

export function engineVerdict(check: string, promise: string, finding: EngineFinding): Verdict {
  const { looked, violations, nothing, evidence = {} } = finding;
  const summary = looked === 0 ? nothing : finding.summary;
  const first = violations[0];
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  return {
    check,
    promise,
    workload: null,
    verdict: first !== undefined ? 'violated' : looked === 0 ? 'not-applicable' : 'held',
    looked,
    summary: first === undefined ? summary : first + more,
    evidence: { ...evidence, ...(first === undefined ? {} : { violations: violations.slice(0, SHOWN) }) },
    story: violations.slice(0, SHOWN),
  };
}

/** The snapshots that were enabled. */
export function enabledOf({ snapshots }: EngineEvidence): WatchedSnapshot[] {
  return snapshots.filter(({ T }) => T !== null);
}
