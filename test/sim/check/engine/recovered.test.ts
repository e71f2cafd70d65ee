/** `recovered` over runs in which a machine has ended with a durable snapshot, as they were and with the books changed. */
import { beforeAll, describe, expect, test } from 'vitest';
import { MILLISECOND, SECOND } from '../../../../engine/units.ts';
import { recovered } from '../../../../sim/check/engine/recovered.ts';
import type { Fault } from '../../../../sim/scenario/scenario.ts';
import type { Interruption, WatchedSnapshot } from '../../../../sim/world/watched-snapshot.ts';
import { openRawWorld, type RawOptions, type RawRun } from '../../../planted/raw-world.ts';

let raw: Awaited<ReturnType<typeof openRawWorld>>;
beforeAll(async () => {
  raw = await openRawWorld();
});

const CUT: Fault = {
  kind: 'power-cut',
  trigger: { is: 'at', atNs: 2800 * MILLISECOND },
  on: null,
  op: null,
  backNs: 50 * MILLISECOND,
  torn: false,
};
const ALIVE: RawOptions = { otm: { durable: true }, faults: [CUT] };
const WAITING: RawOptions = { otm: { durable: true }, faults: [{ ...CUT, trigger: { is: 'at', atNs: 2.1 * SECOND } }] };
const NOT_READ = { because: 'rotten', detail: 'group 3' } as const;

/** Changes what the world has kept of the first end of a machine. */
function changed(run: RawRun, change: Partial<Interruption>): RawRun['evidence'] {
  const { world, snapshots } = run.evidence;
  const [snapshot] = snapshots;
  const interruptions = snapshot!.interruptions.map((each, at) => (at === 0 ? { ...each, ...change } : each));
  const other: WatchedSnapshot = Object.create(snapshot!, { interruptions: { value: interruptions } });
  return { world, snapshots: [other], backups: [] };
}

describe('a snapshot that was alive', () => {
  test('has to come back', () => {
    const run = raw(1, ALIVE);
    expect(recovered(run.evidence)).toMatchObject({ verdict: 'held', evidence: { back: 1, refused: 0 } });
    const verdict = recovered(changed(run, { became: NOT_READ }));
    expect(verdict.verdict).toBe('violated');
    expect(verdict.summary).toBe('otm: after a power cut it did not come back: rotten: group 3');
  });

  test('need not come back when nobody had been told of it, when it had ended, or when its cache had failed', () => {
    const run = raw(1, ALIVE);
    for (const change of [{ wasTold: false }, { hasEnded: true }]) {
      expect(recovered(changed(run, { became: NOT_READ, ...change })).verdict).toBe('held');
    }
    const failing: Fault = {
      kind: 'read-error',
      on: { is: 'cache' },
      sectors: null,
      trigger: { is: 'at', atNs: 2800 * MILLISECOND },
      duration: { is: 'ever' },
    };
    const failed = raw(1, { ...ALIVE, faults: [CUT, failing] });
    expect(failed).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/did not come back, unreadable: /),
    });
    expect(recovered(failed.evidence)).toMatchObject({ verdict: 'held', evidence: { back: 0, refused: 1 } });
  });

  test('has to be exact when it is back', () => {
    const run = raw(1, ALIVE);
    const [snapshot] = run.evidence.snapshots;
    snapshot!.findings.differs({ volume: 'C', sector: 7, seenBy: 'full-read' });
    expect(recovered(run.evidence).summary).toBe('otm: is back, and 1 sectors are not what they were at T');
    expect(recovered(changed(run, { differencesBefore: 1 })).verdict).toBe('held');
  });
});

describe('a snapshot that must not come back', () => {
  test('was never enabled', () => {
    const run = raw(1, WAITING);
    expect(recovered(run.evidence)).toMatchObject({ verdict: 'held', evidence: { back: 0, refused: 1 } });
    expect(recovered(changed(run, { became: 'back' })).summary).toBe(
      'otm: after a power cut it is back, and had never been enabled',
    );
  });

  test('had an end that was durable', () => {
    const run = raw(1, ALIVE);
    const { world } = run.evidence;
    const [state] = [...world.requests.rows('state')];
    const verdict = recovered(changed(run, { endedAs: state!.issuedAs, hasEnded: true }));
    expect(verdict.summary).toBe('otm: after a power cut it is back, and its end had been durable');
    expect(recovered(changed(run, { endedAs: run.evidence.snapshots[0]!.interruptions[0]!.issued })).verdict).toBe(
      'held',
    );
  });
});

test('says why it does not apply where no machine ended', () => {
  const { evidence } = raw(1, { otm: { durable: true } });
  expect(recovered(evidence)).toMatchObject({
    verdict: 'not-applicable',
    summary: 'no machine started again after one that had a durable snapshot',
  });
});
