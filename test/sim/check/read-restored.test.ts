/** Damage to a real FAT image, byte by byte, and which check finds it. */
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../sim/apps/ledger.ts';
import { judgeData, unjudgedData } from '../../../sim/check/data-checks.ts';
import type { DataEvidence } from '../../../sim/check/data-evidence.ts';
import { fs } from '../../../sim/check/fs.ts';
import { intact } from '../../../sim/check/intact.ts';
import { mountable } from '../../../sim/check/mountable.ts';
import { prefix } from '../../../sim/check/prefix.ts';
import { readRestored } from '../../../sim/check/read-restored.ts';
import { relational } from '../../../sim/check/relational.ts';
import type { Restore, RestoredVolume } from '../../../sim/evidence.ts';
import { ledger } from '../apps/workloads.ts';
import { CLUSTER, evidenceOfVolumes, Image, VOLUMES } from './images.ts';
import { only } from './restores.ts';

const A = 'C:\\BANK\\ACCOUNTS.DAT';
const ACCOUNTS = 'ACCOUNTSDAT';
const BASE = VOLUMES.C;

function evidence(volume: RestoredVolume, changes: Partial<Restore> = {}, filled = BASE): DataEvidence {
  return evidenceOfVolumes([volume], changes, [filled]);
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

  it('with a chain that is shorter than the size has a file that can not be read back, whatever its bytes are', () => {
    // Without its last cluster the file reads as zeroes there, and with zeroes it once was.
    const image = new Image();
    const chain = image.clusters(ACCOUNTS);
    const whole = readRestored(BASE).files.find(({ path }) => path === A)!;
    expect(whole.damage).toBeNull();
    const { volume } = image.link(chain.at(-2)!, 0xffff).link(chain.at(-1)!, 0);
    const short = readRestored(volume).files.find(({ path }) => path === A)!;
    expect(short.damage).toBe(`its chain ends after ${chain.length - 1} of ${chain.length} clusters`);
    const zeroes = new Image();
    zeroes.write(zeroes.layout.dataStart + (chain.at(-1)! - 2) * CLUSTER, ...new Array<number>(CLUSTER).fill(0));
    const data = evidence(volume, {}, zeroes.volume);
    expect(only(intact(evidence(zeroes.volume, {}, zeroes.volume))).verdict).toBe('held');
    expect(only(intact(data))).toMatchObject({ verdict: 'violated', evidence: { torn: [A], missing: [] } });
    expect(only(intact(data)).story).toEqual([`${A} can't be read back: ${short.damage}.`]);
    expect(only(relational(data)).verdict).toBe('violated');
    expect(only(prefix(data)).verdict).toBe('violated');
    // One byte more than the chain has is too many; as many as it has are not.
    const room = chain.length * CLUSTER;
    const damageAt = (sizeBytes: number) =>
      readRestored(new Image().setSize(ACCOUNTS, sizeBytes).volume).files.find(({ path }) => path === A)!.damage;
    expect(damageAt(room)).toBeNull();
    expect(damageAt(room + 1)).toBe(`its chain ends after ${chain.length} of ${chain.length + 1} clusters`);
  });

  it('with a chain that leads nowhere behind its last cluster has a file that can not be read back', () => {
    const image = new Image();
    const { volume } = image.link(image.clusters(ACCOUNTS).at(-1)!, 5000);
    expect(readRestored(volume).files.find(({ path }) => path === A)!.damage).toBe('cluster 5000 of it is free');
    expect(only(intact(evidence(volume)))).toMatchObject({ verdict: 'violated', evidence: { torn: [A] } });
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
