/** What a mail store says of restored files: its index against the messages that are there. From the bytes alone. */
import type { MailWorkload } from '../scenario/scenario.ts';
import type { Loading, RestoredFile, RestoredTree } from './application.ts';
import { indexPath, isTemporary, messageOf, messagePath } from './mail-files.ts';
import { type IndexEntry, RECORD_BYTES, readEntry, readPiece } from './mail-records.ts';
import { counted, listed } from './wording.ts';
import type { WorkloadTruth } from './workload-truth.ts';

/** What is wrong, by kind, with the paths that show it. */
interface Faults {
  readonly listedNotThere: string[];
  readonly thereNotListed: string[];
  readonly otherLength: string[];
  readonly damaged: string[];
  readonly unfinished: string[];
}

interface Message {
  readonly isWhole: boolean;
  /** The last transaction that left a piece in it; 0 when it is as it was at 0 s. */
  readonly last: number;
}

export function loadMail({ at, messages }: MailWorkload, tree: RestoredTree, truth: WorkloadTruth): Loading {
  const index = tree.file(indexPath(at));
  if (index === null) return refusal(`the index (${indexPath(at)}) is missing`, {});
  if (index.damage !== null) return refusal(`the index can't be read: ${index.damage}`, {});
  const { entries, broken } = readIndex(index);
  const faults: Faults = { listedNotThere: [], thereNotListed: [], otherLength: [], damaged: [], unfinished: [] };
  if (index.sizeBytes < messages * RECORD_BYTES) faults.damaged.push(index.path);
  let lastInMessages = 0;
  for (const path of tree.paths) {
    if (!path.startsWith(`${at}\\`)) continue;
    const file = tree.file(path);
    const number = messageOf(at, path);
    if (isTemporary(at, path)) faults.unfinished.push(path);
    if (file === null || number === null) continue;
    const message = readMessage(file, tree, truth);
    lastInMessages = Math.max(lastInMessages, message.last);
    const entry = entries.get(number);
    if (file.damage !== null || !message.isWhole) faults.damaged.push(path);
    else if (entry === undefined || !entry.isPresent) faults.thereNotListed.push(path);
    else if (entry.sizeBytes !== file.sizeBytes) faults.otherLength.push(path);
  }
  let lastInIndex = 0;
  for (const { message, isPresent, transaction } of entries.values()) {
    lastInIndex = Math.max(lastInIndex, transaction);
    const path = messagePath(at, message);
    if (isPresent && tree.file(path) === null) faults.listedNotThere.push(path);
  }
  return sumUp(faults, broken, { lastInIndex, lastInMessages }, [...entries.values()].filter(e => e.isPresent).length);
}

function sumUp(faults: Faults, broken: number, lasts: Loading['evidence'], present: number): Loading {
  const parts: string[] = [];
  if (broken > 0) parts.push(`${counted(broken, 'entry', 'entries')} of the index damaged`);
  const say = (paths: readonly string[], one: string, many: string) => {
    if (paths.length > 0) parts.push(`${counted(paths.length, one, many)} (${listed(paths, 1)})`);
  };
  say(
    faults.listedNotThere,
    'message that the index lists is not there',
    'messages that the index lists are not there',
  );
  say(
    faults.thereNotListed,
    'message is there that the index does not list',
    'messages are there that the index does not list',
  );
  say(faults.otherLength, 'message is not as long as the index says', 'messages are not as long as the index says');
  say(faults.damaged, 'file is damaged', 'files are damaged');
  say(faults.unfinished, 'delivery was never finished', 'deliveries were never finished');
  const evidence = {
    ...lasts,
    listedNotThere: faults.listedNotThere.length,
    thereNotListed: faults.thereNotListed.length,
    otherLength: faults.otherLength.length,
    damaged: faults.damaged.length + broken,
    unfinished: faults.unfinished.length,
  };
  if (parts.length > 0) return refusal(parts.join('; '), evidence);
  const summary = `index and messages match: ${counted(present, 'message')}`;
  return { accepts: true, summary, evidence, transactions: null, ownChecks: [] };
}

function refusal(summary: string, evidence: Loading['evidence']): Loading {
  return { accepts: false, summary, evidence, transactions: null, ownChecks: [] };
}

function readIndex(index: RestoredFile): { entries: Map<number, IndexEntry>; broken: number } {
  const entries = new Map<number, IndexEntry>();
  const bytes = index.bytes();
  let broken = 0;
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    const entry = readEntry(bytes, at);
    if (entry === null || entry.message !== at / RECORD_BYTES + 1) broken += 1;
    else entries.set(entry.message, entry);
  }
  return { entries, broken };
}

/** Piece after piece to the end of the file; one that is as it was at 0 s need not be read again. */
function readMessage(file: RestoredFile, tree: RestoredTree, { truth }: WorkloadTruth): Message {
  const base = truth.base.file(file.path);
  if (base !== null && base.sizeBytes === file.sizeBytes && tree.blocks(file, base).changed.length === 0) {
    return { isWhole: true, last: 0 };
  }
  const bytes = file.bytes();
  let last = 0;
  let at = 0;
  while (at < bytes.length) {
    const piece = readPiece(bytes, at);
    if (piece === null || piece.message !== messageNumber(file)) return { isWhole: false, last };
    last = piece.transaction;
    at += piece.sizeBytes;
  }
  return { isWhole: bytes.length > 0, last };
}

function messageNumber(file: RestoredFile): number | null {
  return messageOf(file.path.slice(0, file.path.lastIndexOf('\\')), file.path);
}
