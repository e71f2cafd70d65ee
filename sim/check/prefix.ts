/**
 * `prefix`: the restored set holds the first so many transactions, without a hole: all that was durable before T and
 * nothing that began after it. When the picture waited for at least one write-back of quiet, also all that was
 * acknowledged more than one write-back before T; what is younger may have been in the page cache only.
 *
 * Invariants
 * P1 No hole: up to the last transaction of which something is there, every one is whole.
 * P2 All that was durable at T is there.
 * P3 Nothing is there that began after T.
 * P4 Settled pictures: all that was acknowledged more than one write-back before T is there.
 * P5 Without one T, some instant between start and end of the copy satisfies P2 and P3.
 */
import type { HeldTransactions } from '../apps/application.ts';
import type { EventNumber } from '../apps/truth.ts';
import { counted, grouped, listed, secondsText } from '../apps/wording.ts';
import { NEVER, type WorkloadTruth } from '../apps/workload-truth.ts';
import type { DataEvidence, JudgedWorkload } from './data-evidence.ts';
import { byWorkload, held as holds, NO_TRANSACTION, violated } from './data-verdict.ts';
import { instantText } from './differences.ts';
import { holesText, sequenceOf } from './sequence.ts';
import type { Verdict } from './verdict.ts';

/** What a restored set is found to lack, or to have too much. */
interface Fault {
  readonly summary: string;
  readonly transaction: number;
  readonly story: readonly string[];
}

export function prefix(evidence: DataEvidence): Verdict[] {
  return byWorkload(evidence, 'prefix', workload => judge(evidence, workload));
}

function judge(evidence: DataEvidence, workload: JudgedWorkload): Verdict {
  const { application, truth } = workload;
  const looked = evidence.committedCount(workload);
  const unread = evidence
    .filesOf(workload)
    .filter(({ path, restored }) => (restored === null ? evidence.mustBeThere(path) : restored.damage !== null));
  if (unread.length > 0 && !application.recovers) {
    const paths = unread.map(({ path }) => path);
    const summary = `${counted(unread.length, 'file')} can't be read back: ${listed(paths)}`;
    return violated('prefix', application.id, { looked, summary, evidence: { unread: paths.slice(0, 20) } });
  }
  const loading = evidence.loading(workload);
  if (application.recovers && loading.transactions === null && !loading.accepts) {
    return violated('prefix', application.id, { looked, summary: loading.summary, evidence: loading.evidence });
  }
  const held = evidence.heldBy(workload);
  const sequence = sequenceOf(truth, held);
  const common = { last: sequence.last, firstHole: sequence.firstHole };
  if (sequence.firstHole !== null) {
    return violated('prefix', application.id, {
      looked,
      summary: holesText(sequence),
      evidence: { ...common, torn: sequence.torn, lacking: sequence.lacking },
    });
  }
  const { at } = evidence.restore;
  const fault = at === null ? atSomeInstant(evidence, truth, sequence.last, held) : atOne(evidence, truth, at, held);
  if (fault !== null) {
    const { summary, transaction, story } = fault;
    return violated('prefix', application.id, { looked, summary, evidence: { ...common, transaction }, story });
  }
  return holds('prefix', application.id, NO_TRANSACTION, { looked, summary: holesText(sequence), evidence: common });
}

/** P2, P3, P4 at the instant of the picture. */
function atOne(
  evidence: DataEvidence,
  workload: WorkloadTruth,
  at: EventNumber,
  { whole, untold }: HeldTransactions,
): Fault | null {
  const { truth, restore, writeBackNs } = evidence;
  const { settledAt } = restore;
  const instant = `T was ${instantText(truth, at)}.`;
  for (const { number, began, durable, acknowledged } of workload.transactions) {
    if (whole.has(number)) {
      if (began <= at) continue;
      const summary = `it holds transaction ${grouped(number)}, which began after T`;
      return { summary, transaction: number, story: [instant, `It began ${instantText(truth, began)}.`] };
    }
    if (untold?.has(number)) continue;
    if (durable <= at) {
      const summary = `it lacks transaction ${grouped(number)}, which was durable before T`;
      return { summary, transaction: number, story: [instant, `It was durable ${instantText(truth, durable)}.`] };
    }
    if (acknowledged !== NEVER && settledAt !== null && acknowledged <= settledAt) {
      const summary = `it lacks transaction ${grouped(number)}, acknowledged more than one write-back before T`;
      const when = `It was acknowledged ${instantText(truth, acknowledged)}; a write-back takes ${secondsText(writeBackNs)}.`;
      return { summary, transaction: number, story: [instant, when] };
    }
  }
  return null;
}

/**
 * P5: the instants after the last one held began, and before the first one that lacks was durable. Without a hole (P1) those
 * that lack came after those held, so only the ends of the copy can leave none.
 */
function atSomeInstant(
  { truth, restore }: DataEvidence,
  workload: WorkloadTruth,
  last: number,
  { whole, untold }: HeldTransactions,
): Fault | null {
  const { startedAt, endedAt } = restore;
  const began = last === 0 ? 0 : workload.transactions[last - 1]!.began;
  if (began > endedAt) {
    const summary = `it holds transaction ${grouped(last)}, which began after the copy had ended`;
    return { summary, transaction: last, story: [`It began ${instantText(truth, began)}.`] };
  }
  for (const { number, durable } of workload.transactions) {
    if (whole.has(number) || untold?.has(number) || durable > startedAt) continue;
    const summary = `it lacks transaction ${grouped(number)}, which was durable before the copy began`;
    return { summary, transaction: number, story: [`It was durable ${instantText(truth, durable)}.`] };
  }
  return null;
}
