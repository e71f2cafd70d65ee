/**
 * What became of the data, in the words of the application, and whether that was expected: two things that are told apart
 * everywhere (see `style.ts`). Words only; how large and in which colour is the report's.
 */
import type { BackupResult, CheckResult, Loading, MethodResult } from '../sim/result.ts';
import { counted, listed } from './figures.ts';
import type { DataTone } from './style.ts';

export interface WhatBecame {
  readonly tone: DataTone;
  /** "A and B do not match" */
  readonly words: string;
}

/** What data checks are about, the one that spoils most first. */
const dataChecks = ['mountable', 'relational', 'sqlite', 'intact', 'prefix', 'durable', 'fs', 'timestamps'] as const;
type DataCheck = (typeof dataChecks)[number];

const violatedWords: { readonly [check in Exclude<DataCheck, 'relational'>]: string } = {
  mountable: 'the volume cannot be read',
  sqlite: 'the database is damaged',
  intact: 'files are damaged',
  prefix: 'transactions are missing',
  durable: 'durable data is missing',
  fs: 'the file system is damaged',
  timestamps: 'time stamps are wrong',
};

export function whatBecame(method: MethodResult): WhatBecame {
  const backups = method.backups ?? [];
  if (backups.length < 2) return ofBackup(method);
  const each = backups.map(ofBackup);
  const worst = worstOf(each);
  const alike = each.filter(({ words }) => words === worst.words).length;
  return { tone: worst.tone, words: `${worst.words} (${alike} of ${counted(each.length, 'backup')})` };
}

type Restored = Pick<BackupResult, 'outcome' | 'checks' | 'restore'>;

function ofBackup({ outcome, checks, restore }: Restored): WhatBecame {
  if (outcome !== 'completed') return { tone: 'nothing', words: `no backup: ${outcomeWords[outcome]}` };
  const loadings = restore?.loadings ?? [];
  for (const name of dataChecks) {
    const violated = checks.filter(({ check, verdict }) => check === name && verdict === 'violated');
    if (violated.length === 0) continue;
    if (name !== 'relational') return { tone: 'mismatch', words: violatedWords[name] };
    return { tone: 'mismatch', words: relationalWords(violated, checks, loadings, () => 'do not match') };
  }
  const relational = held(checks, 'relational');
  if (relational.length > 0) return { tone: 'match', words: relationalWords(relational, checks, loadings, matching) };
  if (held(checks, 'sqlite').length > 0) return { tone: 'match', words: 'the database is sound' };
  if (held(checks, 'intact').length > 0) return { tone: 'match', words: 'every file is intact' };
  if (held(checks, 'mountable').length > 0) return { tone: 'match', words: 'the volume can be read' };
  return { tone: 'open', words: 'nothing to judge' };
}

const outcomeWords = { 'timed-out': 'it never got quiet', lost: 'the snapshot was lost', failed: 'it failed' } as const;

function held(checks: readonly CheckResult[], name: DataCheck): CheckResult[] {
  return checks.filter(({ check, verdict }) => check === name && (verdict === 'held' || verdict === 'excused'));
}

/** "A and B match"; with several applications "bank: A and B match, shop: orders and stock match". */
function relationalWords(
  of: readonly CheckResult[],
  all: readonly CheckResult[],
  loadings: readonly Loading[],
  verb: (loading: Loading | undefined) => string,
): string {
  const workloads = new Set(all.filter(({ check }) => check === 'relational').map(({ workload }) => workload));
  const sentences = of.map(({ workload }) => {
    const loading = loadings.find(other => other.workload === workload);
    const parts = loading?.parts ?? [];
    const words = `${parts.length > 1 ? listed(parts) : 'its files'} ${verb(loading)}`;
    return workloads.size > 1 ? `${workload}: ${words}` : words;
  });
  return sentences.join(', ');
}

/** An application that broke off a transaction, for one after a read error, refuses the best of backups. */
function matching(loading: Loading | undefined): string {
  return loading === undefined || loading.accepts ? 'match' : `are of one instant, and ${loading.app} refuses them`;
}

function worstOf(each: readonly WhatBecame[]): WhatBecame {
  const order: readonly DataTone[] = ['mismatch', 'nothing', 'open', 'match'];
  const worst = [...each].sort((a, b) => order.indexOf(a.tone) - order.indexOf(b.tone))[0];
  return worst ?? { tone: 'open', words: 'nothing to judge' };
}

export type Expected = 'as expected' | 'NOT expected' | 'no expectation';

/** That a promise of the engine is broken is never expected, whether the method is judged or not. */
export function whetherExpected(method: MethodResult): Expected {
  if (!method.pass) return 'NOT expected';
  return method.judged ? 'as expected' : 'no expectation';
}

/** "restored C: to a fresh drive, 2 files; loading ledger: refused: B holds 80 transfers that A lacks" */
export function restoreWords({
  outcome,
  reason,
  restore,
}: Pick<MethodResult, 'outcome' | 'reason' | 'restore'>): string {
  if (restore === null) {
    const why = reason ?? (outcome === 'completed' ? 'the result says nothing of one' : outcomeWords[outcome]);
    return `nothing to restore: ${why}`;
  }
  const letters = listed(restore.volumes.map(letter => `${letter}:`));
  const restored = `restored ${letters} to a fresh drive, ${counted(restore.files, 'file')}`;
  return [restored, ...restore.loadings.map(loading => loadingWords(loading, restore.loadings))].join('; ');
}

function loadingWords({ app, workload, accepts, summary }: Loading, all: readonly Loading[]): string {
  const alone = all.filter(loading => loading.app === app).length === 1;
  const what = alone ? app : `${app} ${workload}`;
  if (accepts) return summary === '' ? `loading ${what}: accepted` : `loading ${what}: accepted: ${summary}`;
  return `loading ${what}: refused: ${summary}`;
}

/** Checks that tell more than the headline: violated or excused ones, and those that did not come out as expected. */
export function checksToExplain(checks: readonly CheckResult[]): CheckResult[] {
  return checks.filter(({ verdict, pass }) => verdict === 'violated' || verdict === 'excused' || !pass);
}
