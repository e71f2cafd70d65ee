/** What is wrong with a file system, one finding at a time: each damage leaves exactly this one behind. */
import { describe, expect, it } from 'vitest';
import { judgeData } from '../../../sim/check/data-checks.ts';
import { fs } from '../../../sim/check/fs.ts';
import { mountable } from '../../../sim/check/mountable.ts';
import type { Restore, RestoredVolume } from '../../../sim/evidence.ts';
import { evidenceOfVolumes, Image, VOLUMES } from './images.ts';
import { only } from './restores.ts';

const ACCOUNTS = 'ACCOUNTSDAT';
const BANK = 'BANK       ';
const FIRST = 'D00001  DAT';
const SECOND_FILE = 'D00002  DAT';
const FREE_CLUSTER = 5000;
/** Of FAT32's sector of counts. */
const INFO_FREE_COUNT = 488;
/** The first byte of a directory entry that is no more. */
const DELETED = 0xe5;
/** Where in an entry its attributes stand, and the one of a directory. */
const ATTRIBUTES = 11;
const DIRECTORY = 0x10;

/** Damage that counts whatever the picture was; lost clusters beside it do not, where pages may be unwritten. */
const ALWAYS: readonly [string, string, () => Image][] = [
  ['size', 'a chain that is shorter than the size', () => damaged(image => image.setSize(ACCOUNTS, 65_000))],
  ['size', 'a chain that is longer than the size', () => damaged(image => image.setSize(ACCOUNTS, 1000))],
  [
    'size',
    'a chain that ends too early',
    () =>
      damaged(image => image.link(image.clusters(ACCOUNTS).at(-2)!, 0xffff).link(image.clusters(ACCOUNTS).at(-1)!, 0)),
  ],
  ['bad-chain', 'a chain that leads on to a free cluster', () => lastLeadsTo(FREE_CLUSTER)],
  ['bad-chain', 'a chain that leads on to a bad cluster', () => lastLeadsTo(0xfff7)],
  ['bad-chain', 'a chain that leads out of the volume', () => lastLeadsTo(0xfff0)],
  [
    'cross-link',
    'two files with the same clusters',
    () => damaged(image => image.setFirstCluster(SECOND_FILE, image.firstCluster(FIRST)), VOLUMES.D),
  ],
  ['directory', 'a directory without clusters', () => damaged(image => image.setFirstCluster(BANK, 0))],
  [
    'directory',
    'a directory whose entry for itself is of another one',
    () => damaged(image => image.setFirstCluster('.          ', FREE_CLUSTER)),
  ],
  [
    'directory',
    'a directory that does not begin with itself',
    () => damaged(image => image.write(image.entry('.          '), DELETED)),
  ],
  [
    'directory',
    'a directory that does not tell which one it is in',
    () => damaged(image => image.write(image.entry('..         '), DELETED)),
  ],
  [
    'parent',
    'a directory that says it is in another one',
    () => damaged(image => image.setFirstCluster('..         ', FREE_CLUSTER)),
  ],
  [
    'directory',
    'a name that is there twice',
    () => damaged(image => image.write(image.entry(SECOND_FILE), ...Buffer.from(FIRST)), VOLUMES.D),
  ],
];

/** What is normal while pages are not yet written. */
const WHEN_SETTLED: readonly [string, string, () => Image][] = [
  ['lost-clusters', 'a cluster in use that nobody has', () => damaged(image => image.link(FREE_CLUSTER, 0xffff))],
  [
    'fat-copies',
    'a second FAT that is not as the first',
    () => damaged(image => image.link(FREE_CLUSTER, 0xffff, [1])),
  ],
  [
    'free-count',
    'a stale count of free clusters',
    () => damaged(image => image.write(image.layout.infoStart! + INFO_FREE_COUNT, 1, 0, 0, 0), VOLUMES.large),
  ],
];

const UNSETTLED: readonly Partial<Restore>[] = [
  { consistency: 'crash-consistent' },
  { consistency: null, at: null, wallSeconds: null },
  { settledAt: null },
];

function damaged(damage: (image: Image) => Image, from?: RestoredVolume): Image {
  return damage(new Image(from));
}

function lastLeadsTo(cluster: number): Image {
  return damaged(image => image.link(image.clusters(ACCOUNTS).at(-1)!, cluster));
}

function judge(volumes: readonly RestoredVolume[], changes: Partial<Restore> = {}) {
  return only(fs(evidenceOfVolumes(volumes, changes)));
}

describe('fs', () => {
  it('holds for volumes as they were filled', () => {
    for (const volume of [VOLUMES.C, VOLUMES.D, VOLUMES.large]) {
      expect(judge([volume])).toMatchObject({ check: 'fs', workload: null, verdict: 'held', evidence: {} });
    }
  });

  it.each(ALWAYS)('is violated by %s: %s', (kind, _what, make) => {
    const { volume } = make();
    for (const changes of UNSETTLED) {
      expect(judge([volume], changes)).toMatchObject({ verdict: 'violated', evidence: { kinds: [kind] } });
    }
    expect(judge([volume]).evidence.kinds).toContain(kind);
  });

  it.each(WHEN_SETTLED)('is violated by %s: %s, only when all pages were written', (kind, _what, make) => {
    const { volume } = make();
    expect(judge([volume])).toMatchObject({ verdict: 'violated', evidence: { kinds: [kind] } });
    for (const changes of UNSETTLED) expect(judge([volume], changes).verdict).toBe('held');
  });

  it('is violated once by a volume that does not mount, which it names', () => {
    const { verdict, summary, evidence } = judge([VOLUMES.C, boot.volume]);
    expect({ verdict, kinds: evidence.kinds }).toEqual({ verdict: 'violated', kinds: ['boot'] });
    expect(summary).toMatch(/^1 fault of the file system: D: does not mount: its boot sector /);
  });

  it('judges every volume of a restore, not the first alone', () => {
    const image = damaged(each => each.setFirstCluster(SECOND_FILE, each.firstCluster(FIRST)), VOLUMES.D);
    expect(judge([VOLUMES.C, VOLUMES.D])).toMatchObject({ verdict: 'held' });
    expect(judge([VOLUMES.C, VOLUMES.D]).looked).toBe(judge([VOLUMES.C]).looked + judge([VOLUMES.D]).looked);
    for (const volumes of [
      [VOLUMES.C, image.volume],
      [image.volume, VOLUMES.C],
    ]) {
      const verdict = judge(volumes, { consistency: null });
      expect(verdict).toMatchObject({ verdict: 'violated', evidence: { kinds: ['cross-link'] } });
      expect(verdict.summary).toContain('D:\\OLD\\D00002.DAT');
    }
  });
});

/** A volume without the signature of a boot sector. */
const boot = damaged(image => image.write(510, 0, 0), VOLUMES.D);

describe('mountable', () => {
  const directory = damaged(image => image.setFirstCluster('OLD        ', 0), VOLUMES.D);

  it('judges every volume of a restore, not the first alone', () => {
    const words = (...volumes: RestoredVolume[]) => {
      const verdicts = judgeData(evidenceOfVolumes(volumes));
      return Object.fromEntries(verdicts.map(({ check, verdict }) => [check, verdict]));
    };
    expect(words(VOLUMES.C, VOLUMES.D)).toMatchObject({ mountable: 'held', fs: 'held', intact: 'held' });
    for (const bad of [boot.volume, directory.volume]) {
      expect(words(VOLUMES.C, bad)).toMatchObject({ mountable: 'violated', fs: 'violated', intact: 'violated' });
    }
  });

  it('says which volume does not mount, and which directory can not be walked', () => {
    const judged = (volume: RestoredVolume) => only(mountable(evidenceOfVolumes([VOLUMES.C, volume])));
    expect(judged(boot.volume)).toMatchObject({ verdict: 'violated', evidence: { volumes: ['D'] } });
    const circle = damaged(image => {
      const journal = image.entry('JOURNAL DAT');
      return image.write(journal + ATTRIBUTES, DIRECTORY).setFirstCluster('JOURNAL DAT', image.firstCluster(BANK));
    });
    const walked = only(mountable(evidenceOfVolumes([circle.volume])));
    expect(walked.summary).toBe("1 directory can't be walked: C:\\BANK\\JOURNAL.DAT: it is another directory, too");
    const raw: RestoredVolume = { ...VOLUMES.D, fileSystem: 'raw' };
    expect(judged(raw)).toMatchObject({ verdict: 'held', summary: 'C: mounted, 2 directories walked' });
    expect(judged(directory.volume).summary).toMatch(/^1 directory can't be walked: D:\\OLD: it has no clusters$/);
  });
});
