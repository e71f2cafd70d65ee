/**
 * `timestamps`: every restored file has the stamp of last modification that it had, and none is newer than the picture,
 * to FAT's two seconds and by the world's clock.
 *
 * Which stamp that is depends on how the file was taken: a settled picture and a file agent have one instant (of the
 * picture, of the file); the naive copy has the span in which it read the file; in a picture of a disk in use the
 * directory may be older than what applications see, so any stamp up to its end will do.
 */
import type { EventNumber } from '../apps/truth.ts';
import type { TruthFile } from '../apps/truth-file.ts';
import { counted, listed } from '../apps/wording.ts';
import type { TakenFile } from '../evidence.ts';
import type { Path, WallSeconds } from '../fs/file-system.ts';
import type { DataEvidence } from './data-evidence.ts';
import { held, NO_FILE, violated } from './data-verdict.ts';
import type { Verdict } from './verdict.ts';

const SHOWN = 20;

/** The instants at which a file may have had its stamp, and the wall clock that no stamp may pass. */
interface Allowed {
  readonly from: EventNumber;
  readonly to: EventNumber;
  readonly latest: WallSeconds;
}

export function timestamps(evidence: DataEvidence): Verdict[] {
  const { tree, restore } = evidence;
  const taken = new Map(restore.files.map(file => [file.path, file]));
  const paths = tree.paths.filter(path => evidence.isJudged(path));
  const wrong: string[] = [];
  const newer: string[] = [];
  for (const path of paths) {
    const stamp = even(tree.file(path)?.modified ?? 0);
    const allowed = allowedFor(evidence, taken.get(path));
    if (stamp > even(allowed.latest)) newer.push(path);
    else if (!hadStamp(evidence, path, stamp, allowed)) wrong.push(path);
  }
  const looked = paths.length;
  if (wrong.length === 0 && newer.length === 0) {
    return [
      held('timestamps', null, NO_FILE, { looked, summary: `${counted(looked, 'file')} with the stamp that each had` }),
    ];
  }
  const parts: string[] = [];
  if (newer.length > 0)
    parts.push(`${counted(newer.length, 'file is', 'files are')} newer than the picture: ${listed(newer)}`);
  if (wrong.length > 0)
    parts.push(`${counted(wrong.length, 'file has', 'files have')} a stamp that it had not then: ${listed(wrong)}`);
  const lists = { newer: newer.slice(0, SHOWN), wrong: wrong.slice(0, SHOWN) };
  return [violated('timestamps', null, { looked, summary: parts.join('; '), evidence: lists })];
}

function allowedFor({ restore, truth }: DataEvidence, taken: TakenFile | undefined): Allowed {
  const { at, wallSeconds, settledAt, endedAt, endedWallSeconds } = restore;
  if (taken !== undefined) {
    if (taken.at !== null) return { from: taken.at, to: taken.at, latest: taken.wallSeconds };
    return { from: truth.eventAt(taken.from - 1), to: truth.eventAt(taken.to), latest: taken.wallSeconds };
  }
  if (at === null) return { from: 0, to: endedAt, latest: endedWallSeconds };
  return { from: settledAt ?? 0, to: at, latest: wallSeconds ?? endedWallSeconds };
}

/** Whether a file had the path and the stamp at an instant that is allowed. */
function hadStamp({ truth }: DataEvidence, path: Path, stamp: WallSeconds, { from, to }: Allowed): boolean {
  const occupants = truth.occupantsOf(path);
  if (occupants === null) return false;
  const { events, values } = occupants;
  for (let at = 0; at < events.length; at++) {
    const begin = Math.max(from, events[at]!);
    const end = at + 1 < events.length ? Math.min(to, events[at + 1]! - 1) : to;
    const file = values[at] ?? null;
    if (file !== null && begin <= end && stampBetween(file, stamp, begin, end)) return true;
  }
  return false;
}

function stampBetween({ stamps }: TruthFile, stamp: WallSeconds, from: EventNumber, to: EventNumber): boolean {
  if (even(stamps.at(from, -1)) === stamp) return true;
  return stamps.events.some((event, at) => event > from && event <= to && even(stamps.values[at]!) === stamp);
}

/** What FAT keeps of a stamp. */
function even(seconds: WallSeconds): WallSeconds {
  return seconds - (seconds % 2);
}
