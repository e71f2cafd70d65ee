/**
 * `durable`: whenever a machine had started again, every transaction was there that had been acknowledged after an fsync of
 * its files. Judged by what the drives held then; what a backup restored is no part of it.
 */
import { counted, grouped, listed } from '../apps/wording.ts';
import type { Survival } from '../world/restart.ts';
import { held, notApplicable, violated } from './data-verdict.ts';
import type { Verdict } from './verdict.ts';

const CHECK = 'durable';
const SHOWN = 20;
const WORDS = { 'power-cut': 'power cut', kill: 'kill', 'disk-loss': 'loss of its disk' } as const;

/** One verdict for each workload that can have been told that something is durable. */
export function durable(workloads: readonly string[], survivals: readonly Survival[]): Verdict[] {
  return workloads.map(id => {
    const mine = survivals.filter(({ workload }) => workload === id);
    return mine.length === 0
      ? notApplicable(CHECK, id, 'no machine started again after a power cut or a kill')
      : judge(id, mine);
  });
}

function judge(id: string, survivals: readonly Survival[]): Verdict {
  const looked = survivals.reduce((sum, { owed }) => sum + owed, 0);
  const worst = survivals.find(({ missing }) => missing.length > 0);
  if (worst === undefined) {
    const summary = `${counted(looked, 'acknowledged transaction')} there after ${counted(survivals.length, 'start')}`;
    return held(CHECK, id, 'nothing had been acknowledged as durable', { looked, summary });
  }
  const { missing, after, summary } = worst;
  const lacks = counted(missing.length, 'transaction');
  const first = grouped(missing[0] ?? 0);
  return violated(CHECK, id, {
    looked,
    summary: `after a ${WORDS[after]} ${lacks} that had been acknowledged as durable ${missing.length === 1 ? 'is' : 'are'} not there; the first is ${first}`,
    evidence: { missing: missing.slice(0, SHOWN) },
    story: [
      `The machine started again after a ${WORDS[after]}.`,
      `Its files then: ${summary}.`,
      `Acknowledged after an fsync, and not there: ${listed(missing.slice(0, SHOWN).map(grouped))}.`,
    ],
  });
}
