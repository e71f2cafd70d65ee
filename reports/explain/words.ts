/** Faults, and the words in which a result says what came of a backup and what was expected. */
import type { Consistency, Outcome, VerdictWord } from '../../sim/result.ts';
import type { ExpectedWord } from '../../sim/scenario/expectation.ts';
import type { FaultKind } from '../../sim/scenario/scenario.ts';
import type { Entry } from './entry.ts';

type Text = Omit<Entry, 'word' | 'kind'>;

const faults: { readonly [Kind in FaultKind]: Text } = {
  'read-error': {
    says: 'Sectors cannot be read: once, for a while, or for good.',
    more: ['While preserving it is the fault rule that decides; in a backup it is the report of the backup.'],
    example: 'faults: [{ kind: read-error, on: C, sectors: 100..199, at: 12 s, for: 5 s }]',
    see: ['fault-rule'],
  },
  'write-error': {
    says: 'A write, flush or discard fails; nothing, a part or all of it has been done all the same.',
    more: ['On the cache the fault rule decides; on a live volume the application is told.'],
    example: 'faults: [{ kind: write-error, on: cache, nth: 3, op: flush, done: part }]',
    see: ['fault-rule'],
  },
  latency: {
    says: 'An operation or a whole drive becomes slow, or hangs.',
    more: ['It tries the limits: quiet, hold, preserve and idle.'],
    example: 'faults: [{ kind: latency, on: cache, op: write, factor: x1000, for: 20 s }]',
    see: ['fault-rule', 'timed-out'],
  },
  'drive-gone': {
    says: 'A drive vanishes, and perhaps comes back as it was.',
    more: ['A cache drive that vanishes loses the snapshot; the applications go on.'],
    example: 'faults: [{ kind: drive-gone, on: cache, at: 30 s }]',
    see: ['fault-rule', 'lost'],
  },
  'agent-dies': {
    says: 'The backup program ends half-way, or lives on and never reads again.',
    more: ['The host notices an end and releases the snapshot; silence ends with the idle limit.'],
    example: 'faults: [{ kind: agent-dies, nth: 10, how: stops }]',
    see: ['idle', 'released', 'failed'],
  },
  'writer-at-T': {
    says: 'A write is issued in the very event in which T is taken, just before it, just after it, or both.',
    more: ['The first must be in the picture as far as it was completed, the second must not.'],
    example: 'faults: [{ kind: writer-at-T, on: C, when: both }]',
    see: ['one-instant'],
  },
  'power-cut': {
    says: 'The power of the whole world is cut: memory is gone, drives keep what was durable and a part of what was not.',
    more: [
      'A sector keeps its durable version or any later one that it was given. Whole requests are there or not, in the order in which they completed; those that were at a drive come after them, in any order. With `torn: true` one write is there in part.',
      'The machine starts again after `back`: volumes are put in order as SCANDISK did, applications open what the drives hold, and SQLite recovers. A backup under way has failed, unless its snapshot is durable.',
      'Files of an application without recovery that do not match then are not judged from that instant on: no backup can mend what the cut has done.',
    ],
    example: 'faults: [{ kind: power-cut, nth: 40, on: C, op: write, back: 5 s }]',
    see: ['durable', 'kill'],
  },
  kill: {
    says: 'All programs of the machine end at once, its drives live on.',
    more: ['What was at a drive is done there, and nobody is told. The machine starts again after `back`.'],
    example: 'faults: [{ kind: kill, at: 12 s, back: 2 s }]',
    see: ['durable', 'power-cut'],
  },
};

const outcomes: { readonly [Word in Outcome | Consistency]: Text } = {
  completed: {
    says: 'The backup ran to its end: there is a restore, and its data is judged.',
    more: ['What then cannot be read back is violated, never "not applicable".'],
    example: 'expect: { otm: { outcome: completed, relational: held } }',
    see: ['held'],
  },
  'timed-out': {
    says: 'The wait limit passed and the disk was never quiet for long enough.',
    more: ['With `neverQuiet: take-anyway` the picture is taken all the same, and called crash-consistent.'],
    example: 'expect: { otm: timed-out }',
    see: ['quiet', 'crash-consistent'],
  },
  lost: {
    says: 'The snapshot could no longer be exact, so it was given up: with its first cause, and without hurting anybody.',
    more: [
      'A full cache, an error while preserving, a cache drive that vanished. The engine checks are judged all the same: a lost snapshot excuses nothing else.',
    ],
    example: 'expect: { otm: lost }',
    see: ['fault-rule', 'bounded'],
  },
  failed: {
    says: 'The backup ended in any other way: hold or idle limit, agent or target gone, still running at the limit.',
    more: ['The reason stands in the result.'],
    example: 'expect: { otm: failed }',
    see: ['agent-dies'],
  },
  quiescent: {
    says: 'The picture was taken after a full quiet period: nothing was half-way.',
    more: ['When the quiet period is at least the write-back of the page cache, files match without any recovery.'],
    example: '- { otm: { quiet: 5 s } }',
    see: ['quiet', 'crash-consistent'],
  },
  'crash-consistent': {
    says: 'The picture was taken at one instant without quiet: what a power cut would have left.',
    more: [
      'All volumes stand at one instant, but applications need their recovery, and those that have none may not match.',
    ],
    example: '- { otm: { neverQuiet: take-anyway, waitLimit: 20 s } }',
    see: ['quiescent', 'timed-out'],
  },
};

const verdicts: { readonly [Word in VerdictWord]: Text } = {
  held: {
    says: 'A check found what was promised; of a whole method: completed, and everything that applies is held.',
    more: [
      'A method that is expected `held` must also have had something to judge: at least one of `intact`, `relational`, `prefix`, `sqlite` applies.',
    ],
    example: 'expect: { otm: held }',
    see: ['violated', 'not-applicable'],
  },
  violated: {
    says: 'A check found the promise broken; of a whole method: completed, and at least one data check is violated.',
    more: [
      'Its summary is a sentence in the words of the application, its evidence what disagrees. It is explained also when it was expected.',
    ],
    example: 'expect: { naive-copy: violated }',
    see: ['held', 'sometimes-violated'],
  },
  excused: {
    says: 'Something is wrong because of a fault that was injected, and that nobody could have noticed.',
    more: [
      'For exactly the sectors of the fault. `held` accepts it only when the scenario has that fault; a run in which everything is excused has failed.',
    ],
    example: 'faults: [{ kind: read-error, on: C, sectors: 100..199 }]',
    see: ['held'],
  },
  'not-applicable': {
    says: 'There was nothing to compare.',
    more: [
      'Over zero files, sectors or transactions nothing is held. After a backup that did not complete there is no restore, and so no data check applies.',
      'Files of a workload are related to each other only when all were selected: what `include` and `exclude` leave a part of is not judged by `relational`, `prefix` and `sqlite`.',
      'A check that an expectation names and that has nothing to judge makes it fail, unless the word is `may`.',
    ],
    example: 'otm run nothing-changes --json',
    see: ['held'],
  },
};

const expectations: { readonly [Word in Exclude<ExpectedWord, VerdictWord>]: Text } = {
  may: {
    says: 'Any verdict passes; of a whole method any outcome and any data verdict.',
    more: ['The promises of the engine must be kept all the same.'],
    example: 'expect: { live-image: may }',
    see: ['held', 'violated'],
  },
  'sometimes-violated': {
    says: 'Passes each run, and fails a suite of 20 runs or more in which none was violated.',
    more: [
      'For what depends on luck. `violated` is for what is certain.',
      'Each check and each workload that it is said of has to be violated once; said of a check without a workload, or of a method, one of them is enough.',
    ],
    example: 'expect: { live-image: { relational: sometimes-violated } }',
    see: ['violated'],
  },
};

function entries(kind: Entry['kind'], texts: { readonly [word: string]: Text }): readonly Entry[] {
  return Object.entries(texts).map(([word, text]) => ({ word, kind, ...text }));
}

export const faultEntries = entries('fault', faults);
export const outcomeEntries = entries('outcome', outcomes);
export const verdictEntries = entries('verdict', verdicts);
export const expectationEntries = entries('expectation', expectations);
