/**
 * What zod found wrong, in our words and at its place in the text. Zod says what and under which path; the located tree
 * knows what stands there and where it came from.
 */
import type { z } from 'zod';
import type { UserError } from '../user-error.ts';
import { CHECK_NAMES, CHECKS } from './checks.ts';
import { badInput, type ScenarioErrorCode } from './error-codes.ts';
import type { CheckName } from './expectation.ts';
import { keySpot, type LocatedNode, type NodePath, nodeAt, placeOf, plain, type Spot } from './located.ts';
import { isMethodList } from './members.ts';
import { didYouMean, nearest } from './nearest.ts';
import { found, quoted } from './reading.ts';
import { FILE_KEYS } from './schema.ts';
import { nearestPath } from './settable-paths.ts';

type Issue = z.core.$ZodIssue;

/** More errors of one scenario help nobody. */
const ISSUES_MAX = 200;

export interface IssueOptions {
  /** A file that is only extended may lack any key. */
  readonly isTemplate: boolean;
}

interface Finding {
  readonly error: UserError;
  /** Path of a key that lacks. */
  readonly missing?: string;
  /** Path of the key that an unknown one was meant to be: that it lacks need not be said as well. */
  readonly meant?: string;
}

export function errorsOf(root: LocatedNode, issues: readonly Issue[], { isTemplate }: IssueOptions): UserError[] {
  const findings = plainIssues(root, issues).flatMap(issue => translate(root, issue));
  const meant = new Set(findings.map(finding => finding.meant));
  return findings
    .filter(({ missing }) => missing === undefined || !(isTemplate || meant.has(missing)))
    .map(({ error }) => error);
}

/** An issue with its path from the root; of a union the branch that was meant. */
export interface PlainIssue {
  readonly issue: Issue;
  readonly path: NodePath;
}

export function plainIssues(root: LocatedNode, issues: readonly Issue[], prefix: NodePath = []): PlainIssue[] {
  return issues.slice(0, ISSUES_MAX).flatMap(issue => {
    const path = [...prefix, ...(issue.path as NodePath)];
    const { node, isThere } = nodeAt(root, path);
    const branch = issue.code === 'invalid_union' && isThere ? bestBranch(issue.errors, node) : null;
    return branch === null ? [{ issue, path }] : plainIssues(root, branch, path);
  });
}

/** Whether the issue is that a key lacks. */
export function isMissing(root: LocatedNode, { issue, path }: PlainIssue): boolean {
  if (issue.code === 'custom') return issue.params?.code === 'missing-key';
  return !nodeAt(root, path).isThere;
}

function translate(root: LocatedNode, plainIssue: PlainIssue): Finding[] {
  const { issue, path } = plainIssue;
  const { node } = nodeAt(root, path);
  const { spot } = node;
  if (isMissing(root, plainIssue)) return [missingKey(path, spot)];
  switch (issue.code) {
    case 'custom':
      return [ofLeaf(issue, spot)];
    case 'unrecognized_keys':
      return issue.keys.slice(0, ISSUES_MAX).map(key => unknownKey(root, path, key, issue.message.split(' ')));
    case 'invalid_union':
      return [ofUnion(issue, path, node)];
    case 'invalid_value':
      return [unknownWord(path, node, issue.values.map(String))];
    case 'invalid_type':
      return [say('wrong-type', spot, `expected ${formName(issue.expected)}, found ${found(plain(node))}`)];
    case 'too_small':
    case 'too_big':
      return [ofLength(issue, path, node)];
    case 'invalid_key':
      return [say('bad-name', keySpot(root, path), noName(quoted(path.at(-1))))];
    case 'invalid_format':
      return [say('bad-name', spot, noName(found(plain(node))))];
    default:
      return [say('wrong-type', spot, `${nameOf(path)} has not the form that was expected`)];
  }
}

function ofLeaf(issue: z.core.$ZodIssueCustom, spot: Spot): Finding {
  const { code, hint } = issue.params as { code: ScenarioErrorCode; hint?: string | null };
  return say(code, spot, issue.message, hint ?? null);
}

function missingKey(path: NodePath, spot: Spot): Finding {
  const of = path.length > 1 ? ` in ${nameOf(path.slice(0, -1))}` : '';
  const finding = say('missing-key', spot, `the key ${quoted(path.at(-1))} is missing${of}`);
  return { ...finding, missing: path.join('.') };
}

function unknownKey(root: LocatedNode, path: NodePath, key: string, known: readonly string[]): Finding {
  const spot = keySpot(root, [...path, key]);
  if (isMethodList(path.slice(0, -1))) return unknownMethod(key, known, spot);
  const keys = path.length === 0 ? [...known, ...FILE_KEYS] : known;
  const guess = nearest(key, keys);
  const meant = guess === null ? {} : { meant: [...path, guess].join('.') };
  if (isInSetPath(spot)) return { ...leadsNowhere(root, spot, path, key, guess), ...meant };
  if (key === 'on' && path[0] === 'faults') {
    return say('fault-aim', spot, 'this kind of fault has no aim: it is the backup program that dies');
  }
  const [code, what] = unknownWhat(path);
  const message = `unknown ${what} ${quoted(key)}${didYouMean(key, keys)}`;
  return { ...say(code, spot, message, `known here: ${keys.join(', ')}`), ...meant };
}

/** A key of the path itself, not of the value behind it. */
function isInSetPath({ source, offset }: Spot): boolean {
  return source.setPath !== null && offset < source.text.indexOf('=');
}

/** A key of a `--set` that nothing knows: the whole path, with its nearest right word. */
function leadsNowhere(root: LocatedNode, spot: Spot, path: NodePath, key: string, guess: string | null): Finding {
  const whole = spot.source.setPath ?? '';
  const right = guess === null ? nearestPath(whole, root) : replaceWord(whole, key, guess);
  const meant = right === null ? '' : `, did you mean \`${right}\`?`;
  const where = path.length === 0 ? '' : ` in ${nameOf(path)}`;
  return say('set-path', spot, `${quoted(whole)} leads nowhere: there is no key ${quoted(key)}${where}${meant}`);
}

function unknownMethod(word: string, words: readonly string[], spot: Spot): Finding {
  const known = words.filter(name => name !== 'id');
  if (word === 'none') {
    const hint = 'it is the base of every cost, and not judged';
    return say('unknown-method', spot, '`none` is run without being asked: leave it out', hint);
  }
  const message = `unknown method ${quoted(word)}${didYouMean(word, known)}`;
  return say('unknown-method', spot, message, `known: ${known.join(', ')}`);
}

/** A pair with more or fewer than two, or a list that may not be empty. */
function ofLength(
  issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig,
  path: NodePath,
  node: LocatedNode,
): Finding {
  const { spot } = node;
  const name = nameOf(path);
  if (issue.code === 'too_small' && issue.minimum === 1) {
    return say('wrong-type', spot, `${name} is empty: expected at least 1 of them`);
  }
  const value = plain(node);
  const count = Array.isArray(value) ? value.length : 0;
  const message = `expected ${formName('tuple')}, found ${count === 0 ? 'an empty list' : `a list of ${count}`}`;
  return say('wrong-type', spot, `${name}: ${message}`, 'write it as `rename: [OLD, NEW]`');
}

function unknownWord(path: NodePath, node: LocatedNode, words: readonly string[]): Finding {
  const value = plain(node);
  if (node.is === 'map' && path[0] === 'expect' && path.length === 3) return notByWorkload(path, node, words);
  if (node.is !== 'scalar') return say('wrong-type', node.spot, `expected a word, found ${found(value)}`, oneOf(words));
  if (isMethodList(path.slice(0, -1))) return unknownMethod(String(value), words, node.spot);
  const message = `unknown word ${quoted(value)} for ${nameOf(path)}${didYouMean(String(value), words)}`;
  return say('unknown-word', node.spot, message, oneOf(words));
}

/** One verdict for the whole backup, and an expectation for each workload. */
function notByWorkload(path: NodePath, { spot }: LocatedNode, words: readonly string[]): Finding {
  const check = String(path.at(-1));
  const perWorkload = CHECK_NAMES.filter(name => CHECKS[name].isPerWorkload && CHECKS[name].later === null);
  const message = `${quoted(check)} is judged of the whole backup, not by workload: expected a word, found a mapping`;
  const word = CHECKS[check as CheckName].family === 'engine' ? 'held' : oneOf(words);
  return say('wrong-type', spot, message, `\`${check}\` takes ${word}; by workload are ${perWorkload.join(', ')}`);
}

/** No branch was meant: the value has none of their forms. */
function ofUnion(issue: z.core.$ZodIssueInvalidUnion, path: NodePath, node: LocatedNode): Finding {
  if (issue.errors.length === 0) {
    const { options = [] } = issue as { readonly options?: readonly unknown[] };
    return unknownWord(path, node, options.map(String));
  }
  const atRoot = issue.errors.flat().filter(inner => inner.path.length === 0);
  const words = atRoot.flatMap(inner => (inner.code === 'invalid_value' ? inner.values.map(String) : []));
  const forms = atRoot.map(inner => (inner.code === 'invalid_type' ? formName(inner.expected) : 'a word'));
  const message = `expected ${[...new Set(forms)].join(' or ')}, found ${found(plain(node))}`;
  return say('wrong-type', node.spot, message, words.length === 0 ? null : oneOf(words));
}

/** The branch of a union that the user meant: one that takes a value of this form, with the fewest wrong keys. */
function bestBranch(branches: readonly (readonly Issue[])[], node: LocatedNode): readonly Issue[] | null {
  let best: readonly Issue[] | null = null;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const branch of branches) {
    const score = branch.reduce((sum, issue) => sum + distance(issue, node), 0);
    if (score >= bestScore) continue;
    best = branch;
    bestScore = score;
  }
  return best;
}

function distance(issue: Issue, node: LocatedNode): number {
  const isAtRoot = issue.path.length === 0;
  if (isAtRoot && issue.code === 'invalid_type') return Number.POSITIVE_INFINITY;
  if (isAtRoot && issue.code === 'invalid_value') {
    return node.is === 'scalar' && typeof node.value === 'string' ? 1 : Number.POSITIVE_INFINITY;
  }
  if (isAtRoot && issue.code === 'unrecognized_keys') return issue.keys.length;
  return nodeAt(node, issue.path as NodePath).isThere ? 0.01 : 1;
}

function say(code: ScenarioErrorCode, spot: Spot, message: string, hint: string | null = null): Finding {
  return { error: badInput(code, placeOf(spot), message, hint) };
}

const FORMS: { readonly [expected: string]: string } = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  tuple: 'a list of two names',
  string: 'a word',
  boolean: '`true` or `false`',
};

function formName(expected: string): string {
  return FORMS[expected] ?? expected;
}

function unknownWhat(path: NodePath): [ScenarioErrorCode, string] {
  if (path[0] === 'expect' && path.length === 2) return ['unknown-check', 'check'];
  if (path[0] === 'expect' && path.length === 3) return ['unknown-metric', 'metric'];
  return ['unknown-key', 'key'];
}

function noName(what: string): string {
  return `${what} is no name: a letter, then letters, digits, - and _`;
}

function oneOf(words: readonly string[]): string {
  return `one of ${words.join(', ')}`;
}

/** `world.drives[0].size` */
function nameOf(path: NodePath): string {
  const name = path.map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return name === '' ? 'the scenario' : quoted(name.slice(1));
}

function replaceWord(path: string, word: string, by: string): string {
  return path
    .split('.')
    .map(step => (step === word ? by : step))
    .join('.');
}
