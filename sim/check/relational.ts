/**
 * `relational`: there is one instant of the truth, up to the picture, at which no transaction of the application was open
 * and all its files had the restored content. An application that recovers has done so when it is judged: the transactions that its rows
 * hold must be the first so many, none of them in part.
 */

import { counted, grouped, listed, secondsText } from '../apps/wording.ts';
import type { Comparison } from './comparison.ts';
import type { DataEvidence, JudgedWorkload } from './data-evidence.ts';
import { byWorkload, held, NO_FILE, NO_TRANSACTION, notApplicable, violated } from './data-verdict.ts';
import { differencesText, instantText, placeText } from './differences.ts';
import { type Found, Spans } from './instants.ts';
import { holesText, sequenceOf } from './sequence.ts';
import type { Verdict } from './verdict.ts';

const TOLD = 3;

export function relational(evidence: DataEvidence): Verdict[] {
  return byWorkload(evidence, 'relational', workload =>
    workload.application.recovers ? judgeRows(evidence, workload) : judgeFiles(evidence, workload),
  );
}

function judgeFiles(evidence: DataEvidence, workload: JudgedWorkload): Verdict {
  const { application, truth } = workload;
  const files = evidence.filesOf(workload);
  const looked = files.length === 0 ? 0 : evidence.committedCount(workload) || files.length;
  const found = evidence.comparer.solve(files, noAnswer(evidence, workload));
  const [fit] = found.fits;
  if (fit !== undefined) {
    const { at } = evidence.restore;
    const isT = at !== null && found.fits.some(({ from, to }) => from <= at && at < to);
    const event = isT ? at : fit.from;
    const instant = isT ? `at T (event ${grouped(event)})` : instantText(evidence.truth, event);
    const when = `${instant}, ${placeText(truth, event)}`;
    const summary = `${counted(files.length, 'file')} as all were at one instant, ${when}`;
    return held('relational', application.id, NO_FILE, { looked, summary, evidence: { event } });
  }
  const loading = evidence.loading(workload);
  const sequence = sequenceOf(truth, evidence.heldBy(workload));
  const summary = loading.accepts
    ? `at no instant were all its files as they were restored; ${holesText(sequence)}`
    : loading.summary;
  return violated('relational', application.id, {
    looked,
    summary,
    evidence: {
      firstHole: sequence.firstHole,
      ...loading.evidence,
      nearestEvent: found.nearest,
      differs: found.differs,
    },
    story: tell(evidence, workload, files, found),
  });
}

/** What was restored, what the truth had at the nearest instant, and why no instant fits. */
function tell(evidence: DataEvidence, workload: JudgedWorkload, files: readonly Comparison[], found: Found): string[] {
  const { truth, comparer } = evidence;
  const restored = files.filter(file => file.restored !== null);
  const names = listed(
    restored.map(file => `${file.path} (${counted(file.restored?.sizeBytes ?? 0, 'byte')})`),
    TOLD,
  );
  const story = [restored.length === 0 ? 'Restored: none of its files.' : `Restored: ${names}.`];
  const whileOpen = comparer.solve(files, null);
  const [torn] = whileOpen.fits;
  if (torn !== undefined) {
    const when = `${instantText(truth, torn.from)}, ${placeText(workload.truth, torn.from)}`;
    const why = torn.from > evidence.until ? 'only after the picture' : 'only while a transaction was open';
    story.push(`All its files were so ${when}: ${why}.`);
    return story;
  }
  const { nearest } = found;
  const moving = files.filter(file => file.spans.count > 0);
  const differing = moving.filter(({ spans }) => nearest !== null && spans.listsAt(nearest).length > 0);
  const whens = moving.map((file): When => ({ file, fits: comparer.solve([file], null).fits }));
  for (const when of mostAtOdds(whens)) story.push(whenText(evidence, workload, when));
  if (nearest === null) return story;
  const details = differing.slice(0, TOLD).map(file => `${file.path}: ${differencesText(file, nearest)}`);
  if (differing.length > TOLD) details.push(`and ${counted(differing.length - TOLD, 'more file')}`);
  const instant = `${instantText(truth, nearest)}, ${placeText(workload.truth, nearest)}`;
  story.push(`No instant has them all. The nearest is ${instant}; there ${details.join('; ')}.`);
  return story;
}

/** When one file alone was as it was restored. */
interface When {
  readonly file: Comparison;
  readonly fits: Found['fits'];
}

const beginOf = ({ fits }: When): number => fits[0]?.from ?? Number.POSITIVE_INFINITY;
const endOf = ({ fits }: When): number => fits[fits.length - 1]?.to ?? Number.POSITIVE_INFINITY;

/** The file that was so first, the one that was so last, then those that never were: in the order of time. */
function mostAtOdds(whens: readonly When[]): When[] {
  const once = whens.filter(({ fits }) => fits.length > 0);
  const [earliest] = [...once].sort((a, b) => endOf(a) - endOf(b));
  const [latest] = once.filter(when => when !== earliest).sort((a, b) => beginOf(b) - beginOf(a));
  const atOdds = [earliest, latest].filter(when => when !== undefined);
  return [...atOdds, ...whens.filter(({ fits }) => fits.length === 0)].slice(0, TOLD);
}

function whenText({ truth }: DataEvidence, workload: JudgedWorkload, { file, fits }: When): string {
  const first = fits[0];
  const last = fits[fits.length - 1];
  const what = file.restored === null ? `${file.path} was not there` : `${file.path} was so`;
  if (first === undefined || last === undefined) return `${file.path} alone was never so.`;
  const from = `from ${secondsText(truth.timeOf(first.from))} (${placeText(workload.truth, first.from)})`;
  const end = last.to - 1;
  const to =
    end === truth.lastEvent ? 'on' : `to ${secondsText(truth.timeOf(end))} (${placeText(workload.truth, end)})`;
  return `${what} ${from} ${to}${fits.length > 1 ? ', with breaks' : ''}.`;
}

/** Instants that can't be an answer: while a transaction was open, and all that come after the picture. */
function noAnswer({ until, truth: { lastEvent } }: DataEvidence, { truth }: JudgedWorkload): Spans {
  const spans = new Spans();
  for (const { began, closed } of truth.transactions) spans.add(began, Math.min(closed, until + 1), 1, 0);
  spans.add(until + 1, lastEvent + 1, 1, 0);
  return spans;
}

function judgeRows(evidence: DataEvidence, workload: JudgedWorkload): Verdict {
  const { application, truth } = workload;
  const loading = evidence.loading(workload);
  const looked = evidence.committedCount(workload);
  const { id } = application;
  if (loading.transactions === null) {
    if (loading.accepts) return notApplicable('relational', id, loading.summary);
    return violated('relational', id, { looked, summary: loading.summary, evidence: loading.evidence });
  }
  const sequence = sequenceOf(truth, loading.transactions);
  if (loading.accepts && sequence.firstHole === null) {
    const last = truth.transactions[sequence.last - 1];
    const when = last === undefined ? 'before its first transaction' : `after transaction ${grouped(sequence.last)}`;
    return held('relational', id, NO_TRANSACTION, {
      looked,
      summary: `its rows are those ${when}`,
      evidence: { last: sequence.last },
    });
  }
  return violated('relational', id, {
    looked,
    summary: loading.accepts ? `after recovery ${holesText(sequence)}` : loading.summary,
    evidence: { firstHole: sequence.firstHole, ...loading.evidence },
    story: [`After its recovery: ${loading.summary}.`, `By transactions: ${holesText(sequence)}.`],
  });
}
