/**
 * What a power cut leaves of the requests that were not durable on one drive, and in which order it takes effect.
 *
 * Fault model: since its last durable version a sector was given others, in the order in which requests completed; those
 * in flight come after all completed ones, in any order. After the cut it holds its durable version or any later one.
 *
 * Invariants
 * I1 A request reaches the medium whole or not at all; but for one that is torn, of which the first or the last sectors
 *    do, at least one and not all.
 * I2 What completed takes effect in the order of completion, then what was in flight, in an order of its own.
 * I3 Drives are independent: each draws from its own streams.
 */
import { invariant } from '../../engine/invariant.ts';
import type { Bytes, Sector } from '../../engine/units.ts';
import type { Chooser } from '../kernel/random.ts';

/** Who decides for one drive. The plain course (0) is: all that completed is there, nothing that was in flight. */
export interface CutChoices {
  /** For each request that completed: 1 when it is lost; for each in flight: 1 when it reached the medium. */
  readonly fate: Chooser;
  /** Which of those in flight is next. */
  readonly order: Chooser;
  /** Which request is torn, at which end, and where. */
  readonly torn: Chooser;
}

/** The part of a request that is on the medium: from one offset of it to another. */
export interface Reach {
  readonly from: Bytes;
  readonly to: Bytes;
}

const NOTHING: Reach = { from: 0, to: 0 };

/** What becomes of the requests of a drive. */
export interface CutResult {
  /** By request, in the order of completion. */
  readonly completed: readonly Reach[];
  /** In the order in which they take effect (I2); those of which nothing is there are left out. */
  readonly inFlight: readonly { readonly request: number; readonly reach: Reach }[];
}

/** What is asked for: how long the requests are, in the order of completion, and of submission. */
export interface CutQuestion {
  readonly completed: readonly Bytes[];
  readonly inFlight: readonly Bytes[];
  readonly sectorBytes: Bytes;
  /** One request of this drive is torn, if there is one that can be. */
  readonly tears: boolean;
}

/** How many of some requests can be torn: those of two sectors or more. */
export function tearable({ completed, inFlight, sectorBytes }: Omit<CutQuestion, 'tears'>): number {
  return [...completed, ...inFlight].filter(length => length >= 2 * sectorBytes).length;
}

export function whatIsLeft(question: CutQuestion, choices: CutChoices): CutResult {
  const { completed, inFlight } = question;
  const reaches = [...completed, ...inFlight].map((length, at): Reach => {
    const other = choices.fate.choose(2) === 1;
    return other === at < completed.length ? NOTHING : { from: 0, to: length };
  });
  if (question.tears) tearOne(question, choices.torn, reaches);
  const flying = inFlight.map((_, request) => ({ request, reach: reaches[completed.length + request]! }));
  return {
    completed: reaches.slice(0, completed.length),
    inFlight: inAnyOrder(flying, choices.order).filter(({ reach }) => reach.to > reach.from),
  };
}

/** I1 */
function tearOne({ completed, inFlight, sectorBytes }: CutQuestion, chooser: Chooser, reaches: Reach[]): void {
  const lengths = [...completed, ...inFlight];
  const candidates = [...lengths.keys()].filter(at => lengths[at]! >= 2 * sectorBytes);
  if (candidates.length === 0) return;
  const request = candidates[chooser.choose(candidates.length)]!;
  const length = lengths[request]!;
  const sectors: Sector = length / sectorBytes;
  const isFirst = chooser.choose(2) === 0;
  const kept = (1 + chooser.choose(sectors - 1)) * sectorBytes;
  invariant(kept > 0 && kept < length, `${kept} of ${length} bytes of a torn request`);
  reaches[request] = isFirst ? { from: 0, to: kept } : { from: length - kept, to: length };
}

function inAnyOrder<T>(list: readonly T[], chooser: Chooser): T[] {
  const left = [...list];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(chooser.choose(left.length), 1));
  return order;
}
