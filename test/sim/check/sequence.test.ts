import { describe, expect, it } from 'vitest';
import { Truth } from '../../../sim/apps/truth.ts';
import { holesText, sequenceOf } from '../../../sim/check/sequence.ts';
import { baseOf } from '../apps/stage.ts';

/** Six transactions, the third of them given up. */
function workload() {
  const truth = new Truth({ base: baseOf([]), clock: () => 0 }).workload('bank');
  for (let number = 1; number <= 6; number++) {
    const transaction = truth.begin(number);
    if (number === 3) truth.aborted(transaction, 'no space');
    else truth.committed(transaction);
  }
  return truth;
}

function sequence(whole: number[], torn: number[]) {
  return sequenceOf(workload(), { whole: new Set(whole), torn: new Set(torn) });
}

describe('a sequence of transactions', () => {
  it('goes to the last that left a trace, and has a hole where one before it is not whole', () => {
    expect(sequence([], [])).toEqual({ last: 0, firstHole: null, torn: 0, lacking: 0 });
    expect(sequence([1, 2, 4], [])).toEqual({ last: 4, firstHole: null, torn: 0, lacking: 0 });
    expect(sequence([1, 2], [3, 4])).toEqual({ last: 4, firstHole: 4, torn: 1, lacking: 0 });
    expect(sequenceOf(workload(), { whole: new Set([1, 4]), torn: new Set(), untold: new Set([2, 5]) })).toEqual({
      last: 4,
      firstHole: null,
      torn: 0,
      lacking: 0,
    });
    expect(sequence([2, 6], [5])).toEqual({ last: 6, firstHole: 1, torn: 1, lacking: 2 });
  });

  it('is told in words', () => {
    expect(holesText(sequence([], []))).toBe('it holds no transaction');
    expect(holesText(sequence([1, 2], []))).toBe('it holds transactions 1 to 2');
    expect(holesText(sequence([2, 6], [5]))).toBe(
      '1 transaction is torn and 2 transactions lack; the first is 1, the last one that left a trace 6',
    );
  });
});
