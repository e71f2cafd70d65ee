/** The commands on real disks, end to end: drives that other tools made, and that they judge afterwards. */
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MIB } from '../../engine/units.ts';
import { inFolder } from '../host/temporary-folder.ts';
import { runTool } from '../real-tools.ts';
import { DRIVE_BYTES, Drive, hasTools, imageOn, tool } from './disk-fixture.ts';
import { jsonLines, otm } from './otm.ts';

const json = (cwd: string, ...args: string[]) => {
  const { status, stdout } = otm([...args, '--json'], { cwd });
  return { status, line: jsonLines(stdout)[0]! };
};

/** Time is told, not waited for: every test is a few commands. */
const patience = { timeout: 120_000 };

describe.skipIf(!hasTools)('a backup disk in an image file', patience, () => {
  test.each([
    ['gpt', 512],
    ['mbr', 512],
    ['none', 512],
    ['gpt', 4096],
  ] as const)('full, increment, generations, restore: %s, sectors of %i bytes', (table, sectorSize) =>
    inFolder({}, cwd => {
      const drive = new Drive(cwd, table, sectorSize);
      const first = drive.image();
      const full = json(cwd, 'backup', 'server.img', '--to', 'disk.img', '--init');
      expect(full).toMatchObject({
        status: 0,
        line: { schema: 'otm/backup@1', kind: 'full', generation: 1, sectorSize },
      });
      expect(imageOn(join(cwd, 'disk.img')).equals(first)).toBe(true);
      expect(statSync(join(cwd, 'disk.img')).blocks * 512).toBeLessThan(8 * MIB);

      const added = drive.add('DATA/New.bin', 100_000);
      const increment = json(cwd, 'backup', 'server.img', '--to', 'disk.img', '--verify');
      expect(increment.status).toBe(0);
      expect(increment.line).toMatchObject({ kind: 'increment', generation: 2, changedFrom: 'checksums', damaged: [] });
      expect(increment.line.granulesChanged).toBeLessThan(12);
      expect(imageOn(join(cwd, 'disk.img')).equals(drive.image())).toBe(true);

      expect(json(cwd, 'verify', 'disk.img')).toMatchObject({ status: 0, line: { damages: 0, generations: [1, 2] } });
      const shown = json(cwd, 'generations', 'disk.img', 'show', '1');
      expect(shown.line.shown).toMatchObject({ generation: 1, table });
      const volumes = (shown.line.shown as { volumes: { letter: string | null; name: string }[] }).volumes;
      expect(volumes[0]).toMatchObject({ number: 1, letter: 'C', name: 'SYS' });

      for (const [generation, expected] of [['1', first] as const, ['2', drive.image()] as const]) {
        const restored = json(
          cwd,
          'restore',
          'disk.img',
          '--generation',
          generation,
          '--to',
          'out.img',
          '--yes',
          '--verify',
        );
        expect(restored).toMatchObject({ status: 0, line: { schema: 'otm/restore@1', differingSectors: 0 } });
        expect(readFileSync(join(cwd, 'out.img')).equals(expected)).toBe(true);
      }
      expect(json(cwd, 'restore', 'disk.img', '--volume', 'C', '--to', 'c.img', '--yes').status).toBe(0);
      expect(runTool('fsck.fat', ['-n', join(cwd, 'c.img')])).toMatchObject({ status: 0 });

      const files = otm(['restore', 'disk.img', '--file', 'c:\\data', '--file', '/boot.ini', '--out', 'found'], {
        cwd,
      });
      expect(files).toMatchObject({ status: 0 });
      expect(readFileSync(join(cwd, 'found', 'DATA', 'New.bin')).equals(added)).toBe(true);
      expect(readFileSync(join(cwd, 'found', 'DATA', 'Books of 1999.dat'))).toHaveLength(300_000);
      expect(readFileSync(join(cwd, 'found', 'BOOT.INI'))).toHaveLength(20);
    }),
  );

  test('single files: none is overwritten, one that is not there is told, a folder is all that is in it', () =>
    inFolder({}, cwd => {
      const drive = new Drive(cwd, 'gpt');
      otm(['backup', 'server.img', '--to', 'disk.img', '--init'], { cwd });
      drive.add('BOOT.INI', 500);
      otm(['backup', 'server.img', '--to', 'disk.img'], { cwd });
      const files = ['restore', 'disk.img', '--out', 'found', '--generation', '1', '--file'];
      const gone = json(cwd, ...files, 'DATA/gone.dat');
      expect(gone).toMatchObject({
        status: 2,
        line: { code: 'not-in-image', message: expect.stringMatching(/no `gone\.dat`/) },
      });
      expect(json(cwd, ...files, 'BOOT.INI/x').line).toMatchObject({ code: 'not-in-image' });
      const all = json(cwd, ...files, 'C:');
      const paths = (all.line.files as { path: string }[]).map(({ path }) => path);
      expect(paths.sort()).toEqual(['BOOT.INI', 'DATA/Books of 1999.dat']);
      expect(readFileSync(join(cwd, 'found', 'BOOT.INI'))).toHaveLength(20);
      expect(json(cwd, ...files, 'BOOT.INI')).toMatchObject({ status: 2, line: { code: 'file-exists' } });
    }));

  test('only what is used: files come back, free clusters are zeroes, an increment copies what is used now', () =>
    inFolder({}, cwd => {
      const drive = new Drive(cwd, 'gpt');
      // Bytes that no file uses, far behind the files.
      drive.put(12 * MIB, Buffer.alloc(MIB, 0xab));
      const full = json(cwd, 'backup', 'server.img', '--to', 'disk.img', '--init', '--used-only');
      expect(full.line).toMatchObject({ kind: 'full', fatVolumes: 1 });
      expect(full.line.granulesSkipped).toBeGreaterThan(200);
      expect(
        imageOn(join(cwd, 'disk.img'))
          .subarray(12 * MIB, 13 * MIB)
          .equals(Buffer.alloc(MIB)),
      ).toBe(true);
      const added = drive.add('LARGE.DAT', 2 * MIB);
      expect(json(cwd, 'backup', 'server.img', '--to', 'disk.img', '--used-only').status).toBe(0);
      expect(json(cwd, 'restore', 'disk.img', '--to', 'out.img', '--yes').status).toBe(0);
      tool('fsck.fat', '-n', ...volumeOf(cwd, 'out.img'));
      tool('mcopy', '-i', `${join(cwd, 'out.img')}@@1M`, '::/LARGE.DAT', join(cwd, 'large'));
      expect(readFileSync(join(cwd, 'large')).equals(added)).toBe(true);
    }));

  test('to a larger drive: the second header of the GPT moves, and sgdisk agrees', () =>
    inFolder({}, cwd => {
      const drive = new Drive(cwd, 'gpt');
      otm(['backup', 'server.img', '--to', 'disk.img', '--init'], { cwd });
      writeFileSync(join(cwd, 'larger.img'), Buffer.alloc(DRIVE_BYTES + 5 * MIB + 512, 0x55));
      const restored = json(cwd, 'restore', 'disk.img', '--to', 'larger.img', '--yes', '--verify');
      expect(restored.line).toMatchObject({ secondGptMoved: true, differingSectors: 0 });
      expect(tool('sgdisk', '-v', join(cwd, 'larger.img'))).toContain('No problems found');
      expect(tool('sgdisk', '-p', join(cwd, 'larger.img'))).toMatch(/2\s+34816\s+49118/);
      const lastUsable = (DRIVE_BYTES + 5 * MIB) / 512 + 1 - 34;
      expect(tool('sgdisk', '-p', join(cwd, 'larger.img'))).toContain(`last usable sector is ${lastUsable}`);
      const larger = readFileSync(join(cwd, 'larger.img'));
      expect(larger.subarray(MIB, 17 * MIB).equals(drive.image().subarray(MIB, 17 * MIB))).toBe(true);
    }));

  test('generations go by hand, by number and by age', () =>
    inFolder({}, cwd => {
      const drive = new Drive(cwd, 'none');
      otm(['backup', 'server.img', '--to', 'disk.img', '--init'], { cwd });
      for (let number = 0; number < 4; number++) {
        drive.add(`FILE${number}`, 1000);
        otm(['backup', 'server.img', '--to', 'disk.img'], { cwd });
      }
      const listed = (...args: string[]) => {
        const { line } = json(cwd, 'generations', 'disk.img', ...args);
        return (line.generations as { generation: number }[]).map(({ generation }) => generation);
      };
      expect(listed()).toEqual([1, 2, 3, 4, 5]);
      expect(listed('delete', '3', '1')).toEqual([2, 4, 5]);
      expect(listed('keep', '--keep-for', '1d')).toEqual([2, 4, 5]);
      expect(listed('keep', '--keep', '2')).toEqual([4, 5]);
      expect(listed('keep', '--keep-for', '0s')).toEqual([5]);
      drive.add('LAST', 1000);
      const { line } = json(cwd, 'backup', 'server.img', '--to', 'disk.img', '--keep', '1');
      expect(line.dropped).toEqual([{ generation: 5, because: 'retention' }]);
    }));

  test('the catalogue in a file of its own: the disk is the image and nothing else', () =>
    inFolder({}, cwd => {
      const drive = new Drive(cwd, 'mbr');
      const disk = ['--to', 'disk.img', '--catalogue', 'catalogue.otm'];
      otm(['backup', 'server.img', ...disk, '--init'], { cwd });
      drive.add('MORE.DAT', 5000);
      expect(otm(['backup', 'server.img', ...disk], { cwd }).status).toBe(0);
      expect(readFileSync(join(cwd, 'disk.img')).equals(drive.image())).toBe(true);
      expect(otm(['verify', 'disk.img', '--catalogue', 'catalogue.otm'], { cwd }).status).toBe(0);
    }));

  test('damage is found: verify ends with 1, a written disk is told of, the next backup puts it right', () =>
    inFolder({}, cwd => {
      const drive = new Drive(cwd, 'gpt');
      otm(['backup', 'server.img', '--to', 'disk.img', '--init'], { cwd });
      tool('mcopy', '-i', `${join(cwd, 'disk.img')}@@1M`, join(cwd, 'new-file'), '::/BOOTED');
      const verified = otm(['verify', 'disk.img'], { cwd });
      expect(verified.status).toBe(1);
      expect(verified.stdout).toMatch(/NOT whole\n(.*\n)*.*damaged: image granule 16 of generation 1/);
      const { line } = json(cwd, 'backup', 'server.img', '--to', 'disk.img');
      expect(line).toMatchObject({ changedFrom: 'bytes', because: 'the image was changed since the last backup' });
      expect(line.foreignGranules).toBeGreaterThan(0);
      expect(imageOn(join(cwd, 'disk.img')).equals(drive.image())).toBe(true);
      // What was overwritten of generation 1 was its last copy.
      const after = json(cwd, 'verify', 'disk.img');
      const damaged = after.line.damaged as { what: string; generation: number }[];
      expect(new Set(damaged.map(({ what, generation }) => `${what} ${generation}`))).toEqual(new Set(['saved 1']));
      otm(['generations', 'disk.img', 'delete', '1'], { cwd });
      expect(json(cwd, 'verify', 'disk.img')).toMatchObject({ status: 0, line: { damages: 0, generations: [2] } });
    }));

  test('a change that is too large for the journal: refused, and done in place when that is allowed', () =>
    inFolder({}, cwd => {
      const drive = new Drive(cwd, 'gpt');
      otm(['backup', 'server.img', '--to', 'disk.img', '--init', '--size', '26MiB'], { cwd });
      drive.add('LARGE.DAT', 8 * MIB);
      const before = imageOn(join(cwd, 'disk.img'));
      const refused = json(cwd, 'backup', 'server.img', '--to', 'disk.img');
      expect(refused).toMatchObject({ status: 2, line: { code: 'disk-full' } });
      expect(imageOn(join(cwd, 'disk.img')).equals(before)).toBe(true);
      const { line } = json(cwd, 'backup', 'server.img', '--to', 'disk.img', '--in-place');
      expect(line).toMatchObject({ kind: 'in-place', dropped: [{ generation: 1, because: 'room' }] });
      expect(imageOn(join(cwd, 'disk.img')).equals(drive.image())).toBe(true);
    }));

  test('what a restore would replace is shown, and nothing is written without a yes', () =>
    inFolder({}, cwd => {
      const drive = new Drive(cwd, 'gpt');
      otm(['backup', 'server.img', '--to', 'disk.img', '--init'], { cwd });
      drive.add('LATER', 100);
      const later = drive.image();
      const asked = otm(['restore', 'disk.img', '--to', 'server.img'], { cwd });
      expect(asked.status).toBe(2);
      expect(asked.stderr).toMatch(
        /to {6}server\.img, 24 MiB\n {2}there {3}a GPT with 2 volumes \(C: FAT1\d "SYS", 2\): it is lost/,
      );
      expect(drive.image().equals(later)).toBe(true);
      const { line } = json(cwd, 'restore', 'disk.img', '--to', 'server.img', '--yes');
      expect(line.bytesWritten).toBeLessThan(MIB);
      expect(imageOn(join(cwd, 'disk.img')).equals(drive.image())).toBe(true);
      truncateSync(join(cwd, 'server.img'), DRIVE_BYTES);
      expect(
        json(cwd, 'restore', 'disk.img', '--to', 'server.img', '--yes', '--all').line.bytesWritten,
      ).toBeGreaterThanOrEqual(DRIVE_BYTES);
    }));
});

function volumeOf(cwd: string, image: string): string[] {
  const path = join(cwd, 'judged.img');
  writeFileSync(path, readFileSync(join(cwd, image)).subarray(MIB, 17 * MIB));
  return [path];
}
