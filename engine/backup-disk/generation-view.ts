/**
 * One generation as it was, to be read: the white paper's backup copy, with nothing restored. Read-only.
 *
 * Invariants
 * I1 Whatever is read was compared with its sum: a damaged granule fails the read with an error that says so, and no other
 *    bytes than those of the generation are ever returned.
 * I2 A view ends with the next change of its disk: what it looked up may lie somewhere else then.
 */
import { Bitmap } from '../bitmap.ts';
import { checkRequest, type Device, IoError, type IoRequest } from '../device.ts';
import { invariant, WorldError } from '../invariant.ts';
import type { Owner, Task } from '../task.ts';
import { MIB, type Sector } from '../units.ts';
import type { BackupDisk } from './backup-disk.ts';
import { ListReader } from './granule-list.ts';
import { eachImageGranule, eachSlotGranule } from './granule-runs.ts';
import { type GranuleSum, isContent, UNKNOWN_SUM } from './granule-sum.ts';
import type { Generation } from './header.ts';
import type { SectorSize } from './layout.ts';
import { SUMS_PER_BLOCK } from './layout.ts';
import { exclusively } from './open.ts';
import { refuse } from './refusal.ts';
import type { TableBlock } from './table.ts';

/** So much is looked up and read at once. */
const PIECE_BYTES = 4 * MIB;

/** A list, and which granules it has: one bit each. */
interface Layer {
  readonly reader: ListReader;
  readonly has: Bitmap;
}

interface Located {
  readonly granule: number;
  readonly sum: GranuleSum;
  readonly slot: number | null;
  readonly from: 'image' | 'slot' | 'nothing';
}

/** Opens a generation for reading; the newest one when none is named. */
export function* viewGeneration(disk: BackupDisk, number: number | null = null): Task<GenerationView> {
  return yield* exclusively(disk, 'look', () => openGeneration(disk, number));
}

/** The same within an operation. */
export function* openGeneration(disk: BackupDisk, number: number | null): Task<GenerationView> {
  const { newest, generations, layout } = disk;
  if (newest === null) refuse('no-image', `${disk.places.image.name} holds no whole image`);
  const at = number === null ? generations.length - 1 : generations.findIndex(each => each.number === number);
  const generation = generations[at];
  if (generation === undefined) refuse('no-generation', `there is no generation ${number}`);
  const damage = disk.damageOf(generation.number);
  if (damage !== null) refuse('damaged', `generation ${generation.number} can't be read: ${damage}`);
  const layers: Layer[] = [];
  for (const each of generations.slice(at)) {
    const list = disk.lists.get(each.number)!;
    if (list.blocks.length === 0) continue;
    const has = new Bitmap(layout.granuleCount);
    const all = new ListReader(disk, list);
    for (;;) {
      const entries = yield* all.nextEntries();
      if (entries === null) break;
      for (const { granule } of entries) has.set(granule);
    }
    layers.push({ reader: new ListReader(disk, list), has });
  }
  return new GenerationView(disk, generation, layers);
}

export class GenerationView {
  readonly disk: BackupDisk;
  readonly generation: Generation;
  readonly name: string;
  readonly sectorSize: SectorSize;
  readonly sectorCount: Sector;
  private readonly layers: readonly Layer[];
  private readonly epoch: number;
  private block: TableBlock | null = null;

  constructor(disk: BackupDisk, generation: Generation, layers: readonly Layer[]) {
    const { source } = disk.header;
    this.disk = disk;
    this.generation = generation;
    this.layers = layers;
    this.epoch = disk.epoch;
    this.name = `generation ${generation.number} of ${source.id}`;
    this.sectorSize = source.sectorSize;
    this.sectorCount = source.sectorCount;
  }

  /** It as a device, whose reads are tasks of an owner. */
  device(owner: Owner): Device {
    return new ViewDevice(this, owner);
  }

  /** Sectors of the generation. Throws an `IoError` when a granule among them is damaged (I1), or the view has ended. */
  *read(first: Sector, count: Sector): Task<Uint8Array> {
    invariant(first >= 0 && count > 0 && first + count <= this.sectorCount, `${count} sectors of ${this.name}`);
    const into = new Uint8Array(count * this.sectorSize);
    const most = PIECE_BYTES / this.sectorSize;
    for (let done = 0; done < count; done += most) {
      const length = Math.min(most, count - done);
      const part = into.subarray(done * this.sectorSize, (done + length) * this.sectorSize);
      yield* this.readPiece(first + done, length, part);
    }
    return into;
  }

  private *readPiece(first: Sector, count: Sector, into: Uint8Array): Task<void> {
    const { grid } = this.disk.layout;
    const last = grid.lastTouched(first, count);
    const located: Located[] = [];
    this.checkEpoch(first, count);
    for (let granule = grid.firstTouched(first); granule <= last; granule++) located.push(yield* this.locate(granule));
    const take = (item: Located, bytes: Uint8Array | null): void => {
      this.checkEpoch(first, count);
      if (bytes === null || !isContent(bytes, item.sum, this.disk.checksum)) throw this.damaged(item.granule);
      const start = grid.start(item.granule);
      const skip = Math.max(0, first - start);
      const end = Math.min(grid.length(item.granule), first + count - start);
      into.set(bytes.subarray(skip * this.sectorSize, end * this.sectorSize), (start + skip - first) * this.sectorSize);
    };
    const each = function* (item: Located, bytes: Uint8Array | null): Task<void> {
      take(item, bytes);
    };
    for (const { granule, from, sum } of located) {
      if (from === 'nothing' && !sum.isZero) throw this.damaged(granule);
    }
    yield* eachImageGranule(
      this.disk,
      located.filter(({ from }) => from === 'image'),
      each,
    );
    const inSlots = located.filter(({ from }) => from === 'slot');
    yield* eachSlotGranule(this.disk, inSlots, ({ slot }) => slot!, each);
    this.checkEpoch(first, count);
  }

  /** Where a granule of the generation lies, and what it must be. */
  private *locate(granule: number): Task<Located> {
    for (const { has, reader } of this.layers) {
      if (!has.get(granule)) continue;
      const entry = yield* reader.find(granule);
      if (entry === null) break;
      return { granule, sum: entry.old, slot: entry.saved, from: entry.saved === null ? 'nothing' : 'slot' };
    }
    const number = Math.floor(granule / SUMS_PER_BLOCK);
    if (this.block?.number !== number) this.block = yield* this.disk.table.block(number);
    const sum = this.block === null ? UNKNOWN_SUM : this.block.sum(granule);
    return { granule, sum, slot: null, from: 'image' };
  }

  private damaged(granule: number): IoError {
    const { grid } = this.disk.layout;
    const because = `granule ${granule} is damaged on ${this.disk.places.image.name}`;
    return new IoError('read-error', this.name, 'read', grid.start(granule), grid.length(granule), because);
  }

  private checkEpoch(first: Sector, count: Sector): void {
    if (this.disk.epoch === this.epoch) return;
    throw new IoError('snapshot-ended', this.name, 'read', first, count, 'the backup disk was changed');
  }
}

class ViewDevice implements Device {
  readonly name: string;
  readonly sectorSize: SectorSize;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard = false;
  private readonly view: GenerationView;
  private readonly owner: Owner;

  constructor(view: GenerationView, owner: Owner) {
    this.view = view;
    this.owner = owner;
    this.name = view.name;
    this.sectorSize = view.sectorSize;
    this.sectorCount = view.sectorCount;
  }

  submit(request: IoRequest): IoRequest {
    checkRequest(this, request);
    const { op, sector, count } = request;
    if (op === 'read') this.owner.spawn(`read of ${this.name}`, this.answer(request));
    else request.settle(op === 'flush' ? null : new IoError('read-only', this.name, op, sector, count));
    return request;
  }

  private *answer(request: IoRequest): Task<void> {
    const { sector, count } = request;
    try {
      request.data!.set(yield* this.view.read(sector, count));
      request.settle(null);
    } catch (error) {
      if (!(error instanceof WorldError)) throw error;
      if (error instanceof IoError) request.settle(error);
      else request.settle(new IoError('gone', this.name, 'read', sector, count, error.message));
    }
  }
}
