/** A backup that is killed or interrupted at any write: the disk is whole, and the next backup goes on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { MIB } from '../../engine/units.ts';
import { inFolder } from '../host/temporary-folder.ts';
import { content, imageOn, otmWith } from './disk-fixture.ts';
import { jsonLines, otm } from './otm.ts';

const patience = { timeout: 240_000 };
const SOURCE_BYTES = 3 * MIB;
const older = content(SOURCE_BYTES, 1);
const newer = Buffer.concat([content(MIB, 2), older.subarray(MIB, 2 * MIB), Buffer.alloc(MIB)]);
const backup = ['backup', 'source.img', '--to', 'disk.img'];

const killAt = (number: number) =>
  `(name, at) => { if (name !== 'read' && at === ${number}) process.kill(process.pid, 'SIGKILL'); }`;

/** How many writes and flushes a backup makes. */
function callsOf(args: readonly string[], cwd: string): number {
  const { status } = otmWith('() => {}', args, cwd, { OTM_CALLS: join(cwd, 'calls') });
  expect(status).toBe(0);
  return Number(readFileSync(join(cwd, 'calls'), 'utf8'));
}

function spread(most: number, points: number): number[] {
  return Array.from({ length: points }, (_, at) => 1 + Math.floor((at * (most - 1)) / (points - 1)));
}

beforeAll(() => {
  otm(['version']);
}, patience.timeout);

describe('killed', patience, () => {
  test('an increment: the image before it, or the new one, from the disk alone; then it goes on', () =>
    inFolder({}, cwd => {
      const disk = join(cwd, 'disk.img');
      writeFileSync(join(cwd, 'source.img'), older);
      otm([...backup, '--init', '--size', '12MiB'], { cwd });
      const first = readFileSync(disk);
      writeFileSync(join(cwd, 'source.img'), newer);
      const calls = callsOf(backup, cwd);
      expect(calls).toBeGreaterThan(20);
      const met = new Set<string>();
      for (const point of spread(calls, 8)) {
        writeFileSync(disk, first);
        expect(otmWith(killAt(point), backup, cwd).status, `killed at ${point}`).toBeNull();
        const [verified] = jsonLines(otm(['verify', 'disk.img', '--json'], { cwd }).stdout);
        expect(verified, `killed at ${point}`).toMatchObject({ schema: 'otm/verify@1', damages: 0 });
        const held = imageOn(disk, SOURCE_BYTES);
        const isNew = (verified!.generations as number[]).includes(2);
        expect(held.equals(isNew ? newer : older), `killed at ${point}`).toBe(true);
        met.add(`${isNew} ${String(verified!.recovery)}`);
        expect(otm(backup, { cwd }).status).toBe(0);
        expect(imageOn(disk, SOURCE_BYTES).equals(newer)).toBe(true);
      }
      expect([...met]).toEqual(expect.arrayContaining(['false none', 'true finished']));
    }));

  test('a first backup: no image until it is whole; the next one begins anew', () =>
    inFolder({}, cwd => {
      const disk = join(cwd, 'disk.img');
      writeFileSync(join(cwd, 'source.img'), older);
      writeFileSync(disk, Buffer.alloc(12 * MIB));
      const calls = callsOf([...backup, '--init'], cwd);
      for (const point of spread(calls - 6, 3).slice(1)) {
        writeFileSync(disk, Buffer.alloc(12 * MIB));
        expect(otmWith(killAt(point), [...backup, '--init'], cwd).status).toBeNull();
        const restored = otm(['restore', 'disk.img', '--to', 'out.img', '--yes', '--json'], { cwd });
        expect(jsonLines(restored.stdout)).toMatchObject([{ code: 'no-image' }]);
        expect(otm(backup, { cwd }).status).toBe(0);
        expect(imageOn(disk, SOURCE_BYTES).equals(older)).toBe(true);
      }
    }));

  test('a restore: the target says so until it was run again', () =>
    inFolder({}, cwd => {
      writeFileSync(join(cwd, 'source.img'), older);
      otm([...backup, '--init'], { cwd });
      const restore = ['restore', 'disk.img', '--to', 'out.img', '--yes'];
      writeFileSync(join(cwd, 'out.img'), newer);
      const calls = callsOf(restore, cwd);
      for (const point of [3, calls - 2]) {
        writeFileSync(join(cwd, 'out.img'), newer);
        expect(otmWith(killAt(point), restore, cwd).status).toBeNull();
        expect(readFileSync(join(cwd, 'out.img')).subarray(0, 22).toString()).toBe('OTM RESTORE INCOMPLETE');
        const again = otm(restore, { cwd });
        expect(again.stderr).toContain('there   a restore of generation 1 of source.img that was cut off: it is lost');
        expect(again.status).toBe(0);
        expect(readFileSync(join(cwd, 'out.img')).equals(older)).toBe(true);
      }
    }));
});

describe.skipIf(process.platform === 'win32')('interrupted', patience, () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: ended in good order, exit code %i, and the disk is whole', (signal, code) =>
    inFolder({}, cwd => {
      writeFileSync(join(cwd, 'source.img'), older);
      otm([...backup, '--init'], { cwd });
      writeFileSync(join(cwd, 'source.img'), newer);
      const act = `(name, at) => { if (name === 'write' && at === 3) process.kill(process.pid, '${signal}'); }`;
      const { status, stdout } = otmWith(act, [...backup, '--json'], cwd);
      expect(jsonLines(stdout)).toMatchObject([{ schema: 'otm/error@1', code: 'interrupted' }]);
      expect(status).toBe(code);
      expect(otm(['verify', 'disk.img'], { cwd }).status).toBe(0);
      expect(imageOn(join(cwd, 'disk.img'), SOURCE_BYTES).equals(older)).toBe(true);
      expect(otm(backup, { cwd }).status).toBe(0);
      expect(imageOn(join(cwd, 'disk.img'), SOURCE_BYTES).equals(newer)).toBe(true);
    }),
  );
});
