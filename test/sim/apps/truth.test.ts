import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runNow } from '../../../engine/task.ts';
import { BLOCK_BYTES } from '../../../sim/apps/base-content.ts';
import { BlockVersions } from '../../../sim/apps/block-versions.ts';
import { Truth } from '../../../sim/apps/truth.ts';
import type { TruthFile } from '../../../sim/apps/truth-file.ts';
import { NEVER } from '../../../sim/apps/workload-truth.ts';
import type { OpenFile } from '../../../sim/fs/file-system.ts';
import { FakeVolume } from './fake-volume.ts';
import { baseOf, hash } from './stage.ts';

function filled(): FakeVolume {
  const volume = new FakeVolume('C');
  runNow(volume.makeDirectory('C:\\D'));
  for (const [path, size] of [
    ['C:\\A', 1500],
    ['C:\\D\\B', 512],
    ['C:\\D\\E', 0],
  ] as const) {
    const file = runNow(volume.create(path));
    runNow(
      file.write(
        0,
        new Uint8Array(size).map((_, at) => at % 251),
      ),
    );
  }
  return volume;
}

/** A volume that is observed from 0 s on, and its truth. */
function observed(clock = () => 0) {
  const base = filled();
  const truth = new Truth({ base: baseOf([base]), clock });
  const volume = base.remounted();
  volume.observer = truth;
  return { truth, volume };
}

/** Whether a file had this content at an event, as far as sizes and block hashes tell. */
function expectContent(truth: Truth, file: TruthFile, event: number, bytes: Uint8Array): void {
  expect(file.sizes.at(event, -1)).toBe(bytes.length);
  for (let block = 0; block < Math.ceil(bytes.length / BLOCK_BYTES); block++) {
    const padded = new Uint8Array(BLOCK_BYTES);
    padded.set(bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
    const slot = file.slotOf(block);
    const { blocks } = truth;
    const known =
      slot >= 0 ? blocks.hashes[blocks.at(slot, event)] : (file.base?.blockHash(block) ?? truth.base.zeroHash);
    expect(known).toBe(hash(padded));
  }
}

const path = fc.constantFrom('C:\\A', 'C:\\D\\B', 'C:\\D\\E', 'C:\\N', 'C:\\F\\B');
const step = fc.oneof(
  fc.record({ do: fc.constant('create' as const), path }),
  fc.record({ do: fc.constant('write' as const), path, at: fc.nat(3000), size: fc.integer({ min: 1, max: 1200 }) }),
  fc.record({ do: fc.constant('append' as const), path, size: fc.integer({ min: 1, max: 700 }) }),
  fc.record({ do: fc.constant('truncate' as const), path, size: fc.nat(2000) }),
  fc.record({ do: fc.constant('rename' as const), path, to: path }),
  fc.record({ do: fc.constant('move-folder' as const), there: fc.boolean() }),
  fc.record({ do: fc.constant('remove' as const), path }),
  fc.record({ do: fc.constant('touch' as const), path, seconds: fc.nat(9) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function perform(volume: FakeVolume, one: Step, number: number): void {
  const open = (): OpenFile => runNow(volume.open('path' in one ? one.path : ''));
  const bytes = (size: number) => new Uint8Array(size).map((_, at) => (at + number * 7) % 256);
  try {
    if (one.do === 'create') runNow(volume.create(one.path));
    else if (one.do === 'write') runNow(open().write(one.at, bytes(one.size)));
    else if (one.do === 'append') runNow(open().append(bytes(one.size)));
    else if (one.do === 'truncate') runNow(open().truncate(one.size));
    else if (one.do === 'rename' && one.path !== one.to) runNow(volume.rename(one.path, one.to));
    else if (one.do === 'move-folder')
      runNow(one.there ? volume.rename('C:\\D', 'C:\\F') : volume.rename('C:\\F', 'C:\\D'));
    else if (one.do === 'remove') runNow(volume.remove(one.path));
    else if (one.do === 'touch') runNow(volume.setModified(one.path, 1000 + one.seconds));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'FsError') throw error;
  }
}

describe('the truth of files', () => {
  it('tells for every instant which files there were and what they held', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const { truth, volume } = observed();
        const pictures = new Map([[truth.now(), { files: volume.files(), stamps: new Map<string, number>() }]]);
        steps.forEach((one, number) => {
          volume.wallSeconds += number % 3;
          perform(volume, one, number);
          const files = volume.files();
          const stamps = new Map([...files.keys()].map(name => [name, volume.modifiedOf(name)]));
          pictures.set(truth.now(), { files, stamps });
        });
        for (const [event, picture] of pictures) {
          const there = truth.paths().filter(name => truth.fileAt(name, event) !== null);
          expect(there.sort()).toEqual([...picture.files.keys()]);
          for (const [name, bytes] of picture.files) {
            const file = truth.fileAt(name, event)!;
            expectContent(truth, file, event, bytes);
            if (picture.stamps.has(name)) expect(file.stamps.at(event, -1)).toBe(picture.stamps.get(name));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('counts what one step did as one event, and nothing after somebody looked', () => {
    const { truth, volume } = observed();
    const file = runNow(volume.open('C:\\D\\E'));
    volume.wallSeconds += 2;
    runNow(file.append(new Uint8Array(64)));
    expect(truth.now()).toBe(1);
    volume.wallSeconds += 2;
    runNow(volume.rename('C:\\A', 'C:\\D\\B'));
    expect(truth.now()).toBe(2);
    runNow(file.truncate(100));
    truth.now();
    runNow(file.write(64, new Uint8Array(36)));
    expect(truth.now()).toBe(4);
  });

  it('takes memory that served another run', () => {
    const blocks = new BlockVersions();
    const contents = [1, 2].map(() => {
      const base = filled();
      const truth = new Truth({ base: baseOf([base]), clock: () => 0, blocks });
      const volume = base.remounted();
      volume.observer = truth;
      runNow(runNow(volume.open('C:\\A')).write(600, new Uint8Array(10)));
      expectContent(truth, truth.fileAt('C:\\A', 1)!, 1, volume.files().get('C:\\A')!);
      return [blocks.slotCount, blocks.versionCount];
    });
    expect(contents).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('refuses what it can not know', () => {
    const { truth, volume } = observed();
    const stranger = filled();
    runNow(stranger.create('C:\\STRANGER'));
    stranger.observer = truth;
    const file = runNow(stranger.open('C:\\STRANGER'));
    expect(() => runNow(file.append(new Uint8Array(1)))).toThrow('the truth does not know C:\\STRANGER');
    const node = runNow(volume.open('C:\\A')).node;
    expect(() => truth.wrote(node, 1500, new Uint8Array(1))).toThrow('a write past the end of C:\\A');
  });
});

describe('the truth of transactions', () => {
  it('knows what was begun, committed, acknowledged and when', () => {
    let now = 0;
    const { truth } = observed(() => now);
    const bank = truth.workload('bank');
    now = 5;
    const first = bank.begin(7);
    now = 9;
    bank.committed(first);
    bank.acknowledged(first);
    const second = bank.begin(8);
    bank.aborted(second, 'no space');
    expect([first.number, first.operation, second.number]).toEqual([1, 7, 2]);
    expect([first.began, first.closed, first.committed, first.acknowledged]).toEqual([1, 2, 2, 3]);
    expect([second.began, second.closed, second.committed, second.abortedBecause]).toEqual([4, 5, NEVER, 'no space']);
    expect(truth.timeOf(first.began)).toBe(5);
    expect([truth.eventAt(4), truth.eventAt(5), truth.eventAt(9)]).toEqual([0, 1, 5]);
    expect([bank.committedBetween(5, 9), bank.committedBetween(9, 10)]).toEqual([0, 1]);
  });

  it('says durable when the last page that held a change was written, or an fsync returned, after the commit', () => {
    const { truth, volume } = observed();
    const bank = truth.workload('bank');
    const file = runNow(volume.open('C:\\A'));
    const early = bank.begin(0);
    runNow(file.write(0, new Uint8Array(64), early));
    volume.writeBack();
    bank.committed(early);
    expect(early.durable).toBe(early.committed);

    const late = bank.begin(1);
    runNow(file.write(0, new Uint8Array(64), late));
    runNow(file.write(8192, new Uint8Array(64), late));
    bank.committed(late);
    expect(late.durable).toBe(NEVER);
    volume.writeBack();
    expect(late.durable).toBe(truth.lastEvent);
    bank.synced(late);
    expect(late.synced).toBe(late.written + 1);
    expect(late.durable).toBe(late.written);
  });

  it('has one transaction open at a time', () => {
    const { truth } = observed();
    const bank = truth.workload('bank');
    const open = bank.begin(0);
    expect(() => bank.begin(1)).toThrow('transaction 1 is still open');
    bank.committed(open);
    expect(() => bank.aborted(open, '')).toThrow('transaction 1 is closed already');
    expect(() => bank.synced(bank.begin(1))).toThrow('transaction 2 synced, not committed');
  });
});
