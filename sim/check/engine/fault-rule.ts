/**
 * `fault-rule` (E9): after a fault of the cache or of a read for preserving, the snapshot is lost and applications go on
 * (`protect: application`), or applications are refused and the snapshot stays exact (`protect: backup`). Nothing between,
 * nothing without a fault, and nobody waits longer than the limits say.
 */

import type { LossCause } from '../../../engine/events.ts';
import { MIB, type Nanoseconds, SECOND } from '../../../engine/units.ts';
import type { HeldWrite } from '../../world/door.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';
import { hadCause } from './loss-cause.ts';
import { cacheRows, stateRows } from './own-requests.ts';
import { isInLife, overlaps, type ProtectedRange, protectedRanges, withEarlier } from './protected-ranges.ts';

export function faultRule(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const enabled = enabledOf(evidence);
  const judged = enabled.map(snapshot => judge(world, snapshot));
  const violations = judged.flatMap(each => each.violations);
  const held = world.doors.heldWrites();
  const ranges = protectedRanges(world, enabled);
  violations.push(...wronglyRefused(held, ranges));
  if (enabled.length > 0) violations.push(...heldTooLong(world, held, ranges));
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
  // One that was lost may come back, where that had not become durable.
  const returns = snapshot.interruptions.filter(({ became, hasEnded }) => became === 'back' && hasEnded).length;
  if (losses.length > 1 + returns) violations.push(`${id}: was lost ${losses.length} times`);
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
  const failed = [...cacheRows(world, snapshot), ...stateRows(world, snapshot)].filter(row => row.failed);
  const until =
    events.find(({ kind }) => kind === 'lost' || kind === 'released')?.at ?? snapshot.diedNs ?? world.kernel.now();
  const early = failed.filter(({ op, completedAt }) => op !== 'read' && completedAt < until);
  if (early.length > 0 && losses.length + refusals.length === 0) {
    violations.push(`${id}: ${early.length} writes to its cache failed, and it went on as if they had not`);
  }
  return { looked: failed.length + losses.length + refusals.length, violations };
}

/**
 * A write may wait for an earlier one that it overlaps, then for a hold for T, for the copies of its pieces of 1 MiB and
 * for a backup read of each snapshot, and for the end of a durable one; the limits bound each of these but the first.
 */
function heldTooLong(world: World, held: readonly HeldWrite[], ranges: readonly ProtectedRange[]): string[] {
  const violations: string[] = [];
  const holdNs = holdLimits(world);
  for (const { write, earlier } of withEarlier(held)) {
    const since = Math.max(write.from, ...earlier.map(({ to }) => to));
    const waited = Math.min(write.to, world.kernel.now()) - since;
    const options = ranges
      .filter(range => range.drive === write.drive && overlaps(range.extent, write))
      .filter(range => isInLife(range, write) || comesBeforeGone(range, write))
      .map(({ snapshot }) => snapshot.request.options);
    const limits = options.map(({ preserveLimitNs }) => preserveLimitNs);
    const endNs = options.reduce((sum, { durable, preserveLimitNs }) => sum + (durable ? preserveLimitNs : 0), 0);
    const pieces = Math.ceil((write.count * world.drive(write.drive).spec.sectorSizeBytes) / MIB);
    const most = pieces * Math.max(0, ...limits) + limits.reduce((sum, limit) => sum + limit, 0) + holdNs + endNs;
    if (waited > most)
      violations.push(`a write was held for ${waited / SECOND} s, and the limits allow ${most / SECOND} s`);
  }
  return violations;
}

/** Of a durable snapshot the end has to be durable before its volumes are free. */
function comesBeforeGone({ snapshot, from }: ProtectedRange, { arrivedAs, leftAs }: HeldWrite): boolean {
  const { request, issuedAtGone } = snapshot;
  return request.options.durable && leftAs >= from && arrivedAs <= (issuedAtGone ?? Number.POSITIVE_INFINITY);
}

/** Of the snapshots that held writes for their T. */
function holdLimits({ engineEvents, snapshots }: World): Nanoseconds {
  return snapshots
    .filter(({ request: { id } }) => engineEvents.some(({ kind, snapshot }) => kind === 'holding' && snapshot === id))
    .reduce((sum, { request }) => sum + request.options.holdLimitNs, 0);
}

/** Only a snapshot that protects its backup, and lacks what they would change, may refuse writes. */
function wronglyRefused(held: readonly HeldWrite[], ranges: readonly ProtectedRange[]): string[] {
  const strict = ranges.filter(({ snapshot }) => snapshot.request.options.protect === 'backup');
  const wrong = held.filter(
    write =>
      write.end === 'refused' &&
      !strict.some(range => range.drive === write.drive && overlaps(range.extent, write) && isInLife(range, write)),
  );
  return wrong.length === 0
    ? []
    : [`${wrong.length} writes were refused by the engine, and no backup is protected there`];
}
