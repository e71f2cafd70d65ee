/**
 * The variants of a scenario: one for each combination of the values of its axes, less `exclude`, plus `include`.
 *
 * Invariants
 * I1 Labels are unique: `granule=4KiB,quiet=0s`. The last word of an axis names it, with as many words before as it takes
 *    to tell two axes apart.
 * I2 An entry of `include` adds to each combination that it agrees with, and is one of its own when it agrees with none.
 */
import type { UserError } from '../user-error.ts';
import { badInput, type ScenarioErrorCode } from './error-codes.ts';
import { type LocatedNode, type MapEntry, type MapNode, mapWith, placeOf, plain, type Spot } from './located.ts';
import { merge } from './merge.ts';
import { found, quoted } from './reading.ts';
import { pathWords, setPath } from './set-path.ts';
import { nearestPath, UNSETTABLE } from './settable-paths.ts';

export interface Variant {
  /** Null when there is no matrix. */
  readonly label: string | null;
  readonly root: MapNode;
}

interface Axis {
  readonly path: string;
  readonly keySpot: Spot;
  readonly name: string;
  readonly values: readonly LocatedNode[];
}

/** Values by the path of their axis, and what an `include` adds beside. */
interface Combination {
  readonly values: ReadonlyMap<string, LocatedNode>;
  readonly extras: readonly (readonly [string, MapEntry])[];
}

const VARIANTS_MAX = 1000;
const LABEL_LENGTH_MAX = 40;

export function expandMatrix(root: MapNode, errors: UserError[]): Variant[] {
  const matrix = root.entries.get('matrix')?.value;
  if (matrix === undefined) return [{ label: null, root }];
  const say = (code: ScenarioErrorCode, spot: Spot, message: string, hint: string | null = null): void => {
    errors.push(badInput(code, placeOf(spot), message, hint));
  };
  if (matrix.is !== 'map') {
    say('wrong-type', matrix.spot, `expected a mapping of paths to lists, found ${found(plain(matrix))}`);
    return [];
  }
  const before = errors.length;
  const axes = axesOf(matrix, say);
  const size = axes.reduce((product, axis) => product * axis.values.length, 1);
  if (size > VARIANTS_MAX) {
    say('bad-matrix', matrix.spot, `the matrix makes ${size} variants, at most ${VARIANTS_MAX}`);
    return [];
  }
  let combinations = product(axes);
  for (const entry of entriesOf(matrix, 'exclude', say)) combinations = without(combinations, entry, axes, say);
  for (const entry of entriesOf(matrix, 'include', say)) combinations = including(combinations, entry, axes);
  if (combinations.length === 0 && errors.length === before)
    say('bad-matrix', matrix.spot, 'the matrix leaves no variant');
  const variants = combinations.flatMap(combination => variantOf(root, combination, axes, say) ?? []);
  checkLabels(variants, matrix.spot, say);
  return variants;
}

type Say = (code: ScenarioErrorCode, spot: Spot, message: string, hint?: string | null) => void;

function axesOf(matrix: MapNode, say: Say): Axis[] {
  const paths = [...matrix.entries.keys()].filter(key => key !== 'include' && key !== 'exclude');
  return paths.flatMap((path): Axis[] => {
    const { keySpot, value } = matrix.entries.get(path)!;
    if (value.is !== 'list' || value.items.length === 0) {
      const instead = value.is === 'list' ? 'an empty one' : found(plain(value));
      say('bad-matrix', value.spot, `the axis ${quoted(path)} takes a list of values, found ${instead}`);
      return [];
    }
    return [{ path, keySpot, name: shortName(path, paths), values: value.items }];
  });
}

/** As many of its last words as tell it from the others. */
function shortName(path: string, paths: readonly string[]): string {
  const words = path.split('.');
  for (let count = 1; count < words.length; count++) {
    const name = words.slice(-count).join('.');
    const isAlone = paths.every(other => other === path || !`.${other}`.endsWith(`.${name}`));
    if (isAlone) return name;
  }
  return path;
}

function product(axes: readonly Axis[]): Combination[] {
  let combinations: Combination[] = [{ values: new Map(), extras: [] }];
  for (const { path, values } of axes) {
    combinations = combinations.flatMap(combination => {
      return values.map(value => ({ ...combination, values: new Map([...combination.values, [path, value]]) }));
    });
  }
  return axes.length === 0 ? [] : combinations;
}

function entriesOf(matrix: MapNode, key: 'exclude' | 'include', say: Say): MapNode[] {
  const list = matrix.entries.get(key)?.value;
  if (list === undefined) return [];
  if (list.is !== 'list') {
    say('wrong-type', list.spot, `expected a list of combinations, found ${found(plain(list))}`);
    return [];
  }
  return list.items.flatMap(item => {
    if (item.is === 'map' && item.entries.size > 0) return [item];
    say('wrong-type', item.spot, `expected a mapping of paths to values, found ${found(plain(item))}`);
    return [];
  });
}

function without(combinations: Combination[], entry: MapNode, axes: readonly Axis[], say: Say): Combination[] {
  for (const [path, { keySpot }] of entry.entries) {
    if (axes.some(axis => axis.path === path)) continue;
    say(
      'set-path',
      keySpot,
      `${quoted(path)} is no axis of the matrix`,
      `its axes are ${axes.map(axis => axis.path).join(', ')}`,
    );
    return combinations;
  }
  const kept = combinations.filter(combination => !agrees(combination, entry));
  if (kept.length === combinations.length)
    say('bad-matrix', entry.spot, 'no combination has these values: nothing is excluded');
  return kept;
}

function including(combinations: Combination[], entry: MapNode, axes: readonly Axis[]): Combination[] {
  const isAxis = (path: string): boolean => axes.some(axis => axis.path === path);
  const extras = [...entry.entries].filter(([path]) => !isAxis(path));
  if (combinations.some(combination => agrees(combination, entry))) {
    return combinations.map(combination => {
      return agrees(combination, entry) ? { ...combination, extras: [...combination.extras, ...extras] } : combination;
    });
  }
  const values = [...entry.entries].filter(([path]) => isAxis(path)).map(([path, { value }]) => [path, value] as const);
  return [...combinations, { values: new Map(values), extras }];
}

/** Whether the combination has every value that the entry gives to an axis. */
function agrees({ values }: Combination, entry: MapNode): boolean {
  for (const [path, { value }] of entry.entries) {
    const own = values.get(path);
    if (own !== undefined && valueText(own) !== valueText(value)) return false;
  }
  return true;
}

function variantOf(root: MapNode, { values, extras }: Combination, axes: readonly Axis[], say: Say): Variant | null {
  const label = axes
    .filter(axis => values.has(axis.path))
    .map(axis => `${axis.name}=${labelOf(values.get(axis.path)!, axis.values)}`)
    .join(',');
  const settings = axes.flatMap(({ path, keySpot }) => {
    const value = values.get(path);
    return value === undefined ? [] : [[path, { keySpot, value }] as const];
  });
  let result: LocatedNode = root;
  for (const [path, entry] of [...settings, ...extras]) {
    const next: LocatedNode | null =
      path === 'expect' ? withExpect(result, entry) : withValue(result, path, entry, say);
    if (next === null) return null;
    result = next;
  }
  if (result.is !== 'map') return null;
  const name = result.entries.get('name');
  if (name?.value.is !== 'scalar') return { label, root: result };
  const named = { ...name.value, value: `${String(name.value.value)}[${label}]` };
  return { label, root: mapWith(result, 'name', { ...name, value: named }) };
}

/** An `include` overrides what is expected method by method. */
function withExpect(root: LocatedNode, entry: MapEntry): LocatedNode {
  const over: MapNode = { is: 'map', entries: new Map([['expect', entry]]), spot: entry.value.spot };
  return { ...merge(root, over), spot: root.spot };
}

function withValue(root: LocatedNode, path: string, { keySpot, value }: MapEntry, say: Say): LocatedNode | null {
  const first = path.split('.')[0] ?? '';
  const result = UNSETTABLE.includes(first) ? null : setPath(root, pathWords(path, keySpot), value);
  if (result?.ok === true) return result.root;
  const guess = nearestPath(path, root);
  const meant = guess === null ? '' : `, did you mean \`${guess}\`?`;
  const why = result === null ? 'it cannot be set' : result.why;
  say('set-path', keySpot, `${quoted(path)} leads nowhere: ${why}${meant}`);
  return null;
}

/** A scalar without blanks, anything else by its place in the list. */
function labelOf(value: LocatedNode, values: readonly LocatedNode[]): string {
  const text = valueText(value).replace(/[[\]\p{Cc}]/gu, '');
  if (value.is === 'scalar' && text.length <= LABEL_LENGTH_MAX && text !== '') return text;
  return `#${values.findIndex(other => valueText(other) === valueText(value)) + 1}`;
}

function valueText(value: LocatedNode): string {
  return value.is === 'scalar' ? value.text.replace(/\s+/g, '') : JSON.stringify(plain(value));
}

function checkLabels(variants: readonly Variant[], spot: Spot, say: Say): void {
  const seen = new Set<string | null>();
  for (const { label } of variants) {
    if (seen.has(label))
      say('bad-matrix', spot, `two variants are called ${quoted(label)}`, 'give each axis different values');
    seen.add(label);
  }
}
