/**
 * `released` (E12): after a snapshot is gone nothing of it is left: no request at a drive, no letter, no cache file. One
 * that ended with its machine was not released: of it only the requests are judged that came after.
 */

import type { EngineEvent } from '../../../engine/events.ts';
import type { Snapshot } from '../../../engine/snapshot.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';
import { cacheRows } from './own-requests.ts';
import { overlaps, type ProtectedRange, protectedRanges } from './protected-ranges.ts';

export function released(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const gone = evidence.snapshots.filter(({ issuedAtGone }) => issuedAtGone !== null);
  const wereReleased = gone.filter(({ diedNs }) => diedNs === null);
  const violations: string[] = [];
  const lastGone = Math.max(0, ...gone.map(({ issuedAtGone }) => issuedAtGone ?? 0));
  if (gone.length === evidence.snapshots.length) {
    for (let at = lastGone; at < world.requests.length; at++) {
      const { purpose, op, sector, count } = world.requests.row(at);
      if (purpose === 'application' || purpose === 'target') continue;
      violations.push(`after the end of all snapshots: ${op} of sectors ${sector}+${count} for ${purpose}`);
    }
    if (world.machine.boot.isAlive && world.lentLetters.size > 0)
      violations.push(`letters are left: ${[...world.lentLetters].join(', ')}`);
    if (world.machine.boot.isAlive && world.engine.aliveCount > 0)
      violations.push(`${world.engine.aliveCount} snapshots are still alive`);
  }
  for (const watched of enabledOf(evidence)) {
    const { snapshot, request, findings } = watched;
    const late = findings.answeredTooLate;
    if (late > 0) violations.push(`${request.id}: ${late} reads were answered with bytes after it had ended`);
    const end = world.engineEvents.find(({ kind, snapshot: id }) => kind === 'released' && id === request.id);
    if (end !== undefined && !wasAsked(watched, end)) violations.push(`${request.id}: was released, and nobody asked`);
    if (snapshot === null || snapshot.isEnabled) continue;
    violations.push(...leftovers(evidence, snapshot, watched));
    const attached = snapshot.volumes.filter(volume => volume.filter.protectedVolumes.includes(volume));
    if (attached.length > 0)
      violations.push(`${request.id}: still protects ${attached.map(({ name }) => name).join(', ')}`);
  }
  violations.push(...readForNobody(evidence), ...stillOnTheirWay(evidence));
  return engineVerdict('released', 'E12', {
    looked: evidence.snapshots.filter(
      ({ snapshot, issuedAtGone, diedNs }) =>
        diedNs === null && (issuedAtGone !== null || snapshot?.isEnabled === false),
    ).length,
    violations,
    summary: `${wereReleased.length} snapshots left nothing behind`,
    nothing: 'no snapshot came to its end',
  });
}

/** Backup reads at a drive when no snapshot was alive that protects there. */
function readForNobody({ world, snapshots }: EngineEvidence): string[] {
  const ranges = protectedRanges(world, snapshots);
  return [...world.requests.rows('virtual')]
    .filter(row => !ranges.some(range => isOver(world, range, row) && isAliveAt(range, row)))
    .map(({ op, sector, count }) => `${op} of sectors ${sector}+${count} for a virtual volume, and none was there`);
}

/** What was issued for a snapshot, and for no other, and had not completed when it was gone. */
function stillOnTheirWay({ world, snapshots }: EngineEvidence): string[] {
  const ranges = protectedRanges(world, snapshots);
  const violations: string[] = [];
  for (const snapshot of snapshots) {
    const { request, completionsAtGone } = snapshot;
    if (completionsAtGone === null) continue;
    const others = ranges.filter(range => range.snapshot !== snapshot);
    const rows = (['preserve', 'virtual'] as const).flatMap(purpose =>
      [...world.requests.rows(purpose)].filter(
        row =>
          ranges.some(range => range.snapshot === snapshot && isOver(world, range, row) && isAliveAt(range, row)) &&
          !others.some(range => isOver(world, range, row) && isAliveAt(range, row)),
      ),
    );
    const left = [...rows, ...cacheRows(world, snapshot)].filter(({ completedAs }) => completedAs >= completionsAtGone);
    if (left.length > 0)
      violations.push(`${request.id}: ${left.length} of its requests were at drives when it was gone`);
  }
  return violations;
}

function isOver(world: World, { drive, extent }: ProtectedRange, row: LoggedRequest): boolean {
  return world.drive(drive).drive.place === row.drive && overlaps(extent, row);
}

function isAliveAt({ from, to }: ProtectedRange, { issuedAs }: LoggedRequest): boolean {
  return from <= issuedAs && issuedAs < to;
}

/** Whether its end is one that its user, or its idle limit, asked for. `idle` judges the latter. */
export function wasAsked({ closings }: WatchedSnapshot, end: EngineEvent): boolean {
  return end.kind === 'released' && (end.cause === 'idle' || closings.includes(end.at));
}

/** What the host still lends to a snapshot that has ended, and whether it ever said that it had. */
function leftovers({ world }: EngineEvidence, { options }: Snapshot, watched: WatchedSnapshot): string[] {
  const { spaceHeldBytes, issuedAtGone } = watched;
  const couldNotFree = world.engineEvents.some(
    ({ kind, snapshot }) => kind === 'cache-not-freed' && snapshot === options.id,
  );
  const drives = [...world.drives.values()].map(({ drive }) => drive);
  if (drives.some(({ hangingCount }) => hangingCount > 0)) return [];
  const found: string[] = [];
  if (issuedAtGone === null) found.push(`${options.id}: has ended, and was never said to be gone`);
  if (spaceHeldBytes > 0 && !couldNotFree)
    found.push(`${options.id}: ${spaceHeldBytes} bytes of its cache are not free`);
  return found;
}
