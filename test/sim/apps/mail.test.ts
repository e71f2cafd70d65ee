import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../engine/units.ts';
import { MailStore } from '../../../sim/apps/mail.ts';
import { readEntry, readPiece, writePiece } from '../../../sim/apps/mail-records.ts';
import { NEVER } from '../../../sim/apps/workload-truth.ts';
import type { MailWorkload } from '../../../sim/scenario/scenario.ts';
import { type FileState, Stage, type StageOptions } from './stage.ts';
import { mail } from './workloads.ts';

const INDEX = 'C:\\MAIL\\INDEX.DAT';
const nothingHeld = () => ({ whole: new Set<number>(), torn: new Set<number>() });

function post(changes: Partial<MailWorkload> = {}, options: StageOptions = {}): Stage {
  return new Stage([new MailStore(mail(changes))], options);
}

function load(stage: Stage, files: ReadonlyMap<string, FileState>) {
  return stage.application.load(stage.tree(files), stage.workload, nothingHeld, stage.truth.lastEvent);
}

function changed(files: ReadonlyMap<string, FileState>, path: string, change: (bytes: Uint8Array) => Uint8Array) {
  const { bytes, modified } = files.get(path)!;
  return new Map([...files, [path, { bytes: change(bytes.slice()), modified }]]);
}

describe('a mail store', () => {
  it('has its messages and an index of them before 0 s', () => {
    const stage = post();
    const files = stage.snapshot();
    expect(files.size).toBe(31);
    expect(readEntry(files.get(INDEX)!.bytes, 64 * 6)).toEqual({
      message: 7,
      sizeBytes: 4096,
      transaction: 0,
      isPresent: true,
    });
    const { bytes } = files.get('C:\\MAIL\\M0000007.EML')!;
    expect(readPiece(bytes, 0)).toEqual({ transaction: 0, message: 7, sizeBytes: 4096 });
    expect(load(stage, files).summary).toBe('index and messages match: 30 messages');
  });

  it('delivers through a temporary file, appends and deletes, and its index tells of it', () => {
    const stage = post().run(10 * SECOND);
    const { log } = stage.volume();
    const done = (start: string) => log.filter(line => line.startsWith(start)).length;
    expect(done('create C:\\MAIL\\T')).toBeGreaterThan(100);
    expect(done('rename C:\\MAIL\\T')).toBe(done('create C:\\MAIL\\T'));
    expect(done('remove C:\\MAIL\\M')).toBeGreaterThan(30);
    expect(done('append C:\\MAIL\\M')).toBeGreaterThan(50);
    const { transactions } = stage.workload;
    expect(transactions.slice(0, -1).every(({ committed }) => committed !== NEVER)).toBe(true);
    const loading = load(stage, stage.snapshot());
    expect(loading.summary).toMatch(/^index and messages match: \d+ messages$/);
    expect(loading.evidence.lastInIndex).toBeGreaterThan(transactions.length - 3);
  });

  it('makes its folder durable with each rename and removal, unless it never syncs', () => {
    const moves = (fsync: 'always' | 'never') => {
      const { log } = post({ fsync })
        .run(3 * SECOND)
        .volume();
      return log.filter(line => line.startsWith('rename') || line.startsWith('remove'));
    };
    expect(moves('always').length).toBeGreaterThan(20);
    expect(moves('always').every(line => line.endsWith(' sync'))).toBe(true);
    expect(moves('never').some(line => line.endsWith(' sync'))).toBe(false);
  });

  it('does the same for the same seed, and something else for another', () => {
    const log = (seed: number) =>
      post({}, { seed })
        .run(3 * SECOND)
        .volume().log;
    expect(log(5)).toEqual(log(5));
    expect(log(6)).not.toEqual(log(5));
  });

  it('says how index and messages differ', () => {
    const stage = post().run(2 * SECOND);
    const early = stage.snapshot();
    const late = stage.run(6 * SECOND).snapshot();
    const oldIndex = load(stage, new Map([...late, [INDEX, early.get(INDEX)!]]));
    expect(oldIndex.accepts).toBe(false);
    expect(oldIndex.summary).toMatch(
      /^\d+ messages that the index lists are not there \(C:\\MAIL\\M\d+\.EML and \d+ more\)/,
    );
    expect(oldIndex.summary).toMatch(/\d+ messages are there that the index does not list/);
    expect(oldIndex.summary).toMatch(/not as long as the index says/);
    const { lastInIndex, lastInMessages } = oldIndex.evidence;
    expect(Number(lastInMessages)).toBeGreaterThan(Number(lastInIndex));
  });

  it('refuses a missing index, a damaged message, and a delivery that was never finished', () => {
    const stage = post();
    const files = stage.snapshot();
    const path = 'C:\\MAIL\\M0000003.EML';
    const without = new Map([...files].filter(([name]) => name !== INDEX));
    expect(load(stage, without).summary).toBe('the index (C:\\MAIL\\INDEX.DAT) is missing');
    const flipped = changed(files, path, bytes => bytes.fill(1, 700, 701));
    expect(load(stage, flipped).summary).toBe(`1 file is damaged (${path})`);
    const broken = changed(files, INDEX, bytes => bytes.fill(1, 70, 71));
    expect(load(stage, broken).summary).toMatch(/^1 entry of the index damaged/);
    const rest = new Map([...files, ['C:\\MAIL\\T0000009.TMP', { bytes: new Uint8Array(0), modified: 0 }]]);
    expect(load(stage, rest).summary).toBe('1 delivery was never finished (C:\\MAIL\\T0000009.TMP)');
  });

  it('gives up a delivery that fails half-way, and puts its successor in the same place', () => {
    const stage = post();
    let failures = 0;
    stage.volume().sabotage = (operation, path) =>
      operation === 'append' && path === INDEX && failures++ === 0 ? 'no-space' : null;
    stage.run(2 * SECOND);
    const aborted = stage.workload.transactions.filter(({ abortedBecause }) => abortedBecause !== null);
    expect(aborted.length).toBe(1);
    expect(load(stage, stage.snapshot()).accepts).toBe(true);
  });

  it('recognises a piece of any length only when all of it is there', () => {
    const piece = new Uint8Array(700);
    writePiece(piece, 12, 34);
    expect(readPiece(piece, 0)).toEqual({ transaction: 34, message: 12, sizeBytes: 700 });
    expect(readPiece(piece.subarray(0, 699), 0)).toBeNull();
    piece[650] = 0;
    expect(readPiece(piece, 0)).toBeNull();
  });
});
