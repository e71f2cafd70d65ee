/** Images that we make hold before dosfstools and mtools; those that these make are read here. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runNow } from '../../../engine/task.ts';
import { KIB, MIB } from '../../../engine/units.ts';
import { readVolume } from '../../../sim/fs/fat/read-only.ts';
import { requireTool, runTool } from '../../real-tools.ts';
import { differences, makeTree, pattern, readTree, SAMPLE, type Tree } from './trees.ts';
import { makeImage, mountNow, SMALL } from './volumes.ts';

const hasTools = ['fsck.fat', 'mkfs.fat', 'mcopy', 'mdir', 'mattrib'].every(requireTool);
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fat-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function save(name: string, image: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, image);
  return path;
}

function fsck(image: Uint8Array): string {
  const { status, output } = runTool('fsck.fat', ['-n', '-v', save('checked.img', image)]);
  return status === 0 ? 'clean' : output;
}

/** Every change that a volume can have, so that the tools see more than fresh files. */
function work(image: Uint8Array, sectorSize: 512 | 4096): Tree {
  const { volume } = mountNow(image, sectorSize);
  makeTree(volume, SAMPLE);
  const tree: Tree = new Map(SAMPLE);
  for (let number = 0; number < 40; number++) {
    const path = `Folder\\Message number ${number}.eml`;
    makeTree(volume, new Map([[path, pattern(300 + number * 97, number)]]));
    if (number % 3 !== 0) runNow(volume.remove(`C:\\${path}`));
    else tree.set(path, pattern(300 + number * 97, number));
  }
  runNow(volume.rename('C:\\ONE.DAT', 'C:\\Folder\\DEEPER\\moved and renamed'));
  tree.set('Folder\\DEEPER\\moved and renamed', SAMPLE.get('ONE.DAT')!);
  tree.delete('ONE.DAT');
  runNow(volume.makeDirectory('C:\\Other'));
  runNow(volume.rename('C:\\Folder\\DEEPER', 'C:\\Other\\Place'));
  for (const [path, bytes] of [...tree]) {
    if (!path.startsWith('Folder\\DEEPER')) continue;
    tree.delete(path);
    tree.set(path.replace('Folder\\DEEPER', 'Other\\Place'), bytes);
  }
  tree.set('Other', null);
  const file = runNow(volume.open('C:\\two.dots.tar.gz'));
  runNow(file.truncate(20_000));
  runNow(file.write(30_000, pattern(5000, 9)));
  const bytes = new Uint8Array(35_000);
  bytes.set(SAMPLE.get('two.dots.tar.gz')!.subarray(0, 20_000));
  bytes.set(pattern(5000, 9), 30_000);
  tree.set('two.dots.tar.gz', bytes);
  runNow(volume.sync());
  return tree;
}

/** Copies everything out with mtools, name by name. */
function readWithMtools(path: string, tree: Tree): Tree {
  const out = mkdtempSync(join(folder, 'out-'));
  const found: Tree = new Map();
  const listed = runTool('mdir', ['-i', path, '-/', '-b', '::']);
  expect(listed.status).toBe(0);
  for (const line of listed.output.split('\n').filter(text => text.startsWith('::/'))) {
    const name = line.slice(3).replace(/\/$/, '').replaceAll('/', '\\');
    found.set(name, null);
  }
  for (const [name, bytes] of tree) {
    if (bytes === null || !found.has(name)) continue;
    const target = join(out, 'file');
    const { status, output } = runTool('mcopy', ['-n', '-i', path, `::/${name.replaceAll('\\', '/')}`, target]);
    expect(status, output).toBe(0);
    found.set(name, new Uint8Array(readFileSync(target)));
  }
  return found;
}

describe.skipIf(!hasTools)('images that we make', () => {
  test.each(SMALL)(
    '$kind of $sizeBytes bytes, sectors of $sectorSize: fsck.fat finds nothing, mtools reads all',
    making => {
      const image = makeImage({ ...making, label: 'OTM DISK' });
      expect(fsck(image)).toBe('clean');
      const tree = work(image, making.sectorSize);
      expect(fsck(image)).toBe('clean');
      expect(differences(tree, readTree(mountNow(image, making.sectorSize).volume))).toEqual([]);
      expect(differences(tree, readWithMtools(save('read.img', image), tree))).toEqual([]);
    },
  );

  test('fsck.fat agrees that an image is damaged', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
    work(image, 512);
    image[4096 + 40] = 0x77;
    expect(fsck(image)).not.toBe('clean');
  });

  test('mtools shows the stamps that we gave', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
    const clock = { seconds: Date.UTC(1999, 11, 31, 23, 59, 59) / 1000 };
    const { volume } = mountNow(image, 512, {}, clock);
    makeTree(volume, new Map([['A.TXT', pattern(5, 1)]]));
    runNow(volume.sync());
    expect(runTool('mdir', ['-i', save('stamp.img', image), '::']).output).toMatch(/A +TXT +5 1999-12-31 +23:59/);
  });
});

describe.skipIf(!hasTools)('images that mkfs.fat makes and mcopy fills', () => {
  const makings: { args: string[]; sectorSize: 512 | 4096; sizeBytes: number }[] = [
    { args: ['-F', '12'], sectorSize: 512, sizeBytes: 1440 * KIB },
    { args: ['-F', '12', '-a', '-R', '3'], sectorSize: 512, sizeBytes: 3 * MIB },
    { args: ['-F', '16'], sectorSize: 512, sizeBytes: 16 * MIB },
    { args: ['-F', '16', '-a', '-s', '8', '-R', '5', '-r', '112'], sectorSize: 512, sizeBytes: 24 * MIB },
    { args: ['-F', '32', '-a', '-s', '1'], sectorSize: 512, sizeBytes: 40 * MIB },
    { args: ['-F', '16', '-S', '4096', '-s', '1'], sectorSize: 4096, sizeBytes: 40 * MIB },
  ];
  test.each(makings)('$args of $sizeBytes bytes are read, changed, and hold', ({ args, sectorSize, sizeBytes }) => {
    const path = save('made.img', new Uint8Array(sizeBytes));
    const made = runTool('mkfs.fat', [...args, path]);
    expect(made.status, made.output).toBe(0);
    const source = mkdtempSync(join(folder, 'in-'));
    const names: string[] = [];
    for (const [name, bytes] of SAMPLE) {
      const local = join(source, name.replaceAll('\\', '/'));
      if (bytes === null) mkdirSync(local);
      else writeFileSync(local, bytes);
      if (!name.includes('\\')) names.push(local);
    }
    const copied = runTool('mcopy', ['-s', '-i', path, ...names, '::']);
    expect(copied.status, copied.output).toBe(0);
    const image = new Uint8Array(readFileSync(path));
    const { volume } = mountNow(image, sectorSize);
    expect(differences(SAMPLE, readTree(volume))).toEqual([]);
    const sector = (first: number, count: number) => image.slice(first * sectorSize, (first + count) * sectorSize);
    const seen = readVolume(sector, { letter: 'C', sectorSize, sectorCount: sizeBytes / sectorSize });
    expect(seen.problems).toEqual([]);
    const tree: Tree = new Map(seen.files.map(f => [f.path, f.isDirectory ? null : f.bytes()]));
    const upper: Tree = new Map([...SAMPLE].map(([name, bytes]) => [`C:\\${name.toUpperCase()}`, bytes]));
    upper.delete('C:\\GRÜSSE AUS KÖLN.TXT');
    upper.set('C:\\GRÜßE AUS KÖLN.TXT', SAMPLE.get('Grüße aus Köln.txt')!);
    expect(differences(upper, tree)).toEqual([]);
    makeTree(volume, new Map([['Folder\\one more, by us', pattern(50_000, 10)]]));
    runNow(volume.remove('C:\\two.dots.tar.gz'));
    runNow(volume.sync());
    expect(fsck(image)).toBe('clean');
  });
});
