/** Drives for the commands on disks: image files made by the tools of the field, and a program that fails at a call. */
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from '../../engine/units.ts';
import { guidPartitionTable } from '../../sim/disk/gpt.ts';
import { requireTool, runTool } from '../real-tools.ts';
import { type Ended, otm } from './otm.ts';

export const hasTools = ['sgdisk', 'sfdisk', 'mkfs.fat', 'mcopy', 'mmd', 'fsck.fat'].every(requireTool);

export const DRIVE_BYTES = 24 * MIB;
const VOLUME_AT = MIB;

/** Bytes that follow from a number, and don't repeat soon. */
export function content(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed + 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

export function tool(name: string, ...args: readonly string[]): string {
  const { status, output } = runTool(name, args);
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${output}`);
  return output;
}

export class Drive {
  readonly path: string;
  private readonly folder: string;
  private files = 0;

  /** A volume of 16 MiB at 1 MiB, with two files, one of them in a folder. */
  constructor(folder: string, table: 'gpt' | 'mbr' | 'none', sectorSize: 512 | 4096 = 512) {
    this.folder = folder;
    this.path = join(folder, 'server.img');
    writeFileSync(this.path, '');
    truncateSync(this.path, DRIVE_BYTES);
    if (sectorSize === 4096) this.putTable();
    else if (table === 'gpt')
      tool('sgdisk', '-og', '-n1:2048:+16M', '-t1:0700', '-c1:SYS', '-n2:0:0', '-t2:8300', this.path);
    else if (table === 'mbr') runTool('sfdisk', ['-q', this.path], 'label: dos\nstart=2048, size=32768, type=e\n');
    const volume = join(folder, 'volume.img');
    writeFileSync(volume, '');
    truncateSync(volume, table === 'none' ? DRIVE_BYTES : 16 * MIB);
    tool('mkfs.fat', '-n', 'SYS', '-S', String(sectorSize), volume);
    if (table === 'none') copyFileSync(volume, this.path);
    else this.put(VOLUME_AT, readFileSync(volume));
    this.volumeAt = table === 'none' ? 0 : VOLUME_AT;
    tool('mmd', '-i', this.mtoolsPath, '::/DATA');
    this.add('DATA/Books of 1999.dat', 300_000);
    this.add('BOOT.INI', 20);
  }

  readonly volumeAt: number;

  get mtoolsPath(): string {
    return `${this.path}@@${this.volumeAt}`;
  }

  /** `sgdisk` takes image files for drives with sectors of 512 bytes. */
  private putTable(): void {
    const extent = { first: VOLUME_AT / 4096, count: (16 * MIB) / 4096 };
    const table = guidPartitionTable(4096, DRIVE_BYTES / 4096, [{ type: 'fat16', name: 'SYS', extent }], 3);
    for (const { first, bytes } of table) this.put(first * 4096, bytes);
  }

  put(offset: number, bytes: Uint8Array): void {
    const whole = readFileSync(this.path);
    whole.set(bytes, offset);
    writeFileSync(this.path, whole);
  }

  /** What was added is what comes back. */
  add(path: string, length: number): Buffer {
    this.files += 1;
    const bytes = content(length, this.files);
    const local = join(this.folder, 'new-file');
    writeFileSync(local, bytes);
    tool('mcopy', '-o', '-i', this.mtoolsPath, local, `::/${path}`);
    return bytes;
  }

  image(): Buffer {
    return readFileSync(this.path);
  }
}

/** What the image of a backup disk holds. */
export function imageOn(disk: string, length = DRIVE_BYTES): Buffer {
  return readFileSync(disk).subarray(0, length);
}

/** Before the program begins: `act` is called with the name and the number of each call of a file handle. */
function watched(act: string): { readonly [name: string]: string } {
  const script = `
    import { open } from 'node:fs/promises';
    import fs from 'node:fs';
    const handle = await open('/dev/null');
    const proto = Object.getPrototypeOf(handle);
    await handle.close();
    const calls = { read: 0, change: 0 };
    for (const name of ['read', 'write', 'datasync']) {
      const real = proto[name];
      const kind = name === 'read' ? 'read' : 'change';
      proto[name] = function (...args) {
        calls[kind] += 1;
        (${act})(name, calls[kind], fs);
        return real.apply(this, args);
      };
    }
    process.on('exit', () => process.env.OTM_CALLS && fs.writeFileSync(process.env.OTM_CALLS, String(calls.change)));`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` };
}

/** Runs the command with something done at a call of the system. */
export function otmWith(
  act: string,
  args: readonly string[],
  cwd: string,
  env: { [name: string]: string } = {},
): Ended {
  otm(['version']);
  return otm(args, { cwd, env: { ...watched(act), ...env } });
}
