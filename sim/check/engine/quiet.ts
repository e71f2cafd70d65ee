/**
 * `quiet` (E7): by the log of writes at the devices, no destructive request to a selected volume was on its way for the
 * whole quiet period before T; with `take-anyway` none was in flight at T, the hold was within its limit, and the result
 * says crash-consistent.
 */
import { type Nanoseconds, SECOND } from '../../../engine/units.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { SnapshotRequest, WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';
import { leftOutOn, overlaps, partsBeside } from './protected-ranges.ts';

export function quiet(evidence: EngineEvidence): Verdict {
  const snapshots = enabledOf(evidence);
  const violations: string[] = [];
  let looked = 0;
  for (const snapshot of snapshots) {
    const writes = writesBefore(evidence.world, snapshot, snapshot.issuedAtT).filter(
      row => !isLeftOut(evidence.world, snapshot, row),
    );
    looked += writes.length + 1;
    violations.push(...judge(snapshot, writes));
  }
  for (const snapshot of evidence.snapshots.filter(({ T }) => T === null)) {
    const refused = judgeRefusal(evidence.world, snapshot);
    looked += refused.looked;
    violations.push(...refused.violations);
  }
  return engineVerdict('quiet', 'E7', {
    looked,
    violations,
    summary: `${looked} writes before T, none in the quiet period`,
    nothing: 'no snapshot was enabled, and none was given up',
  });
}

/** Destructive requests to the selected volumes that were issued before T, or the end of the wait, by its place in the log. */
function writesBefore(world: World, { selected }: WatchedSnapshot, end: number): LoggedRequest[] {
  const places = selected.map(({ drive, extent }) => ({ place: world.drive(drive).drive.place, extent }));
  const found: LoggedRequest[] = [];
  for (let at = 0; at < end; at++) {
    const row = world.requests.row(at);
    if (row.purpose !== 'application' || row.op === 'read' || row.op === 'flush') continue;
    if (places.some(({ place, extent }) => place === row.drive && overlaps(extent, row))) found.push(row);
  }
  return found;
}

/** Whether a write changed nothing but what the picture leaves out (E11). */
function isLeftOut(world: World, snapshot: WatchedSnapshot, row: LoggedRequest): boolean {
  return snapshot.selected
    .filter(({ drive, extent }) => world.drive(drive).drive.place === row.drive && overlaps(extent, row))
    .every(({ drive, extent }) => {
      const sector = Math.max(extent.first, row.sector);
      const count = Math.min(extent.first + extent.count, row.sector + row.count) - sector;
      return partsBeside(leftOutOn(snapshot, drive), { sector, count }).length === 0;
    });
}

function judge(
  { request, T, askedNs, consistency, holdNs, completionsAtT }: WatchedSnapshot,
  writes: LoggedRequest[],
): string[] {
  const { quietNs } = request.options;
  const at = T ?? 0;
  const inFlight = writes.filter(({ completedAs }) => completedAs >= completionsAtT);
  const violations = inFlight.map(
    ({ sector, count }) => `${request.id}: a write of sectors ${sector}+${count} was in flight at T`,
  );
  if (consistency === 'crash-consistent') {
    return [...violations, ...judgeHold(request, at - askedNs, holdNs ?? 0)];
  }
  const from = at - quietNs;
  if (from < askedNs) violations.push(`${request.id}: T came ${(at - askedNs) / SECOND} s after the request`);
  for (const { sector, count, completedAt } of writes) {
    if (completedAt > from) {
      violations.push(
        `${request.id}: a write of sectors ${sector}+${count} ended ${(at - completedAt) / SECOND} s before T, the quiet period is ${quietNs / SECOND} s`,
      );
    }
  }
  return violations;
}

/** The hold begins when the wait limit has passed. */
function judgeHold({ id, options }: SnapshotRequest, waited: Nanoseconds, saidNs: Nanoseconds): string[] {
  const { neverQuiet, waitLimitNs, holdLimitNs } = options;
  const held = waited - waitLimitNs;
  const violations: string[] = [];
  if (neverQuiet !== 'take-anyway') violations.push(`${id}: nobody asked for a T that is not quiet`);
  if (held < 0) violations.push(`${id}: T came ${-held / SECOND} s before the wait limit had passed`);
  if (held > holdLimitNs) violations.push(`${id}: writes were held for longer than the limit, ${held / SECOND} s`);
  if (saidNs !== held)
    violations.push(`${id}: says that writes were held for ${saidNs / SECOND} s, not ${held / SECOND}`);
  return violations;
}

/** No T: there was no quiet period to the end of the wait limit, and a hold was let go at its limit. */
function judgeRefusal(world: World, snapshot: WatchedSnapshot): { looked: number; violations: string[] } {
  const { request, askedNs, issuedAtEnd, diedNs } = snapshot;
  const { quietNs, waitLimitNs, holdLimitNs } = request.options;
  const events = world.engineEvents.filter(event => event.snapshot === request.id);
  const violations: string[] = [];
  const holding = events.find(({ kind }) => kind === 'holding');
  const hold =
    (events.find(({ kind }) => kind === 'hold-limit')?.at ?? diedNs ?? world.kernel.now()) - (holding?.at ?? 0);
  if (holding !== undefined && hold > holdLimitNs)
    violations.push(`${request.id}: writes were held for ${hold / SECOND} s, the limit is ${holdLimitNs / SECOND} s`);
  const timedOut = events.find(({ kind }) => kind === 'timed-out');
  if (timedOut === undefined) return { looked: holding === undefined ? 0 : 1, violations };
  const waited = timedOut.at - askedNs;
  if (waited !== waitLimitNs)
    violations.push(`${request.id}: was given up after ${waited / SECOND} s, the limit is ${waitLimitNs / SECOND} s`);
  const writes = writesBefore(world, snapshot, issuedAtEnd ?? world.requests.length);
  const quietest = longestQuiet(busyTimes(world, snapshot, writes), askedNs, timedOut.at);
  // A durable one may have had its quiet, and lost it while the drives were flushed (E10).
  if (quietest > quietNs && !request.options.durable)
    violations.push(`${request.id}: was given up, and nobody wrote for ${quietest / SECOND} s`);
  return { looked: writes.length + 1, violations };
}

interface Busy {
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
}

/** When a write to a selected volume was on its way, at a drive or held before it. */
function busyTimes(world: World, { selected }: WatchedSnapshot, writes: readonly LoggedRequest[]): Busy[] {
  const held = world.doors
    .heldWrites()
    .filter(write => selected.some(({ drive, extent }) => drive === write.drive && overlaps(extent, write)));
  return [...held, ...writes.map(({ issuedAt, completedAt }) => ({ from: issuedAt, to: completedAt }))];
}

function longestQuiet(busy: readonly Busy[], from: Nanoseconds, to: Nanoseconds): Nanoseconds {
  let longest = 0;
  let until = from;
  for (const each of [...busy].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (each.from > to) break;
    longest = Math.max(longest, each.from - until);
    until = Math.max(until, each.to);
  }
  return Math.max(longest, to - until);
}
