/** The transactions that a restored set holds, as a sequence: how far it goes, and where it has its first hole. */
import type { HeldTransactions } from '../apps/application.ts';
import { counted, grouped } from '../apps/wording.ts';
import type { WorkloadTruth } from '../apps/workload-truth.ts';

export interface Sequence {
  /** The last transaction of which something is there; 0 for none. */
  readonly last: number;
  /** The first one up to `last` that is not whole; null when there is no hole. Those that were given up do not count, nor those untold. */
  readonly firstHole: number | null;
  /** How many of those up to `last` are torn, and how many lack. */
  readonly torn: number;
  readonly lacking: number;
}

export function sequenceOf({ transactions }: WorkloadTruth, { whole, torn, untold }: HeldTransactions): Sequence {
  let last = 0;
  for (const number of whole) if (number > last) last = number;
  for (const number of torn) if (number > last) last = number;
  const holes = transactions
    .slice(0, last)
    .filter(
      ({ number, abortedBecause }) => abortedBecause === null && !whole.has(number) && !(untold?.has(number) ?? false),
    );
  const tornCount = holes.filter(({ number }) => torn.has(number)).length;
  return { last, firstHole: holes[0]?.number ?? null, torn: tornCount, lacking: holes.length - tornCount };
}

/** `80 transactions are torn and 3 lack, from 400 to 482`. */
export function holesText({ last, firstHole, torn, lacking }: Sequence): string {
  if (firstHole === null) return last === 0 ? 'it holds no transaction' : `it holds transactions 1 to ${grouped(last)}`;
  const parts: string[] = [];
  if (torn > 0) parts.push(`${counted(torn, 'transaction is', 'transactions are')} torn`);
  if (lacking > 0) parts.push(`${counted(lacking, 'transaction lacks', 'transactions lack')}`);
  return `${parts.join(' and ')}; the first is ${grouped(firstHole)}, the last one that left a trace ${grouped(last)}`;
}
