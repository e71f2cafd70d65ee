/** Random corruptions; one in four has the checksum of the damaged record itself recomputed. */
import fc from 'fast-check';
import type { Corruption } from './fuzz.ts';

export const corruption: fc.Arbitrary<Corruption> = fc.record({
  of: fc.nat(1000),
  kind: fc.constantFrom('lost' as const, 'zeroed' as const, 'swapped' as const, 'flipped' as const, 'noise' as const),
  target: fc.constantFrom('anywhere' as const, 'record' as const, 'header' as const, 'counter' as const),
  where: fc.nat(1_000_000),
  length: fc.nat(1000),
  value: fc.nat(1_000_000),
  isResealed: fc.nat(3).map(value => value === 0),
});
