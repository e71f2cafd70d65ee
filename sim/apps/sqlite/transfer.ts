/**
 * The transactions of the workload: money moves from one account to another, and with `blobs` a document comes with it.
 * Which, how much and how long the program thinks is a function of (seed, workload, number) alone, for all who ask: who
 * runs it, who records it, who judges what was restored.
 */
import type { Bytes, Nanoseconds } from '../../../engine/units.ts';
import type { Path } from '../../fs/file-system.ts';
import { RandomStream } from '../../kernel/random.ts';
import { documentPath, type Layout } from './layout.ts';

export interface Document {
  readonly path: Path;
  readonly sizeBytes: Bytes;
}

export interface Transfer {
  readonly number: number;
  readonly payer: number;
  readonly payee: number;
  readonly amount: number;
  /** Written before the row that tells of it. */
  readonly document: Document | null;
  /** Number of the transfer whose document goes: its row first, then, after the commit, the file. */
  readonly dropped: number | null;
  /** Between the statements. */
  readonly thinkNs: readonly Nanoseconds[];
}

const LONGEST_THINK_NS: Nanoseconds = 5_000_000;
const THINKS = 4;
const LARGEST_AMOUNT = 500;
const SMALLEST_DOCUMENT: Bytes = 512;
const LARGEST_DOCUMENT: Bytes = 6 * 1024;
/** Every sixth transfer drops a document that is five transfers old. */
const DROP_EVERY = 6;
const DROP_AGE = 5;

export function transferOf(layout: Layout, seed: number, number: number): Transfer {
  const stream = new RandomStream(seed, `${layout.workloadId}#${number}/transfer`);
  const payer = 1 + stream.below(layout.accountCount);
  const other = 1 + stream.below(layout.accountCount - 1);
  const amount = stream.between(1, LARGEST_AMOUNT);
  const thinkNs: Nanoseconds[] = [];
  for (let at = 0; at < THINKS; at++) thinkNs.push(stream.below(LONGEST_THINK_NS + 1));
  const { folder } = layout;
  return {
    number,
    payer,
    payee: other === payer ? layout.accountCount : other,
    amount,
    document:
      folder === null
        ? null
        : { path: documentPath(folder, number), sizeBytes: stream.between(SMALLEST_DOCUMENT, LARGEST_DOCUMENT) },
    dropped: folder === null ? null : droppedBy(number),
    thinkNs,
  };
}

/** The transfer whose document the transfer `number` drops. */
function droppedBy(number: number): number | null {
  return number % DROP_EVERY === 0 && number > DROP_AGE ? number - DROP_AGE : null;
}

/** Its first line names the transfer; the rest is chance that is drawn from the number. */
export function documentBytes(number: number, sizeBytes: Bytes): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = Math.imul(number, 0x9e3779b1) | 1;
  for (let at = 0; at < sizeBytes; at++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    bytes[at] = state >>> 24;
  }
  const title = `Document of transfer ${number}\n`;
  for (let at = 0; at < title.length; at++) bytes[at] = title.charCodeAt(at);
  return bytes;
}

/** A checksum of 31 bits: what the row says of its document. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) sum = Math.imul(sum ^ bytes[at]!, 0x01000193);
  return (sum ^ (sum >>> 15)) & 0x7fffffff;
}
