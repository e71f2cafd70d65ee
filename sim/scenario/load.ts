/**
 * From the texts of a scenario to its variants, or to all that is wrong with them. Pure: files come through a reader.
 *
 * Whatever the texts hold, nothing is thrown but a defect of ours, and each error has a place inside a text.
 */
import type { z } from 'zod';
import type { Bytes } from '../../engine/units.ts';
import type { UserError } from '../user-error.ts';
import { readSettings, type Setting, withSettings } from './command-line.ts';
import { badInput } from './error-codes.ts';
import { errorsOf } from './issues.ts';
import { type MapNode, mapWith, placeOf, plain } from './located.ts';
import { expandMatrix, type Variant } from './matrix.ts';
import { Report } from './report.ts';
import { type ResolveOptions, resolve } from './resolve.ts';
import { salvage } from './salvage.ts';
import type { Scenario } from './scenario.ts';
import { FILE_KEYS, scenario } from './schema.ts';
import { type ReadFile, SourceFiles } from './source-files.ts';

export interface LoadOptions {
  /** `PATH=YAML`, applied last, in order. */
  readonly sets?: readonly string[];
  /** A world that would touch more than this before 0 s is refused; 1 GiB unless told. */
  readonly memoryLimitBytes?: Bytes;
}

export interface Loaded {
  readonly ok: true;
  /** Every variant, in the order of the matrix; empty for a template, which is not run. */
  readonly scenarios: readonly Scenario[];
  readonly isTemplate: boolean;
  readonly story: string;
  /** Every text that was read, by its path: the entry first. */
  readonly texts: ReadonlyMap<string, string>;
}

export interface NotLoaded {
  readonly ok: false;
  /** All of them, by text and place. Never empty. */
  readonly errors: readonly UserError[];
  /** For `formatBadInput`: files and `--set` values. */
  readonly texts: ReadonlyMap<string, string>;
}

export type LoadResult = Loaded | NotLoaded;

const MEMORY_LIMIT_BYTES: Bytes = 1_073_741_824;
/** More errors help nobody. */
const ERRORS_MAX = 500;

/** @example load('scenarios/a.yaml', path => texts[path] ?? null, { sets: ['backups.methods.otm.quiet=0s'] }) */
export function load(entry: string, readFile: ReadFile, options: LoadOptions = {}): LoadResult {
  const files = new SourceFiles(readFile);
  const { root, isTemplate, story } = files.merged(entry);
  const errors = [...files.errors];
  const settings = readSettings(options.sets ?? [], errors);
  const resolving = { story, memoryLimitBytes: options.memoryLimitBytes ?? MEMORY_LIMIT_BYTES };
  let scenarios: readonly Scenario[] = [];
  if (root !== null && isTemplate) errors.push(...templateErrors(root));
  else if (root !== null) scenarios = variantsOf(root, settings, resolving, errors);
  if (errors.length === 0) return { ok: true, scenarios, isTemplate, story, texts: files.texts };
  const setTexts = (options.sets ?? []).map(
    (text, index, all) => [all.length === 1 ? '--set' : `--set ${index + 1}`, text] as const,
  );
  const texts = new Map([...files.texts, ...setTexts]);
  return { ok: false, errors: inOrder(errors, [...texts.keys()]), texts };
}

function variantsOf(
  root: MapNode,
  settings: readonly Setting[],
  resolving: ResolveOptions,
  errors: UserError[],
): Scenario[] {
  const name = root.entries.get('name')?.value;
  if (root.entries.has('matrix') && name?.is === 'scalar' && String(name.value).includes('[')) {
    errors.push(badInput('bad-name', placeOf(name.spot), 'the brackets of a name are for the variants of its matrix'));
    return [];
  }
  return expandMatrix(root, errors).flatMap(variant => scenarioOf(variant, settings, resolving, errors) ?? []);
}

function scenarioOf(
  variant: Variant,
  settings: readonly Setting[],
  resolving: ResolveOptions,
  errors: UserError[],
): Scenario | null {
  const root = withSettings(mapWith(variant.root, 'matrix', null), settings, errors);
  const parsed = scenario.safeParse(plain(root));
  if (!parsed.success) {
    errors.push(...errorsOf(root, parsed.error.issues, { isTemplate: false }));
    errors.push(...errorsOfSense(root, parsed.error.issues, resolving));
    return null;
  }
  const report = new Report(root);
  const resolved = resolve(parsed.data, resolving, report);
  errors.push(...report.errors);
  return report.errors.length === 0 ? resolved : null;
}

/** What else is wrong with a scenario that has not the right form: its user wants to hear of everything at once. */
function errorsOfSense(root: MapNode, issues: readonly z.core.$ZodIssue[], resolving: ResolveOptions): UserError[] {
  const salvaged = salvage(root, issues);
  if (salvaged === null) return [];
  const report = new Report(salvaged.root);
  resolve(salvaged.parsed, resolving, report);
  return report.errors.filter(salvaged.isTrusted);
}

/** A template lacks what those that extend it bring; what it has must have the right form. */
function templateErrors(root: MapNode): UserError[] {
  const rest = FILE_KEYS.reduce((map, key) => mapWith(map, key, null), root);
  const parsed = scenario.safeParse(plain(rest));
  return parsed.success ? [] : errorsOf(rest, parsed.error.issues, { isTemplate: true });
}

/** By text and place, each once: variants repeat what is wrong with all of them. */
function inOrder(errors: readonly UserError[], paths: readonly string[]): UserError[] {
  const unique = new Map<string, UserError>();
  for (const error of errors) {
    const { code, place, message } = error;
    unique.set(JSON.stringify([code, place, message]), error);
  }
  const rank = ({ place }: UserError): number => (place === null ? -1 : paths.indexOf(place.file));
  return [...unique.values()]
    .sort((a, b) => {
      const lines = (a.place?.line ?? 0) - (b.place?.line ?? 0);
      return rank(a) - rank(b) || lines || (a.place?.column ?? 0) - (b.place?.column ?? 0);
    })
    .slice(0, ERRORS_MAX);
}
