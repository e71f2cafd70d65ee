/** Damage to a real FAT image, byte by byte, and which check finds it. */
import { describe, expect, it } from 'vitest';
import { runNow } from '../../../engine/task.ts';
import { MIB, SECOND } from '../../../engine/units.ts';
import { BaseContent } from '../../../sim/apps/base-content.ts';
import { Ledger } from '../../../sim/apps/ledger.ts';
import { Truth } from '../../../sim/apps/truth.ts';
import { judgeData, unjudgedData } from '../../../sim/check/data-checks.ts';
import { DataEvidence } from '../../../sim/check/data-evidence.ts';
import { fs } from '../../../sim/check/fs.ts';
import { intact } from '../../../sim/check/intact.ts';
import { mountable } from '../../../sim/check/mountable.ts';
import { prefix } from '../../../sim/check/prefix.ts';
import { readRestored } from '../../../sim/check/read-restored.ts';
import { relational } from '../../../sim/check/relational.ts';
import { Arena } from '../../../sim/disk/arena.ts';
import { ImmediateDevice } from '../../../sim/disk/immediate-device.ts';
import { Sectors } from '../../../sim/disk/sectors.ts';
import type { Restore, RestoredVolume } from '../../../sim/evidence.ts';
import { mkfs } from '../../../sim/fs/fat/mkfs.ts';
import { mountFat } from '../../../sim/fs/fat/mount.ts';
import { readVolume } from '../../../sim/fs/fat/read-only.ts';
import { PageCache } from '../../../sim/fs/page-cache.ts';
import { hash } from '../apps/stage.ts';
import { ledger } from '../apps/workloads.ts';
import { CLOCK_SECONDS, only } from './restores.ts';

const SIZE = 4 * MIB;
const START = MIB;
const A = 'C:\\BANK\\ACCOUNTS.DAT';

/** The ledger on a FAT16 volume of 512-byte clusters, a mebibyte into a drive. */
function filled(): RestoredVolume {
  const sectors = new Sectors(START + SIZE, new Arena());
  const sectorCount = SIZE / 512;
  const { writes } = mkfs({
    kind: 'fat16',
    sectorSize: 512,
    sectorCount,
    clusterBytes: 512,
    hiddenSectors: START / 512,
    serial: 1,
    now: CLOCK_SECONDS,
  });
  for (const { first, bytes } of writes) sectors.write(START + first * 512, bytes);
  const cache = new PageCache({ owner: null, sizeBytes: 4 * MIB, writeBackNs: SECOND, dirtyLimitBytes: 4 * MIB, hash });
  const device = new ImmediateDevice('disk0', sectors, 512);
  const cached = cache.addVolume({ letter: 'C', device, firstSector: START / 512, sectorCount });
  const volume = runNow(mountFat(cached, { now: () => CLOCK_SECONDS, ids: { next: 1 } }));
  runNow(new Ledger(ledger()).fill(() => volume));
  runNow(volume.sync());
  return { letter: 'C', fileSystem: 'fat16', sectorSize: 512, sectors, offsetBytes: START, sizeBytes: SIZE };
}

const BASE = filled();
const CONTENT = new BaseContent(hash, readRestored(BASE).files);

/** Bytes of the image as they are changed by a test; offsets count from the volume's start. */
class Image {
  readonly volume: RestoredVolume = { ...BASE, sectors: BASE.sectors.fork() };
  private readonly layout = readVolume((first, count) => this.bytes(first * 512, count * 512), {
    letter: 'C',
    sectorSize: 512,
    sectorCount: SIZE / 512,
  }).layout!;

  bytes(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.volume.sectors.read(START + offset, bytes);
    return bytes;
  }

  write(offset: number, ...bytes: number[]): this {
    this.volume.sectors.write(START + offset, Uint8Array.from(bytes));
    return this;
  }

  /** Sets the FAT entry of a cluster, in both copies. */
  link(cluster: number, to: number, copies = 2): this {
    const { fatStart, fatBytes } = this.layout;
    for (let copy = 0; copy < copies; copy++)
      this.write(fatStart + copy * fatBytes + cluster * 2, to % 256, Math.floor(to / 256));
    return this;
  }

  /** Where the directory entry of an 8.3 name stands. */
  entry(name: string): number {
    const all = this.bytes(0, SIZE);
    const wanted = [...name].map(letter => letter.charCodeAt(0));
    for (let at = 0; at < SIZE; at += 32) if (wanted.every((byte, place) => all[at + place] === byte)) return at;
    throw new Error(`no entry ${name}`);
  }

  firstCluster(name: string): number {
    const [low, high] = this.bytes(this.entry(name) + 26, 2);
    return low! + high! * 256;
  }
}

function evidence(volume: RestoredVolume, changes: Partial<Restore> = {}): DataEvidence {
  const application = new Ledger(ledger());
  const truth = new Truth({ base: CONTENT, clock: () => 0 });
  const restore: Restore = {
    volumes: [volume],
    consistency: 'quiescent',
    at: 0,
    wallSeconds: CLOCK_SECONDS,
    startedAt: 0,
    endedAt: 0,
    endedWallSeconds: CLOCK_SECONDS,
    files: [],
    settledAt: 0,
    ...changes,
  };
  const workloads = [{ application, truth: truth.workload('bank') }];
  return new DataEvidence({ restore, readings: [readRestored(volume)], truth, workloads, writeBackNs: SECOND });
}

function words(data: DataEvidence): Record<string, string> {
  return Object.fromEntries(judgeData(data).map(({ check, verdict }) => [check, verdict]));
}

describe('a restored volume', () => {
  it('is read back as it was filled', () => {
    const reading = readRestored(BASE);
    expect(reading).toMatchObject({ letter: 'C', mountError: null, directoryCount: 2, problems: [] });
    expect(reading.files.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
      [A, 64_000],
      ['C:\\BANK\\JOURNAL.DAT', 0],
    ]);
    const [accounts] = reading.files;
    const whole = accounts!.bytes();
    const part = new Uint8Array(1000);
    accounts!.read(63_500, part);
    expect(part.subarray(0, 500)).toEqual(whole.subarray(63_500));
    expect(part.subarray(500).every(byte => byte === 0)).toBe(true);
    expect(words(evidence(new Image().volume))).toEqual({
      mountable: 'held',
      fs: 'held',
      intact: 'held',
      relational: 'held',
      prefix: 'not-applicable',
      timestamps: 'held',
    });
  });

  it('that does not mount violates every check about its contents', () => {
    const { volume } = new Image().write(0, ...new Array<number>(512).fill(0));
    const data = evidence(volume);
    expect(only(mountable(data)).summary).toMatch(/^C: does not mount: /);
    expect(words(data)).toMatchObject({
      mountable: 'violated',
      fs: 'violated',
      intact: 'violated',
      relational: 'violated',
      prefix: 'violated',
    });
  });

  it('with a directory that can not be read is not mountable', () => {
    const image = new Image();
    const data = evidence(image.link(image.firstCluster('BANK       '), 0).volume);
    expect(only(mountable(data))).toMatchObject({ verdict: 'violated' });
    expect(only(mountable(data)).summary).toMatch(/^\d director(y|ies) can't be walked: C:\\BANK/);
    expect(only(intact(data)).evidence.missing).toContain(A);
  });

  it('with a chain that breaks off has a fault, and a file that can not be read back', () => {
    const image = new Image();
    const first = image.firstCluster('ACCOUNTSDAT');
    const data = evidence(image.link(first + 3, 0).volume);
    expect(only(fs(data)).evidence.kinds).toEqual(['bad-chain', 'lost-clusters', 'size']);
    expect(only(intact(data))).toMatchObject({ verdict: 'violated', evidence: { torn: [A] } });
    expect(only(relational(data)).summary).toMatch(/^A \(C:\\BANK\\ACCOUNTS\.DAT\) can't be read: /);
    expect(only(prefix(data)).summary).toBe(`1 file can't be read back: ${A}`);
  });

  it('with clusters that two files have, or a size that its chain has not, has a fault', () => {
    const cross = new Image();
    const cluster = cross.firstCluster('ACCOUNTSDAT');
    const linked = cross.write(cross.entry('JOURNAL DAT') + 26, cluster % 256, Math.floor(cluster / 256));
    expect(only(fs(evidence(linked.volume))).evidence.kinds).toContain('cross-link');
    const longer = new Image();
    const data = evidence(longer.write(longer.entry('ACCOUNTSDAT') + 30, 1).volume);
    expect(only(fs(data)).evidence.kinds).toEqual(['size']);
    expect(only(intact(data)).verdict).toBe('violated');
  });

  it('with lost clusters or a second FAT that is behind has a fault when all its pages should have been written', () => {
    for (const copies of [1, 2]) {
      const { volume } = new Image().link(5000, 0xffff, copies);
      const kind = copies === 1 ? 'fat-copies' : 'lost-clusters';
      expect(only(fs(evidence(volume)))).toMatchObject({ verdict: 'violated' });
      expect(only(fs(evidence(volume))).evidence.kinds).toContain(kind);
      for (const changes of [
        { consistency: 'crash-consistent' },
        { consistency: null },
        { settledAt: null },
      ] as const) {
        const verdict = only(fs(evidence(volume, changes)));
        expect(verdict.verdict).toBe('held');
        expect(verdict.summary).toMatch(/lost clusters and the like do not count/);
      }
    }
  });

  it('without a file system is neither mounted nor judged', () => {
    const raw: RestoredVolume = { ...BASE, fileSystem: 'raw' };
    expect(only(mountable(evidence(raw))).verdict).toBe('not-applicable');
    expect(only(fs(evidence(raw))).verdict).toBe('not-applicable');
  });
});

describe('a backup that did not complete', () => {
  it('has no data check that applies', () => {
    const verdicts = unjudgedData([new Ledger(ledger())], ['C'], 'no restore: the backup was lost');
    expect(verdicts.map(({ check, workload }) => [check, workload])).toEqual([
      ['mountable', null],
      ['fs', null],
      ['intact', null],
      ['relational', 'bank'],
      ['prefix', 'bank'],
      ['timestamps', null],
    ]);
    expect(verdicts.every(({ verdict, looked }) => verdict === 'not-applicable' && looked === 0)).toBe(true);
    expect(unjudgedData([new Ledger(ledger())], ['D'], '').length).toBe(4);
  });
});
