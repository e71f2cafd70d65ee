/** Instants and what differs at them, in words. */
import type { EventNumber, Truth } from '../apps/truth.ts';
import { counted, grouped, listed, secondsText } from '../apps/wording.ts';
import { NEVER, type WorkloadTruth } from '../apps/workload-truth.ts';
import { type Comparison, DAMAGE_LIST, PATH_LIST, SIZE_LIST } from './comparison.ts';

/** `at 14.25 s (event 4711)`. */
export function instantText(truth: Truth, event: EventNumber): string {
  return `at ${secondsText(truth.timeOf(event))} (event ${grouped(event)})`;
}

/** Where a workload stood at an instant: `after transaction 399`, `in the middle of transaction 400`. */
export function placeText(workload: WorkloadTruth, event: EventNumber): string {
  let last = 0;
  for (const { number, began, closed } of workload.transactions) {
    if (began > event) break;
    if (event < closed || closed === NEVER) return `in the middle of transaction ${grouped(number)}`;
    last = number;
  }
  return last === 0 ? 'before the first transaction' : `after transaction ${grouped(last)}`;
}

/** What of a restored path differs at an instant: `its size and 3 blocks differ: 17, 18, 40`. */
export function differencesText({ spans, restored }: Comparison, event: EventNumber): string {
  const lists = spans.listsAt(event);
  if (lists.length === 0) return 'nothing differs';
  if (lists.includes(PATH_LIST))
    return restored === null ? 'it existed, and was not restored' : 'there was no such file';
  if (lists.includes(DAMAGE_LIST)) return `it can't be read back`;
  const blocks = lists.filter(list => list >= 0).sort((a, b) => a - b);
  const size = lists.includes(SIZE_LIST);
  if (blocks.length === 0) return 'its size differs';
  const those = `${counted(blocks.length, 'block')} of 512 bytes`;
  const differ = size || blocks.length > 1 ? 'differ' : 'differs';
  return `${size ? 'its size and ' : ''}${those} ${differ}: ${listed(blocks.map(String), 5)}`;
}
