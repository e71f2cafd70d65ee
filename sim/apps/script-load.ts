/**
 * What a script's restored files tell: the last transaction in each, by the stamps in their pieces, and whether every
 * transaction is in all files that it belongs to.
 */
import type { Bytes } from '../../engine/units.ts';
import type { ScriptWorkload } from '../scenario/scenario.ts';
import type { HeldTransactions, Loading, RestoredFile, RestoredTree } from './application.ts';
import { isOf, LINE_BYTES } from './script-pieces.ts';
import { counted, grouped, listed } from './wording.ts';

/** A piece as a transaction wrote it, in the file that had the name then. */
export interface WrittenPiece {
  readonly transaction: number;
  readonly step: number;
  readonly name: string;
  readonly offset: Bytes;
}

/** A name of the script, and the last transaction that left a piece in the file that has it; 0 for none. */
interface LastIn {
  readonly name: string;
  readonly last: number;
}

export function loadScript(
  workload: ScriptWorkload,
  pieces: readonly WrittenPiece[],
  tree: RestoredTree,
  { whole, torn }: HeldTransactions,
): Loading {
  const written = new Set(
    workload.transaction.flatMap(step => ('file' in step && step.does !== 'sync' ? [step.file] : [])),
  );
  const lasts: LastIn[] = [];
  const unread: string[] = [];
  for (const { name, path } of workload.files) {
    const file = tree.file(path);
    if (file?.damage != null) unread.push(`${name} can't be read: ${file.damage}`);
    if (file === null && !isRenamed(workload, name)) unread.push(`${name} (${path}) is missing`);
    const names = sameFile(workload, name);
    const touched = names.some(each => written.has(each));
    if (file !== null && touched)
      lasts.push({
        name,
        last: lastIn(
          file,
          pieces.filter(piece => names.includes(piece.name)),
        ),
      });
  }
  const evidence = Object.fromEntries(lasts.map(({ name, last }) => [`lastIn${name}`, last]));
  const torns = [...torn].sort((a, b) => a - b);
  const accepts = unread.length === 0 && torns.length === 0;
  return { accepts, summary: summaryOf(unread, torns, whole, lasts), evidence, transactions: null, ownChecks: [] };
}

function summaryOf(unread: string[], torn: number[], whole: ReadonlySet<number>, lasts: readonly LastIn[]): string {
  if (unread.length > 0) return listed(unread);
  const [first] = torn;
  if (first === undefined) return `its files match: ${counted(whole.size, 'transaction')}, each in all of them`;
  const are = counted(torn.length, 'transaction is', 'transactions are');
  return `${endsText(lasts)}: ${are} in some files and not in others, the first is ${grouped(first)}`;
}

/** `AUDIT ends at transaction 218, ORDERS, LINES at 239`. */
function endsText(lasts: readonly LastIn[]): string {
  const ends = [...new Set(lasts.map(({ last }) => last))].sort((a, b) => a - b);
  const parts = ends.map((end, at) => {
    const names = lasts.filter(({ last }) => last === end).map(({ name }) => name);
    const verb = at > 0 ? 'at' : `${names.length === 1 ? 'ends' : 'end'} at transaction`;
    return `${listed(names, 8)} ${verb} ${grouped(end)}`;
  });
  return listed(parts, 8);
}

/** The names that a file can have had: its own, and those that renames link to it. */
function sameFile({ transaction }: ScriptWorkload, name: string): string[] {
  const names = new Set([name]);
  for (const _pass of transaction) {
    for (const step of transaction) {
      if (step.does !== 'rename') continue;
      if (names.has(step.from)) names.add(step.to);
      else if (names.has(step.to)) names.add(step.from);
    }
  }
  return [...names];
}

function isRenamed({ transaction }: ScriptWorkload, name: string): boolean {
  return transaction.some(step => step.does === 'rename' && (step.from === name || step.to === name));
}

function lastIn(file: RestoredFile, pieces: readonly WrittenPiece[]): number {
  const line = new Uint8Array(LINE_BYTES);
  for (let at = pieces.length - 1; at >= 0; at--) {
    const { transaction, step, offset } = pieces[at]!;
    if (offset >= file.sizeBytes) continue;
    file.read(offset, line);
    if (isOf(line, transaction, step)) return transaction;
  }
  return 0;
}
