/** What Linux says of a block device, from /sys and /proc: its size and sectors, what it lies on, who uses it. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Bytes } from '../../engine/units.ts';

/** `8:1`, as the kernel names a device. */
export type DeviceNumber = string;

const SYSFS_SECTOR: Bytes = 512;

/** Of `st_rdev` as the C library packs it. */
export function deviceNumber(rdev: bigint): DeviceNumber {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** The folder of a device in /sys; null where there is none. */
function folderOf(number: DeviceNumber): string | null {
  try {
    return realpathSync(`/sys/dev/block/${number}`);
  } catch {
    return null;
  }
}

function line(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

function names(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

export interface BlockDevice {
  readonly sizeBytes: Bytes;
  readonly sectorSize: Bytes;
}

/** Null where the system doesn't say. */
export function describeBlockDevice(number: DeviceNumber): BlockDevice | null {
  const folder = folderOf(number);
  if (folder === null) return null;
  const whole = existsSync(join(folder, 'partition')) ? dirname(folder) : folder;
  const size = line(join(folder, 'size'));
  const sectorSize = line(join(whole, 'queue', 'logical_block_size'));
  if (size === null || sectorSize === null) return null;
  return { sizeBytes: Number(size) * SYSFS_SECTOR, sectorSize: Number(sectorSize) };
}

/** What a write to the device changes, beside itself: its drive, devices below it, the file behind a loop device. */
export function devicesBelow(number: DeviceNumber): { readonly devices: DeviceNumber[]; readonly files: string[] } {
  const devices: DeviceNumber[] = [];
  const files: string[] = [];
  const look = (each: DeviceNumber): void => {
    const folder = folderOf(each);
    if (folder === null) return;
    const below = names(join(folder, 'slaves')).map(name => line(join(folder, 'slaves', name, 'dev')));
    if (existsSync(join(folder, 'partition'))) below.push(line(join(dirname(folder), 'dev')));
    const file = line(join(folder, 'loop', 'backing_file'));
    if (file !== null) files.push(file);
    for (const next of below) {
      if (next === null || devices.includes(next)) continue;
      devices.push(next);
      look(next);
    }
  };
  look(number);
  return { devices, files };
}

/** The device and its partitions. */
function withPartitions(number: DeviceNumber): { readonly number: DeviceNumber; readonly folder: string }[] {
  const folder = folderOf(number);
  if (folder === null) return [];
  const parts = names(folder).filter(name => existsSync(join(folder, name, 'partition')));
  const found = parts.map(name => ({ number: line(join(folder, name, 'dev')) ?? '', folder: join(folder, name) }));
  return [{ number, folder }, ...found];
}

/** Who uses a device or a partition of it, in words; null: nobody. `reads` asks for those who may write to it only. */
export function userOfDevice(number: DeviceNumber, purpose: 'reads' | 'writes'): string | null {
  for (const part of withPartitions(number)) {
    const mount = mounts().find(each => each.device === part.number && (purpose === 'writes' || !each.isReadOnly));
    if (mount !== undefined) return `${basename(part.folder)} is mounted at ${mount.at}`;
    const [holder] = names(join(part.folder, 'holders'));
    if (holder !== undefined) return `${basename(part.folder)} is held by ${holder}`;
    if (swaps().includes(part.number)) return `${basename(part.folder)} is swap space`;
  }
  return null;
}

/** The loop device that a file is attached to, in words; null: none. */
export function userOfFile(path: string, purpose: 'reads' | 'writes'): string | null {
  for (const name of names('/sys/block')) {
    if (line(`/sys/block/${name}/loop/backing_file`) !== path) continue;
    if (purpose === 'writes' || line(`/sys/block/${name}/ro`) !== '1') return `it is attached to /dev/${name}`;
  }
  return null;
}

interface Mount {
  readonly device: DeviceNumber;
  readonly at: string;
  readonly isReadOnly: boolean;
}

/** proc(5): number, parent, device, root, place, options, optional fields, a hyphen, kind, source, options. */
function mounts(): Mount[] {
  const text = line('/proc/self/mountinfo') ?? '';
  return text.split('\n').flatMap(each => {
    const fields = each.split(' ');
    const behind = fields.slice(fields.indexOf('-', 6) + 1);
    const [device, , at] = fields.slice(2);
    if (device === undefined || at === undefined) return [];
    const source = unescaped(behind[1] ?? '');
    const isReadOnly = (behind[2] ?? '').split(',').includes('ro');
    // Some file systems have a number of their own; what they lie on stands in their source only.
    const numbers = [device, ...(source.startsWith('/dev/') ? numberOf(source) : [])];
    return [...new Set(numbers)].map(number => ({ device: number, at: unescaped(at), isReadOnly }));
  });
}

function swaps(): DeviceNumber[] {
  const lines = (line('/proc/swaps') ?? '').split('\n').slice(1);
  return lines.flatMap(each => numberOf(unescaped(each.split(/\s/)[0] ?? '')));
}

function numberOf(path: string): DeviceNumber[] {
  try {
    const stats = statSync(path, { bigint: true });
    return stats.isBlockDevice() ? [deviceNumber(stats.rdev)] : [];
  } catch {
    return [];
  }
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
