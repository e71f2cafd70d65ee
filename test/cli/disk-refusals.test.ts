/** Every refusal of the commands on disks: its code, exit code 2, and nothing written. */
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KIB, MIB } from '../../engine/units.ts';
import { openPlace, placeOf } from '../../host/disk/place.ts';
import { makeFolder, removeFolder } from '../host/temporary-folder.ts';
import { requireTool, runTool } from '../real-tools.ts';
import { content, otmWith } from './disk-fixture.ts';
import { jsonLines, otm } from './otm.ts';

const patience = { timeout: 120_000 };
const SOURCE_BYTES = 2 * MIB;
let folder = '';

function sized(name: string, bytes: number, start: Uint8Array = new Uint8Array(0)): void {
  writeFileSync(join(folder, name), start);
  truncateSync(join(folder, name), bytes);
}

/** Where header B begins: 100 KiB before the end. */
function patchHeaders(name: string, copies: readonly (0 | 1)[], patch: (header: Buffer) => void): void {
  const path = join(folder, name);
  const bytes = readFileSync(path);
  for (const copy of copies) patch(bytes.subarray(copy === 0 ? SOURCE_BYTES : bytes.length - 100 * KIB));
  writeFileSync(path, bytes);
}

beforeAll(() => {
  folder = makeFolder({ 'taken.txt': 'text' });
  mkdirSync(join(folder, 'a-folder'));
  sized('source.img', SOURCE_BYTES, content(SOURCE_BYTES, 1));
  sized('twice.img', SOURCE_BYTES * 2, content(SOURCE_BYTES, 1));
  sized('odd.img', 1000);
  sized('small.img', MIB);
  sized('other-thing.img', 8 * MIB, content(MIB, 9));
  symlinkSync('source.img', join(folder, 'link.img'));
  for (const disk of ['disk.img', 'newer.img', 'damaged.img']) {
    otm(['backup', 'source.img', '--to', disk, '--init', '--size', '8MiB'], { cwd: folder });
  }
  patchHeaders('newer.img', [0, 1], header => header.writeUInt32LE(2, 16));
  patchHeaders('damaged.img', [0, 1], header => header.writeUInt32LE(7, 500));
}, patience.timeout);

afterAll(() => removeFolder(folder));

const cases: readonly (readonly [words: string, code: string, message: RegExp])[] = [
  ['backup source.img', 'missing-argument', /required option `--to <disk>` not specified/],
  ['backup gone.img --to disk.img', 'file-not-found', /there is no `gone\.img`/],
  ['backup source.img --to gone.img', 'file-not-found', /there is no `gone\.img`/],
  ['backup source.img --to /dev/gone --init', 'file-not-found', /there is no `\/dev\/gone`/],
  ['backup a-folder --to disk.img', 'not-a-disk', /`a-folder` is a folder/],
  ['backup odd.img --to x.img --init', 'not-a-disk', /`odd\.img` has 1000 bytes, no whole sectors of 512 bytes/],
  ['backup source.img --to taken.txt/x --init', 'cannot-open', /cannot open `taken\.txt\/x`/],
  ['backup source.img --to source.img --init', 'source-is-target', /named twice/],
  ['backup source.img --to link.img --init', 'source-is-target', /are the same disk/],
  ['backup source.img --to other-thing.img', 'disk-foreign', /carries no catalogue/],
  ['backup twice.img --to disk.img --id source.img', 'source-size-changed', /has 8192 sectors, its image 4096/],
  ['backup twice.img --to disk.img', 'disk-other-source', /is the backup of source\.img, not of twice\.img/],
  [
    'backup source.img --to disk.img --sector-size 4096',
    'sector-size-differs',
    /sectors of 512 bytes, the source of 4096/,
  ],
  ['backup source.img --to newer.img', 'disk-newer-version', /newer version/],
  ['backup source.img --to damaged.img', 'disk-damaged', /both headers/],
  ['backup source.img --to x.img --init --size 2MiB', 'disk-full', /no room behind the image/],
  ['backup source.img --to x.img --init --size 2200KiB', 'disk-full', /bytes for what needs/],
  ['backup source.img --to x.img --size 9MiB', 'option-conflict', /`--size` is for a new disk only/],
  ['backup source.img --to x.img --init --granule 3KiB', 'bad-value', /granules of 3072 bytes/],
  [`backup source.img --to x.img --init --id ${'x'.repeat(129)}`, 'bad-value', /longer than 128 bytes/],
  ['backup source.img --to disk.img --keep 0', 'bad-value', /--keep: expected a whole number from 1 to 255/],
  ['backup source.img --to disk.img --keep-for soon', 'number-bad', /--keep-for/],
  ['backup source.img --to=', 'bad-value', /`--to` has an empty name/],
  ['verify gone.img', 'file-not-found', /./],
  ['verify other-thing.img', 'disk-foreign', /carries no catalogue/],
  ['verify newer.img', 'disk-newer-version', /./],
  ['verify damaged.img', 'disk-damaged', /both headers/],
  ['generations disk.img drop 1', 'bad-value', /`drop` is no action/],
  ['generations disk.img delete', 'missing-argument', /needs the numbers/],
  ['generations disk.img delete 1', 'newest-generation', /generation 1 is the newest/],
  ['generations disk.img delete 7', 'no-generation', /there is no generation 7/],
  ['generations disk.img show 7', 'no-generation', /there is no generation 7/],
  ['generations disk.img show 1 2', 'too-many-arguments', /./],
  ['generations disk.img keep', 'missing-argument', /`keep` needs `--keep`/],
  ['generations disk.img list --keep 3', 'option-conflict', /`list` keeps nothing/],
  ['restore disk.img', 'missing-argument', /where to/],
  ['restore disk.img --to small.img --yes', 'target-too-small', /1048576 bytes, and 2097152 are to be restored/],
  ['restore disk.img --to disk.img --yes', 'source-is-target', /named twice/],
  ['restore disk.img --to twice.img', 'not-confirmed', /`twice\.img` would be replaced/],
  ['restore disk.img --to twice.img --yes --generation 9', 'no-generation', /there is no generation 9/],
  ['restore disk.img --to twice.img --yes --volume D', 'no-volume', /no volume `D`/],
  ['restore disk.img --file A --out o', 'no-volume', /no volume with a FAT file system/],
  ['restore disk.img --file A', 'missing-argument', /go together/],
  ['restore disk.img --file A --out o --to x', 'option-conflict', /./],
];

describe('refusals', patience, () => {
  test.each(cases)('otm %s: %s', (words, code, message) => {
    const [command = '', ...rest] = words.split(' ');
    const before = statSync(join(folder, 'disk.img')).mtimeMs;
    const { status, stdout, stderr } = otm([command, '--json', ...rest], { cwd: folder });
    const [line] = jsonLines(stdout);
    expect(line).toMatchObject({ schema: 'otm/error@1', code, message: expect.stringMatching(message) });
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
    if (!words.includes('generations')) expect(statSync(join(folder, 'disk.img')).mtimeMs).toBe(before);
    expect(() => statSync(join(folder, 'x.img'))).toThrow();
  });

  test('another otm has it open', async () => {
    const { close } = await openPlace(placeOf(join(folder, 'disk.img')), { sectorSize: 512, purpose: 'writes' });
    const { status, stdout } = otm(['backup', 'source.img', '--to', 'disk.img', '--json'], { cwd: folder });
    await close();
    if (process.platform !== 'linux') return;
    expect(jsonLines(stdout)).toMatchObject([{ code: 'device-in-use', message: expect.stringMatching(/another otm/) }]);
    expect(status).toBe(2);
    expect(otm(['backup', 'source.img', '--to', 'disk.img'], { cwd: folder }).status).toBe(0);
  });

  test('a source that is written to while it is read: an error, and the image before it stays', () => {
    const act = `(name, number, fs) => { if (name === 'read' && number === 12) fs.appendFileSync('source.img', ''), fs.utimesSync('source.img', 1, 1); }`;
    const { status, stdout } = otmWith(act, ['backup', 'source.img', '--to', 'disk.img', '--json'], folder);
    expect(jsonLines(stdout)).toMatchObject([{ code: 'source-changed' }]);
    expect(status).toBe(2);
    expect(otm(['verify', 'disk.img'], { cwd: folder }).status).toBe(0);
  });

  test('a device that fails: an error that names it, and the image before it stays', () => {
    writeFileSync(join(folder, 'source.img'), content(SOURCE_BYTES, 2));
    const act = `(name, number) => { if (name === 'datasync' && number > 3) throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'fdatasync' }); }`;
    const { status, stdout } = otmWith(act, ['backup', 'source.img', '--to', 'disk.img', '--json'], folder);
    expect(jsonLines(stdout)).toMatchObject([
      { code: 'disk-io', message: expect.stringMatching(/flush-error on disk\.img/) },
    ]);
    expect(status).toBe(2);
    expect(otm(['verify', 'disk.img'], { cwd: folder }).status).toBe(0);
    writeFileSync(join(folder, 'source.img'), content(SOURCE_BYTES, 1));
  });
});

const canLoop = process.getuid?.() === 0 && requireTool('losetup') && runTool('losetup', ['-f']).status === 0;

/** Block devices: loop devices of the test's own. */
describe.skipIf(!canLoop)('block devices', patience, () => {
  function attached<T>(name: string, sectorSize: number, use: (device: string) => T): T {
    const made = runTool('losetup', ['-f', '--show', '--sector-size', String(sectorSize), join(folder, name)]);
    const device = made.output.trim();
    expect(made.status, device).toBe(0);
    try {
      return use(device);
    } finally {
      runTool('losetup', ['-d', device]);
    }
  }

  test('a backup from one device to another and back; what the system uses is refused', () => {
    sized('loop-source.img', 4 * MIB, content(3 * MIB, 5));
    sized('loop-disk.img', 12 * MIB);
    attached('loop-source.img', 512, source => {
      attached('loop-disk.img', 512, disk => {
        const backup = ['backup', source, '--to', disk, '--id', 'server', '--json'];
        expect(jsonLines(otm([...backup]).stdout)).toMatchObject([{ code: 'disk-foreign' }]);
        expect(otm([...backup, '--init'])).toMatchObject({ status: 0 });
        expect(otm(backup)).toMatchObject({ status: 0 });
        const [line] = jsonLines(
          otm(['restore', disk, '--to', 'loop-disk.img', '--yes', '--json'], { cwd: folder }).stdout,
        );
        expect(line).toMatchObject({
          code: 'source-is-target',
          message: expect.stringMatching(/lie on the same disk/),
        });
        const inUse = otm(['restore', disk, '--to', 'loop-source.img', '--yes', '--json'], { cwd: folder });
        expect(jsonLines(inUse.stdout)).toMatchObject([{ code: 'device-in-use' }]);
        expect(otm(['restore', disk, '--to', source, '--yes', '--verify'])).toMatchObject({ status: 0 });
      });
    });
    const [image, source] = ['loop-disk.img', 'loop-source.img'].map(name => readFileSync(join(folder, name)));
    expect(image!.subarray(0, 4 * MIB).equals(source!)).toBe(true);
  });

  test('sectors of 4096 bytes are found, and are no place for an image of 512', () => {
    sized('large-sectors.img', 8 * MIB);
    attached('large-sectors.img', 4096, device => {
      const { status, stdout } = otm(['restore', 'disk.img', '--to', device, '--yes', '--json'], { cwd: folder });
      expect(jsonLines(stdout)).toMatchObject([{ code: 'sector-size-differs' }]);
      expect(status).toBe(2);
    });
  });
});
