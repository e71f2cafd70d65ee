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

export function quiet(evidence: EngineEvidence): Verdict {
  const snapshots = enabledOf(evidence);
  const violations: string[] = [];
  let looked = 0;
  for (const snapshot of snapshots) {
    const writes = writesBefore(evidence.world, snapshot);
    looked += writes.length + 1;
    violations.push(...judge(snapshot, writes));
  }
  return engineVerdict('quiet', 'E7', {
    looked,
    violations,
    summary: `${looked} writes before T, none in the quiet period`,
    nothing: 'no snapshot was enabled',
  });
}

/** Destructive requests to the selected volumes that were issued before T, from the log's position of T. */
function writesBefore(world: World, { selected, issuedAtT }: WatchedSnapshot): LoggedRequest[] {
  const places = selected.map(({ drive, extent }) => ({ place: world.drive(drive).drive.place, extent }));
  const found: LoggedRequest[] = [];
  for (let at = 0; at < issuedAtT; at++) {
    const row = world.requests.row(at);
    if (row.purpose !== 'application' || row.op === 'read' || row.op === 'flush') continue;
    const isSelected = places.some(
      ({ place, extent }) =>
        place === row.drive && row.sector < extent.first + extent.count && extent.first < row.sector + row.count,
    );
    if (isSelected) found.push(row);
  }
  return found;
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
