/**
 * YAML text to located nodes. The text is hostile: it may nest, repeat and refer to itself without end, and whatever it
 * does, what comes back is a tree of bounded size or errors with a place.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  Parser,
  parseDocument,
  type YAMLError,
} from 'yaml';
import type { UserError } from '../user-error.ts';
import { badInput, type ScenarioErrorCode } from './error-codes.ts';
import { type LocatedNode, type MapEntry, placeOf, type ScalarNode, type SourceText, type Spot } from './located.ts';
import { escapeControls, quoted } from './reading.ts';

const TEXT_LENGTH_MAX = 1_048_576;
/** A scenario needs about ten. */
const DEPTH_MAX = 64;
/** What aliases may expand to. */
const NODES_MAX = 200_000;
/** More errors of one text help nobody. */
const ERRORS_MAX = 200;

export interface YamlResult {
  /** Null when the text is too bad to go on with. */
  readonly root: LocatedNode | null;
  readonly errors: readonly UserError[];
}

/** Reads the text from `start` on: what comes before is the path of a `--set`. */
export function readYaml(source: SourceText, start = 0): YamlResult {
  const text = source.text.slice(start);
  const stop = (code: ScenarioErrorCode, offset: number, message: string): YamlResult => {
    return { root: null, errors: [badInput(code, placeOf({ source, offset: start + offset }), message)] };
  };
  if (text.length > TEXT_LENGTH_MAX)
    return stop('file-too-large', 0, `${text.length} characters, at most ${TEXT_LENGTH_MAX}`);
  const deep = offsetBelowDepth(text);
  if (deep !== null) return stop('yaml-depth', deep, `lists and mappings nested more than ${DEPTH_MAX} deep`);
  const document = parseDocument(text, { version: '1.2', uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  const errors = document.errors.slice(0, ERRORS_MAX).map(error => syntaxError(source, start, error));
  if (errors.length > 0) return { root: null, errors };
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    return stop('yaml-version', 0, `YAML ${document.directives.yaml.version} is asked for, a scenario is YAML 1.2`);
  }
  return new Locator(source, start, document).locate();
}

/** Turns a document into located nodes. */
class Locator {
  private readonly source: SourceText;
  private readonly start: number;
  private readonly document: Document.Parsed;
  private readonly errors: UserError[] = [];
  private readonly anchors = new Map<string, ParsedNode>();
  /** Anchored nodes that are being expanded: an alias to one of them would never end. */
  private readonly open = new Set<ParsedNode>();
  private nodes = 0;

  constructor(source: SourceText, start: number, document: Document.Parsed) {
    this.source = source;
    this.start = start;
    this.document = document;
  }

  locate(): YamlResult {
    const root = this.document.contents === null ? null : this.node(this.document.contents as ParsedNode, 0);
    return { root: root ?? this.empty(0), errors: this.errors };
  }

  private node(node: ParsedNode | null, depth: number): LocatedNode {
    if (node === null) return this.empty(0);
    this.nodes += 1;
    if (this.nodes > NODES_MAX || depth > DEPTH_MAX) {
      if (this.nodes !== Number.POSITIVE_INFINITY) {
        this.say('yaml-alias', node.range[0], `aliases expand to more than ${NODES_MAX} values, or ${DEPTH_MAX} deep`);
      }
      this.nodes = Number.POSITIVE_INFINITY;
      return this.empty(node.range[0]);
    }
    if (isAlias(node)) return this.alias(node, depth);
    if (node.tag !== undefined) this.say('yaml-tag', node.range[0], `the tag ${quoted(node.tag)} has no meaning here`);
    const { anchor } = node;
    if (anchor !== undefined) this.anchors.set(anchor, node);
    this.open.add(node);
    const located = this.content(node, depth);
    this.open.delete(node);
    return located;
  }

  private content(node: Exclude<ParsedNode, Alias.Parsed>, depth: number): LocatedNode {
    const spot = this.spot(node.range[0]);
    if (isSeq(node)) {
      return { is: 'list', items: node.items.map(item => this.node(item as ParsedNode | null, depth + 1)), spot };
    }
    if (!isMap(node)) return this.scalar(node.value, node.source, node.range[0]);
    const entries = new Map<string, MapEntry>();
    for (const { key, value } of node.items) {
      const name = this.key(key as ParsedNode | null, node);
      if (name === null) continue;
      const keySpot = this.spot((key as ParsedNode).range[0]);
      const first = entries.get(name);
      if (first !== undefined) {
        const { line } = placeOf(first.keySpot);
        this.say(
          'key-twice',
          (key as ParsedNode).range[0],
          `the key ${quoted(name)} stands twice, first in line ${line}`,
        );
        continue;
      }
      const located =
        value === null ? this.empty((key as ParsedNode).range[0]) : this.node(value as ParsedNode, depth + 1);
      entries.set(name, { keySpot, value: located });
    }
    return { is: 'map', entries, spot };
  }

  private key(key: ParsedNode | null, map: ParsedNode): string | null {
    if (key !== null && isScalar(key) && key.value !== null && key.tag === undefined) {
      return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
    }
    this.say('key-not-text', (key ?? map).range[0], 'the key of a mapping must be a word');
    return null;
  }

  private alias(node: Alias.Parsed, depth: number): LocatedNode {
    const target = this.anchors.get(node.source);
    if (target !== undefined && !this.open.has(target)) return this.node(target, depth);
    const why = target === undefined ? 'names no anchor before it' : 'contains itself';
    this.say('yaml-alias', node.range[0], `the alias ${quoted(`*${node.source}`)} ${why}`);
    return this.empty(node.range[0]);
  }

  private scalar(value: unknown, text: string | undefined, offset: number): ScalarNode {
    const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    const kept = isPlain ? (value as ScalarNode['value']) : String(value);
    return { is: 'scalar', value: kept, text: text ?? String(kept), spot: this.spot(offset) };
  }

  private empty(offset: number): ScalarNode {
    return this.scalar(null, '', offset);
  }

  private spot(offset: number): Spot {
    return { source: this.source, offset: this.start + offset };
  }

  private say(code: ScenarioErrorCode, offset: number, message: string): void {
    if (this.errors.length >= ERRORS_MAX) return;
    this.errors.push(badInput(code, placeOf(this.spot(offset)), message));
  }
}

/** The offset at which nesting goes below `DEPTH_MAX`, or null; looked for before anything recurses. */
function offsetBelowDepth(text: string): number | null {
  let deepest: number | null = null;
  const pending: { token: unknown; depth: number }[] = [];
  for (const token of new Parser().parse(text)) pending.push({ token, depth: 0 });
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next;
    if (typeof token !== 'object' || token === null) continue;
    const { value, items, key, offset } = token as {
      value?: unknown;
      items?: unknown;
      key?: unknown;
      offset?: unknown;
    };
    if (depth > 2 * DEPTH_MAX) {
      if (typeof offset === 'number' && (deepest === null || offset < deepest)) deepest = offset;
      continue;
    }
    if (typeof value === 'object') pending.push({ token: value, depth: depth + 1 });
    if (typeof key === 'object') pending.push({ token: key, depth: depth + 1 });
    if (Array.isArray(items)) for (const item of items) pending.push({ token: item, depth: depth + 1 });
  }
  return deepest;
}

/** Comparisons that begin with `>` are the one thing of a scenario that YAML reads otherwise. */
function syntaxError(source: SourceText, start: number, error: YAMLError): UserError {
  const offset = Math.min(start + Math.max(0, error.pos[0]), source.text.length);
  const place = placeOf({ source, offset });
  if (error.code === 'MULTIPLE_DOCS') return badInput('yaml-documents', place, 'a second YAML document begins here');
  const line = source.text.slice(source.text.lastIndexOf('\n', offset - 1) + 1, offset + 20);
  const hint =
    error.code === 'BAD_DQ_ESCAPE'
      ? "in double quotes a backslash begins an escape: use single quotes, 'C:\\X', or slashes, C:/X"
      : /:\s*>=?\s*[\d>]?/.test(line)
        ? "a comparison that begins with > goes in quotes: '> 20 s'"
        : null;
  return badInput('yaml-syntax', place, escapeControls(firstLine(error.message)), hint);
}

function firstLine(message: string): string {
  const line = message.split('\n')[0]!;
  return line.slice(0, 1).toLowerCase() + line.slice(1);
}
