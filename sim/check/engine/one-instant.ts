/**
 * `one-instant` (E2): at the position in the world's log of writes at which the event `enabled` stands, all volumes of the
 * picture are exactly the log's prefix. Judged by the hashes of whole pages: each page that was ever written on a selected
 * volume must hold its last version before that position; zeroes where the picture leaves it out (E11).
 */

import { PAGE_BYTES } from '../../disk/arena.ts';
import type { PageNumber } from '../../disk/sectors.ts';
import type { Picture } from '../../world/picture.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';
import { leftOutOn, partsBeside } from './protected-ranges.ts';

/** What a page held at 0 s, a version by its hash, or what only a part of a request says. */
type Version = number | 'at-0-s' | 'unknown';

/** The last version of a page before T, and the first after it. */
interface PageHistory {
  before: Version;
  after: Version | null;
}

export function oneInstant(evidence: EngineEvidence): Verdict {
  const snapshots = enabledOf(evidence).filter(({ fullyRead }) => fullyRead);
  const violations: string[] = [];
  let looked = 0;
  for (const snapshot of snapshots) {
    snapshot.pictures.forEach((picture, at) => {
      const histories = historiesOf(evidence.world, snapshot, at);
      const found = judge(evidence.world, snapshot, at, picture, histories);
      looked += found.looked;
      violations.push(...found.violations);
    });
  }
  return engineVerdict('one-instant', 'E2', {
    looked,
    violations,
    summary: `${looked} written pages are as the log of writes has them at T`,
    nothing: 'no picture was read in full, or no page of its volumes was written',
  });
}

function historiesOf(world: World, snapshot: WatchedSnapshot, at: number): Map<PageNumber, PageHistory> {
  const { extent, drive: id } = snapshot.selected[at]!;
  const { drive, spec } = world.drive(id);
  const histories = new Map<PageNumber, PageHistory>();
  const start = extent.first * spec.sectorSizeBytes;
  const size = extent.count * spec.sectorSizeBytes;
  const zeroes = world.modules.hash(new Uint8Array(PAGE_BYTES));
  const pageSectors = PAGE_BYTES / spec.sectorSizeBytes;
  for (const row of world.requests.inOrderOfCompletion('application')) {
    if (row.drive !== drive.place || row.op === 'read' || row.op === 'flush') continue;
    // What a power cut has left of earlier ones, the drive at the start of the machine's life says.
    if (row.completedAs < snapshot.life.firstCompletion) continue;
    const from = row.sector * spec.sectorSizeBytes - start;
    const to = from + row.count * spec.sectorSizeBytes;
    const first = Math.max(0, Math.floor(from / PAGE_BYTES));
    for (let page = first; page * PAGE_BYTES < Math.min(to, size); page++) {
      const isWhole = from <= page * PAGE_BYTES && to >= (page + 1) * PAGE_BYTES;
      note(histories, page, versionOf(row, isWhole, zeroes, pageSectors), row.completedAs < snapshot.completionsAtT);
    }
  }
  return histories;
}

/** Of a request over several pages only the whole has a hash; one that failed may have been done in part. */
function versionOf(
  { op, count, contentHash, failed }: LoggedRequest,
  isWhole: boolean,
  zeroes: number,
  pageSectors: number,
): Version {
  if (!isWhole || failed) return 'unknown';
  if (op !== 'write') return zeroes;
  return count === pageSectors ? contentHash : 'unknown';
}

function note(histories: Map<PageNumber, PageHistory>, page: PageNumber, version: Version, isBefore: boolean): void {
  const known = histories.get(page) ?? { before: 'at-0-s', after: null };
  histories.set(page, known);
  if (isBefore) known.before = version;
  else known.after ??= version;
}

function judge(
  world: World,
  snapshot: WatchedSnapshot,
  at: number,
  picture: Picture,
  histories: Map<PageNumber, PageHistory>,
): { looked: number; violations: string[] } {
  const { extent, drive } = snapshot.selected[at]!;
  const { hash } = world.modules;
  const start = extent.first * picture.sectorSize;
  const violations: string[] = [];
  const bytes = new Uint8Array(PAGE_BYTES);
  const zeroes = hash(bytes);
  const pageSectors = PAGE_BYTES / picture.sectorSize;
  const leftOut = leftOutOn(snapshot, drive);
  let looked = 0;
  for (const [page, { before, after }] of histories) {
    const sectors = { sector: extent.first + page * pageSectors, count: pageSectors };
    const beside = partsBeside(leftOut, sectors).reduce((sum, { count }) => sum + count, 0);
    // Of a page of which a part is left out there is no version to compare with.
    const isInPart = beside > 0 && beside < pageSectors;
    if ((page + 1) * PAGE_BYTES > picture.read.sizeBytes || isInPart) continue;
    let expected = beside === 0 ? zeroes : before;
    if (expected === 'unknown') continue;
    if (expected === 'at-0-s') {
      snapshot.driveAtStart(drive).read(start + page * PAGE_BYTES, bytes);
      expected = hash(bytes);
    }
    picture.read.read(page * PAGE_BYTES, bytes);
    const found = hash(bytes);
    looked += 1;
    if (found === expected) continue;
    let why = found === after ? 'a write that came after T shows' : 'a write that completed before T is missing';
    if (beside === 0) why = 'is left out, and does not read as zeroes';
    const sector = (page * PAGE_BYTES) / picture.sectorSize;
    violations.push(`${snapshot.request.id}: sector ${sector} of ${picture.letter}: ${why}`);
  }
  return { looked, violations };
}
