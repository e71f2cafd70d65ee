/** Opens backup disks on files and devices: the image, and its catalogue behind it or in a file of its own. */
import type { BackupDisk } from '../../engine/backup-disk/backup-disk.ts';
import { findCatalogue } from '../../engine/backup-disk/find-catalogue.ts';
import { hasMagic } from '../../engine/backup-disk/header.ts';
import type { DiskPlaces } from '../../engine/backup-disk/layout.ts';
import { secondHeaderOffset } from '../../engine/backup-disk/layout.ts';
import { openBackupDisk } from '../../engine/backup-disk/open.ts';
import { wordAt } from '../../engine/checksum.ts';
import type { Task } from '../../engine/task.ts';
import { readBytes } from './bytes-at.ts';
import type { DiskSession } from './disk-session.ts';
import { diskError } from './error-codes.ts';
import { type DiskPlace, placeOf, refuseInUse, refuseSameStorage, type SectorSize } from './place.ts';

export interface DiskPaths {
  readonly disk: string;
  /** The side file; null: the catalogue lies behind the image. */
  readonly catalogue: string | null;
}

export interface FoundDisk {
  readonly image: DiskPlace;
  readonly side: DiskPlace | null;
  readonly disk: BackupDisk;
}

/** Where a header has the sector size of its source: docs/backup-disk.md. */
const SECTOR_SIZE_AT = 40;
const VERSION_AT = 16;
const KNOWN_VERSION = 1;

/** Opens a disk of which nothing is known but its path. What was cut off is finished. */
export async function openFoundDisk(session: DiskSession, paths: DiskPaths): Promise<FoundDisk> {
  const image = placeOf(paths.disk);
  const side = paths.catalogue === null ? null : placeOf(paths.catalogue);
  for (const place of side === null ? [image] : [image, side]) refuseInUse(place, 'writes');
  if (side !== null) refuseSameStorage(image, side);
  const header = await headerBytes(side ?? image);
  const known = image.sectorSize ?? sectorSizeIn(header);
  const sizes: readonly SectorSize[] = known === null ? [512, 4096] : [known];
  for (const [index, sectorSize] of sizes.entries()) {
    if (image.sizeBytes % sectorSize !== 0) continue;
    if (known === null && index === 0) session.context.tell(`\`${paths.disk}\`: searching for its catalogue`);
    const disk = await openAt(session, image, side, sectorSize);
    if (disk !== null) return { image, side, disk };
    await session.close();
  }
  const where = side === null ? `\`${paths.disk}\`` : `\`${side.shown}\``;
  if (header !== null && wordAt(header, VERSION_AT) > KNOWN_VERSION) {
    throw diskError('disk-newer-version', `${where} is of a newer version`);
  }
  if (header !== null) throw diskError('disk-damaged', `both headers on ${where} are damaged`);
  throw diskError('disk-foreign', `${where} carries no catalogue of a backup`);
}

async function openAt(
  session: DiskSession,
  image: DiskPlace,
  side: DiskPlace | null,
  sectorSize: SectorSize,
): Promise<BackupDisk | null> {
  const { device } = await session.open(image, { sectorSize, purpose: 'looks' });
  const catalogue = side === null ? device : (await session.open(side, { sectorSize, purpose: 'looks' })).device;
  return await session.run('open', function* (): Task<BackupDisk | null> {
    const extent = yield* findCatalogue(catalogue, session.checksum);
    if (extent === null) return null;
    const places: DiskPlaces = { image: device, catalogue: { device: catalogue, extent } };
    return yield* openBackupDisk(places, session.checksum);
  });
}

/** The first bytes of the header at the end of a place; null when there is none. */
async function headerBytes(place: DiskPlace): Promise<Uint8Array | null> {
  const at = secondHeaderOffset(place.sizeBytes);
  if (at < 0) return null;
  const bytes = await readBytes(place, at, SECTOR_SIZE_AT + 8);
  return hasMagic(bytes) ? bytes : null;
}

/** What the sectors of the image on a backup disk are, when the header at its end says so. */
export async function imageSectorSize(place: DiskPlace): Promise<SectorSize | null> {
  return sectorSizeIn(await headerBytes(place));
}

/** What a header says that the sectors of its image are. */
function sectorSizeIn(header: Uint8Array | null): SectorSize | null {
  const size = header === null ? 0 : wordAt(header, SECTOR_SIZE_AT);
  return size === 512 || size === 4096 ? size : null;
}
