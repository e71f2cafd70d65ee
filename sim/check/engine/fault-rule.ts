/**
 * `fault-rule` (E9): after a fault of the cache or of a read for preserving, the snapshot is lost and applications go on
 * (`protect: application`), or applications are refused and the snapshot stays exact (`protect: backup`). Nothing between,
 * nothing without a fault, and nobody waits longer than the limits say.
 */
import type { LossCause } from '../../../engine/events.ts';
import { type Nanoseconds, SECOND } from '../../../engine/units.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';

export function faultRule(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const enabled = enabledOf(evidence);
  const judged = enabled.map(snapshot => judge(world, snapshot));
  const violations = judged.flatMap(each => each.violations);
  const isStrict = enabled.some(({ request }) => request.options.protect === 'backup');
  if (world.doors.refused > 0 && !isStrict) violations.push(`${world.doors.refused} writes were refused by the engine`);
  if (enabled.length > 0) violations.push(...heldTooLong(world, enabled));
  return engineVerdict('fault-rule', 'E9', {
    looked: judged.reduce((sum, { looked }) => sum + looked, 0),
    violations,
    summary: 'after the fault the rule was kept',
    nothing: 'no fault came that the rule is about',
  });
}

function judge(world: World, snapshot: WatchedSnapshot): { looked: number; violations: string[] } {
  const { id, options } = snapshot.request;
  const violations: string[] = [];
  const events = world.engineEvents.filter(event => event.snapshot === id);
  const losses = events.flatMap(event => (event.kind === 'lost' ? [event] : []));
  const refusals = events.flatMap(event => (event.kind === 'write-refused' ? [event] : []));
  if (losses.length > 1) violations.push(`${id}: was lost ${losses.length} times`);
  if (options.protect === 'application' && refusals.length > 0) {
    violations.push(`${id}: refused a write, and protects the application`);
  }
  if (options.protect === 'backup' && losses.length > 0) violations.push(`${id}: was lost, and protects the backup`);
  // What is there for the first event of a cause is there for the later ones.
  const first = new Map<LossCause, Nanoseconds>();
  for (const { at, cause } of [...losses, ...refusals]) first.set(cause, Math.min(at, first.get(cause) ?? at));
  for (const [cause, at] of first) {
    if (!hadCause(world, snapshot, cause, at))
      violations.push(`${id}: says ${cause}, and nothing of the kind happened`);
  }
  const failed = cacheRows(world, snapshot).filter(row => row.failed);
  const until = events.find(({ kind }) => kind === 'lost' || kind === 'released')?.at ?? world.kernel.now();
  const early = failed.filter(({ op, completedAt }) => op !== 'read' && completedAt < until);
  if (early.length > 0 && losses.length + refusals.length === 0) {
    violations.push(`${id}: ${early.length} writes to its cache failed, and it went on as if they had not`);
  }
  return { looked: failed.length + losses.length + refusals.length, violations };
}

/** Requests to the extents of its own cache. */
function cacheRows(world: World, { cacheDrive, cacheExtents }: WatchedSnapshot): LoggedRequest[] {
  const { place } = world.drive(cacheDrive).drive;
  return [...world.requests.rows('cache')].filter(
    ({ drive, sector }) =>
      drive === place && cacheExtents.some(({ first, count }) => sector >= first && sector < first + count),
  );
}

/** What the world's own log has of the cause that the engine gives, up to then. */
function hadCause(world: World, snapshot: WatchedSnapshot, cause: LossCause, at: Nanoseconds): boolean {
  const { preserveLimitNs, cache, granuleBytes } = snapshot.request.options;
  switch (cause) {
    case 'source-read-error':
      return [...world.requests.rows('preserve')].some(row => row.failed && row.completedAt <= at);
    case 'cache-error':
      return cacheRows(world, snapshot).some(row => row.failed && row.completedAt <= at);
    case 'cache-full':
      return snapshot.hasNoRoom || snapshot.spacePeakBytes + granuleBytes + cache.minBytes > cache.limitBytes;
    case 'preserve-limit':
      // Several requests make up one wait: the read of the old data, the writes to the cache, a backup read.
      return (['preserve', 'cache', 'virtual'] as const).some(purpose =>
        [...world.requests.rows(purpose)].some(
          ({ issuedAt, completedAt }) => issuedAt <= at && Math.min(completedAt, at) - issuedAt >= preserveLimitNs / 4,
        ),
      );
  }
}

/** A write may wait for a copy, for a backup read and for a hold for T, and those before it are bound by the same limits. */
function heldTooLong({ doors }: World, enabled: readonly WatchedSnapshot[]): string[] {
  const limits = enabled.map(({ request: { options } }) => 2 * options.preserveLimitNs + options.holdLimitNs);
  const most = Math.max(...limits);
  const longest = doors.longestHeld();
  if (longest <= most) return [];
  return [`a write was held for ${longest / SECOND} s, and the limits allow ${most / SECOND} s`];
}
