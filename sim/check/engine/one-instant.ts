/**
 * `one-instant` (E2): at the position in the world's log of writes at which the event `enabled` stands, all volumes of the
 * picture are exactly the log's prefix. Judged by the hashes of whole pages: each page that was ever written on a selected
 * volume must hold its last version before that position.
 */

import { PAGE_BYTES } from '../../disk/arena.ts';
import type { Hash } from '../../disk/drive.ts';
import type { Picture } from '../../world/picture.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';

/** The last version of a page before T, and the first after it. */
interface PageHistory {
  before: number | null;
  after: number | null;
}

export function oneInstant(evidence: EngineEvidence): Verdict {
  const snapshots = enabledOf(evidence).filter(({ fullyRead }) => fullyRead);
  const violations: string[] = [];
  let looked = 0;
  for (const snapshot of snapshots) {
    snapshot.pictures.forEach((picture, at) => {
      const histories = historiesOf(evidence.world, snapshot, at);
      looked += histories.size;
      violations.push(...judge(picture, histories, evidence.world.modules.hash, snapshot.request.id));
    });
  }
  return engineVerdict('one-instant', 'E2', {
    looked,
    violations,
    summary: `${looked} written pages are as the log of writes has them at T`,
  });
}

function historiesOf(world: World, snapshot: WatchedSnapshot, at: number): Map<number, PageHistory> {
  const selected = snapshot.selected[at]!;
  const { drive, spec } = world.drive(selected.drive);
  const histories = new Map<number, PageHistory>();
  const start = selected.extent.first * spec.sectorSizeBytes;
  const end = start + selected.extent.count * spec.sectorSizeBytes;
  for (const row of world.requests.rows('application')) {
    if (row.drive !== drive.place || row.op === 'read' || row.op === 'flush' || row.failed) continue;
    const offset = row.sector * spec.sectorSizeBytes;
    const length = row.count * spec.sectorSizeBytes;
    const isWholePages = (offset - start) % PAGE_BYTES === 0 && length % PAGE_BYTES === 0;
    if (!isWholePages || offset < start || offset >= end || row.completedAs === Number.POSITIVE_INFINITY) continue;
    for (let page = (offset - start) / PAGE_BYTES; page * PAGE_BYTES < offset - start + length; page++) {
      note(histories, page, row, length === PAGE_BYTES, snapshot.completionsAtT);
    }
  }
  return histories;
}

/** Of a request over several pages only the whole has a hash: its pages are left out. */
function note(
  histories: Map<number, PageHistory>,
  page: number,
  row: LoggedRequest,
  isOnePage: boolean,
  completionsAtT: number,
): void {
  const known = histories.get(page) ?? { before: null, after: null };
  histories.set(page, known);
  const version = isOnePage && row.op === 'write' ? row.contentHash : null;
  if (row.completedAs < completionsAtT) known.before = version;
  else known.after ??= version;
}

function judge(picture: Picture, histories: Map<number, PageHistory>, hash: Hash, id: string): string[] {
  const violations: string[] = [];
  const bytes = new Uint8Array(PAGE_BYTES);
  for (const [page, { before, after }] of histories) {
    if ((page + 1) * PAGE_BYTES > picture.read.sizeBytes) continue;
    picture.read.read(page * PAGE_BYTES, bytes);
    const found = hash(bytes);
    const sector = (page * PAGE_BYTES) / picture.sectorSize;
    if (before !== null && found !== before) {
      const why = found === after ? 'a write that came after T shows' : 'a write that completed before T is missing';
      violations.push(`${id}: sector ${sector} of ${picture.letter}: ${why}`);
    } else if (before === null && after !== null && found === after) {
      violations.push(`${id}: sector ${sector} of ${picture.letter}: a write that came after T shows`);
    }
  }
  return violations;
}
