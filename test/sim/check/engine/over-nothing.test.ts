/** What engine checks say where there is little to look at; that they fail on planted defects is tried in test/planted. */
import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../../../engine/events.ts';
import type { EngineEvidence } from '../../../../sim/check/engine/engine-verdict.ts';
import { faultRule } from '../../../../sim/check/engine/fault-rule.ts';
import { idle } from '../../../../sim/check/engine/idle.ts';
import { quiet } from '../../../../sim/check/engine/quiet.ts';
import { released } from '../../../../sim/check/engine/released.ts';
import { several } from '../../../../sim/check/engine/several.ts';

/** Snapshots of which each was read and is exact but for `differing` sectors. */
function evidence(order: readonly string[], differing: { readonly [id: string]: number } = {}): EngineEvidence {
  const engineEvents = order.map((step, at) => {
    const [kind, snapshot] = step.split(' ');
    return { kind, snapshot, at } as EngineEvent;
  });
  const ids = [...new Set(engineEvents.map(({ snapshot }) => snapshot))];
  const snapshots = ids.map(id => ({
    request: { id },
    T: 0,
    lives: [1],
    closings: [order.indexOf(`released ${id}`)],
    findings: { differenceCount: differing[id] ?? 0, comparedSectors: 100 },
  }));
  return { world: { engineEvents }, snapshots } as unknown as EngineEvidence;
}

describe('several', () => {
  it('is judged of snapshots that were alive at once', () => {
    const order = ['enabled a', 'enabled b', 'released a', 'gone a', 'released b', 'enabled c', 'released c'];
    expect(several(evidence(order))).toMatchObject({
      verdict: 'held',
      looked: 202,
      summary: '2 snapshots are each exact, and each had its own end',
    });
    expect(several(evidence(order, { b: 3 }))).toMatchObject({
      verdict: 'violated',
      summary: 'b: 3 sectors are not exact',
    });
    expect(several(evidence(order, { c: 3 })).verdict).toBe('held');
  });

  it('does not apply to snapshots that came one after the other (regression)', () => {
    for (const end of ['released', 'lost']) {
      expect(several(evidence(['enabled a', `${end} a`, 'gone a', 'enabled b']))).toMatchObject({
        verdict: 'not-applicable',
        looked: 0,
        summary: 'no two snapshots were alive at once',
      });
    }
  });
});

describe('an engine check over nothing', () => {
  it('says why it does not apply, not that all is well (regression)', () => {
    const world = {
      engineEvents: [],
      requests: { length: 0, rows: () => [] },
      drives: new Map(),
      snapshots: [],
      backupDrives: [],
      lentLetters: new Set(),
      engine: { aliveCount: 0 },
      machine: { boot: { isAlive: true } },
      doors: { heldWrites: () => [] },
    };
    const nothing = { world, snapshots: [], backups: [] } as unknown as EngineEvidence;
    const verdicts = [idle, faultRule, quiet, released].map(check => check(nothing));
    for (const { verdict } of verdicts) expect(verdict).toBe('not-applicable');
    expect(verdicts.map(({ summary }) => summary)).toEqual([
      'no snapshot was left unread for as long as its idle limit',
      'no fault came that the rule is about',
      'no snapshot was enabled, and none was given up',
      'no snapshot came to its end',
    ]);
  });
});
