/**
 * The reads of old data, granule by granule: each is for a granule that a write touches which is held at that moment, and
 * there are no more of one than snapshots that lacked it.
 */
import type { Extent, Nanoseconds, Sector } from '../../../engine/units.ts';
import type { HeldWrite } from '../../world/door.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import { driveIds, granuleAt, overlaps, type ProtectedRange, protectedRanges, touches } from './protected-ranges.ts';

/** A granule is on its way to a cache: from its read to the first write that is let go of those that waited for it. */
export interface CopyWindow {
  readonly drive: string;
  readonly granule: Extent;
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
}

export interface OldDataReads {
  readonly reads: number;
  readonly windows: readonly CopyWindow[];
  readonly violations: readonly string[];
}

/** Sectors that lie in the same granule of every snapshot of the run. */
interface Cell extends Extent {
  sectorsRead: Sector;
  /** Snapshots that lacked it while it was read. */
  readonly lacking: Set<ProtectedRange>;
}

export function judgeOldDataReads(
  world: World,
  snapshots: readonly WatchedSnapshot[],
  held: readonly HeldWrite[],
): OldDataReads {
  const idOf = driveIds(world);
  const judge = new ReadJudge(protectedRanges(world, snapshots), held);
  for (const row of world.requests.rows('preserve')) {
    if (row.op === 'read') judge.look(row, idOf(row.drive));
  }
  return judge;
}

class ReadJudge implements OldDataReads {
  reads = 0;
  readonly windows: CopyWindow[] = [];
  readonly violations: string[] = [];
  private readonly ranges: readonly ProtectedRange[];
  /** In the order in which they came. */
  private readonly held: readonly HeldWrite[];
  private readonly refused: readonly HeldWrite[];
  private readonly cells = new Map<string, Map<Sector, Cell>>();
  private readonly failed: { readonly drive: string; readonly row: LoggedRequest }[] = [];
  private arrived = 0;
  private waiting: HeldWrite[] = [];

  constructor(ranges: readonly ProtectedRange[], held: readonly HeldWrite[]) {
    this.ranges = ranges;
    this.held = held;
    this.refused = held.filter(({ end }) => end === 'refused');
  }

  /** Reads are shown in the order of issue. */
  look(row: LoggedRequest, drive: string): void {
    this.reads += 1;
    while (this.arrived < this.held.length && this.held[this.arrived]!.arrivedAs <= row.issuedAs) {
      this.waiting.push(this.held[this.arrived++]!);
    }
    this.waiting = this.waiting.filter(({ leftAs }) => leftAs > row.issuedAs);
    const waiting = this.waiting.filter(write => write.drive === drive);
    const ranges = this.ranges.filter(range => range.drive === drive);
    const alive = ranges.filter(({ from, to }) => from <= row.issuedAs && row.issuedAs < to);
    for (let sector = row.sector; sector < row.sector + row.count; ) {
      const cell = this.cell(drive, cellAt(ranges, sector));
      const end = Math.min(cell.first + cell.count, row.sector + row.count);
      this.readOf(cell, end - sector, row, drive, alive, waiting);
      sector = end;
    }
    if (row.failed) this.failed.push({ drive, row });
  }

  private readOf(
    cell: Cell,
    count: Sector,
    row: LoggedRequest,
    drive: string,
    alive: readonly ProtectedRange[],
    waiting: readonly HeldWrite[],
  ): void {
    let isWanted = false;
    for (const range of alive) {
      if (!overlaps(range.extent, { sector: cell.first, count: 1 })) continue;
      const granule = granuleAt(range, cell.first);
      const writes = waiting.filter(write => touches(range, granule, write));
      if (writes.length === 0) continue;
      isWanted = true;
      cell.lacking.add(range);
      const to = Math.min(...writes.map(write => write.to));
      this.windows.push({ drive, granule, from: row.issuedAt, to });
    }
    cell.sectorsRead += count;
    const again = this.mayComeAgain(cell, row, drive);
    if (!isWanted && again === 0) {
      this.violations.push(
        `old data of sectors ${cell.first}+${cell.count} of ${drive} was read, and no write touches it`,
      );
    } else if (cell.sectorsRead > cell.count * (cell.lacking.size + again + this.lostCopies(cell, row, drive))) {
      const who = `${cell.lacking.size} snapshot${cell.lacking.size === 1 ? '' : 's'}`;
      this.violations.push(
        `old data of sectors ${cell.first}+${cell.count} of ${drive} was read more often than by the ${who} that lacked it`,
      );
    }
  }

  /** After an error the parts of a read are read again, and after a refusal the next write tries again. */
  private mayComeAgain({ first, count }: Cell, { issuedAs }: LoggedRequest, drive: string): number {
    let times = 0;
    for (const { drive: on, row } of this.failed) if (on === drive && overlaps({ first, count }, row)) times += 1;
    for (const write of this.refused) {
      if (write.drive !== drive || write.arrivedAs > issuedAs) continue;
      const isOver = this.ranges.some(
        range =>
          range.drive === drive &&
          overlaps(range.extent, { sector: first, count: 1 }) &&
          touches(range, granuleAt(range, first), write),
      );
      if (isOver) times += 1;
    }
    return times;
  }

  /** Copies that their machine may not have lived to commit: each is made again. */
  private lostCopies({ first }: Cell, { issuedAs }: LoggedRequest, drive: string): number {
    const over = this.ranges.filter(
      range => range.drive === drive && overlaps(range.extent, { sector: first, count: 1 }),
    );
    return over.reduce((sum, { snapshot }) => {
      return (
        sum + snapshot.interruptions.filter(({ became, issued }) => became === 'back' && issued <= issuedAs).length
      );
    }, 0);
  }

  private cell(drive: string, { first, count }: Extent): Cell {
    const cells = this.cells.get(drive) ?? new Map<Sector, Cell>();
    this.cells.set(drive, cells);
    const known = cells.get(first) ?? { first, count, sectorsRead: 0, lacking: new Set() };
    cells.set(first, known);
    return known;
  }
}

/** The sectors around one that no snapshot tells apart. */
function cellAt(ranges: readonly ProtectedRange[], sector: Sector): Extent {
  let first = 0;
  let end = Number.POSITIVE_INFINITY;
  for (const range of ranges) {
    const { extent } = range;
    if (overlaps(extent, { sector, count: 1 })) {
      const granule = granuleAt(range, sector);
      first = Math.max(first, granule.first);
      end = Math.min(end, granule.first + granule.count);
    } else if (sector < extent.first) end = Math.min(end, extent.first);
    else first = Math.max(first, extent.first + extent.count);
  }
  return { first, count: end - first };
}
