/** A path as a disk: what it is, how large, what its sectors are, what it lies on, and whether nobody else uses it. */
import { realpathSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import type { Bytes } from '../../engine/units.ts';
import { UserError } from '../../sim/user-error.ts';
import { systemReason } from '../error-codes.ts';
import { FileDevice, openForWriting } from '../file-device.ts';
import {
  type DeviceNumber,
  describeBlockDevice,
  deviceNumber,
  devicesBelow,
  userOfDevice,
  userOfFile,
} from './block-devices.ts';
import { diskError } from './error-codes.ts';

export type SectorSize = 512 | 4096;

export interface DiskPlace {
  /** As the user gave it. */
  readonly shown: string;
  readonly path: string;
  /** Null: an image file. */
  readonly device: DeviceNumber | null;
  readonly sizeBytes: Bytes;
  /** What the system says of a device; null for a file. */
  readonly sectorSize: SectorSize | null;
  readonly identity: string;
  /** Identities of what a write to it changes, its own included. */
  readonly liesOn: readonly string[];
}

/** Makes an image file of a size, or gives an empty one that size: all of it is a hole. It is durable with its name. */
export async function makeImageFile(path: string, bytes: Bytes): Promise<DiskPlace> {
  try {
    const handle = await open(path, 'a');
    try {
      await handle.truncate(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const folder = await open(dirname(realpathSync(path)), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw diskError('cannot-open', `cannot make \`${path}\`: ${systemReason(error)}`);
  }
  return placeOf(path);
}

/** A device that is not there must not become a file. */
export function isDeviceName(path: string): boolean {
  return resolve(path).startsWith('/dev/');
}

/** Null when there is nothing at the path. */
export function findPlace(shown: string): DiskPlace | null {
  let path: string;
  let stats: ReturnType<typeof bigStats>;
  try {
    path = realpathSync(shown);
    stats = bigStats(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw diskError('cannot-open', `cannot open \`${shown}\`: ${systemReason(error)}`);
  }
  if (stats.isFile()) {
    const identity = `file ${stats.dev}:${stats.ino}`;
    const sizeBytes = Number(stats.size);
    return { shown, path, device: null, sizeBytes, sectorSize: null, identity, liesOn: [identity] };
  }
  if (!stats.isBlockDevice()) {
    const what = stats.isDirectory() ? 'a folder' : 'neither a file nor a block device';
    throw diskError('not-a-disk', `\`${shown}\` is ${what}`);
  }
  const device = deviceNumber(stats.rdev);
  const described = describeBlockDevice(device);
  if (described === null) throw diskError('not-a-disk', `the system does not say how large \`${shown}\` is`);
  const { sizeBytes, sectorSize } = described;
  if (sectorSize !== 512 && sectorSize !== 4096) {
    throw diskError('not-a-disk', `\`${shown}\` has sectors of ${sectorSize} bytes`);
  }
  const below = devicesBelow(device);
  const files = below.files.flatMap(file => findPlace(file)?.liesOn ?? []);
  const identity = `device ${device}`;
  const liesOn = [identity, ...below.devices.map(each => `device ${each}`), ...files];
  return { shown, path, device, sizeBytes, sectorSize, identity, liesOn };
}

function bigStats(path: string) {
  return statSync(path, { bigint: true });
}

export function placeOf(shown: string): DiskPlace {
  const place = findPlace(shown);
  if (place !== null) return place;
  throw new UserError({ code: 'file-not-found', message: `there is no \`${shown}\``, hint: 'check the path' });
}

/** Whether a write to one changes the other. */
function isSameStorage(a: DiskPlace, b: DiskPlace): boolean {
  return a.liesOn.includes(b.identity) || b.liesOn.includes(a.identity);
}

export function refuseSameStorage(a: DiskPlace, b: DiskPlace): void {
  if (!isSameStorage(a, b)) return;
  const message =
    a.shown === b.shown
      ? `\`${a.shown}\` is named twice, and must not be both`
      : a.identity === b.identity
        ? `\`${a.shown}\` and \`${b.shown}\` are the same disk`
        : `\`${a.shown}\` and \`${b.shown}\` lie on the same disk`;
  throw diskError('source-is-target', message);
}

/** For a source that is read nobody may write to it; a target nobody may use at all. */
export function refuseInUse(place: DiskPlace, purpose: 'reads' | 'writes'): void {
  const user = place.device === null ? userOfFile(place.path, purpose) : userOfDevice(place.device, purpose);
  if (user !== null) throw diskError('device-in-use', `\`${place.shown}\` is in use: ${user}`);
}

export interface OpenedPlace {
  readonly place: DiskPlace;
  readonly device: FileDevice;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly sectorSize: SectorSize;
  /** `looks`: written where the system allows it, as to finish what was cut off. */
  readonly purpose: 'reads' | 'looks' | 'writes';
  readonly isFresh?: boolean;
}

/** Opens a place; one that may be written to is locked against other commands of otm until it is closed. */
export async function openPlace(place: DiskPlace, options: OpenOptions): Promise<OpenedPlace> {
  const { sectorSize, purpose, isFresh = false } = options;
  if (place.sizeBytes === 0 || place.sizeBytes % sectorSize !== 0) {
    const message = `\`${place.shown}\` has ${place.sizeBytes} bytes, no whole sectors of ${sectorSize} bytes`;
    throw diskError('not-a-disk', message);
  }
  const unlock = purpose === 'reads' ? async () => {} : await lock(place);
  try {
    const handle = await openHandle(place, purpose);
    const device = new FileDevice(handle, { name: place.shown, sectorSize, sizeBytes: place.sizeBytes, isFresh });
    const close = async () => {
      await device.close();
      await unlock();
    };
    return { place, device, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}

const readOnlyCodes = ['EACCES', 'EPERM', 'EROFS'];

async function openHandle(place: DiskPlace, purpose: OpenOptions['purpose']): Promise<FileHandle> {
  try {
    return purpose === 'reads' ? await open(place.path, 'r') : await openForWriting(place.path, place.device !== null);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (purpose === 'looks' && readOnlyCodes.includes(code)) return openHandle(place, 'reads');
    if (code === 'EBUSY') throw diskError('device-in-use', `\`${place.shown}\` is in use: the system refuses it`);
    throw diskError('cannot-open', `cannot open \`${place.shown}\`: ${systemReason(error)}`);
  }
}

/**
 * A lock that ends with the process, however that ends: a socket without a file, which Linux knows by its name alone.
 * Elsewhere there is none.
 */
async function lock(place: DiskPlace): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => {};
  const server = createServer();
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => {
      const isTaken = 'code' in error && error.code === 'EADDRINUSE';
      reject(isTaken ? diskError('device-in-use', `\`${place.shown}\` is in use: by another otm`) : error);
    });
    server.listen(`\0otm ${place.identity}`, resolve);
  });
  return () => new Promise(resolve => server.close(() => resolve()));
}
