import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Found, hasFreeInstant, Instants, Spans } from '../../../sim/check/instants.ts';

/** A list of versions, as the truth keeps them: (event, value), the first one at event 0. */
type List = readonly { event: number; value: number }[];

const LAST_EVENT = 30;

const list = fc
  .uniqueArray(fc.integer({ min: 1, max: LAST_EVENT }), { maxLength: 6 })
  .chain(events =>
    fc
      .array(fc.integer({ min: 0, max: 2 }), { minLength: events.length + 1, maxLength: events.length + 1 })
      .map(values => [0, ...events.sort((a, b) => a - b)].map((event, at) => ({ event, value: values[at]! }))),
  );

/** Alternating lengths of what is allowed and what is excluded. */
const exclusions = fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 8 }).map(lengths => {
  const spans = new Spans();
  let from = 0;
  lengths.forEach((length, at) => {
    const to = Math.min(from + length, LAST_EVENT + 1);
    if (at % 2 === 1) spans.add(from, to, 1, 0);
    from = to;
  });
  return spans;
});

function valueAt(versions: List, event: number): number {
  return versions.filter(version => version.event <= event).at(-1)!.value;
}

function spansOf(lists: readonly List[], restored: readonly number[]): Spans {
  const spans = new Spans(1);
  lists.forEach((versions, number) => {
    versions.forEach(({ event, value }, at) => {
      if (value !== restored[number]) spans.add(event, versions[at + 1]?.event ?? LAST_EVENT + 1, 1, number);
    });
  });
  return spans;
}

/** Looks at every instant and every list. */
function bruteForce(lists: readonly List[], restored: readonly number[], excluded: Spans) {
  const sums = Array.from({ length: LAST_EVENT + 1 }, (_, event) =>
    excluded.listsAt(event).length > 0
      ? null
      : lists.filter((versions, number) => valueAt(versions, event) !== restored[number]).length,
  );
  const allowed = sums.filter(sum => sum !== null);
  const least = allowed.length === 0 ? null : Math.min(...allowed);
  return {
    fits: sums.flatMap((sum, event) => (sum === 0 ? [event] : [])),
    nearest: least === null ? null : sums.indexOf(least),
    differs: least ?? 0,
  };
}

function flat(found: Found) {
  const fits = found.fits.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at));
  return { fits, nearest: found.nearest, differs: found.differs };
}

describe('some one instant', () => {
  it('is what looking at every list at every instant finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(list, fc.integer({ min: 0, max: 2 })), { maxLength: 8 }),
        exclusions,
        (pairs, excluded) => {
          const lists = pairs.map(pair => pair[0]);
          const restored = pairs.map(pair => pair[1]);
          const spans = spansOf(lists, restored);
          const instants = new Instants(LAST_EVENT);
          instants.addAll(spans);
          const found = instants.solve(excluded);
          expect(flat(found)).toEqual(bruteForce(lists, restored, excluded));
          for (let event = 0; event <= LAST_EVENT; event++) {
            const differing = lists.flatMap((versions, at) => (valueAt(versions, event) === restored[at] ? [] : [at]));
            expect(
              spans
                .compact()
                .listsAt(event)
                .sort((a, b) => a - b),
            ).toEqual(differing);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is every instant when there is no list, and none when all are excluded', () => {
    expect(new Instants(4).solve(null)).toEqual({ fits: [{ from: 0, to: 5 }], nearest: 0, differs: 0 });
    const all = new Spans();
    all.add(0, 5, 1, 0);
    expect(new Instants(4).solve(all)).toEqual({ fits: [], nearest: null, differs: 0 });
  });

  it('is found to be there or not by looking at few spans, too', () => {
    const span = fc.tuple(fc.nat(LAST_EVENT), fc.integer({ min: 1, max: 12 }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 90 }), fc.nat(6), fc.nat(LAST_EVENT), (list, every, until) => {
        const spans = new Spans();
        for (const [from, length] of list) spans.add(from, Math.min(from + length + every, LAST_EVENT + 1), 1, 0);
        const instants = new Instants(LAST_EVENT);
        instants.addAll(spans);
        const { fits } = instants.solve(null);
        expect(hasFreeInstant(spans, LAST_EVENT, LAST_EVENT)).toBe(fits.length > 0);
        expect(hasFreeInstant(spans, LAST_EVENT, until)).toBe(fits.some(({ from }) => from <= until));
      }),
    );
  });

  it('refuses a span outside of time', () => {
    const late = new Spans();
    late.add(3, 6, 1, 0);
    expect(() => new Instants(4).addAll(late)).toThrow('a span from 3 to 6 of 5 instants');
  });
});
