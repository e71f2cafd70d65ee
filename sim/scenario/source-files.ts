/** The files that a scenario is made of: the entry, what it extends, and so on, laid over one another. */
import type { UserError } from '../user-error.ts';
import { badInput, type ScenarioErrorCode } from './error-codes.ts';
import { type MapNode, mapWith, placeOf, plain, type SourceText, type Spot, sourceText } from './located.ts';
import { merge, withoutNulls } from './merge.ts';
import { readYaml } from './read-yaml.ts';
import { found, hasControls, quoted } from './reading.ts';
import { storyOf } from './story.ts';

/** Gives the text of a file, or null when it cannot be read. */
export type ReadFile = (path: string) => string | null;

export interface MergedFiles {
  /** Null when a file is too bad to go on with. `extends` and `template` are gone. */
  readonly root: MapNode | null;
  readonly isTemplate: boolean;
  readonly story: string;
}

/** More files than this extend one another by mistake. */
const CHAIN_MAX = 64;

export class SourceFiles {
  readonly texts = new Map<string, string>();
  readonly errors: UserError[] = [];
  private readonly readFile: ReadFile;

  constructor(readFile: ReadFile) {
    this.readFile = readFile;
  }

  merged(entry: string): MergedFiles {
    const text = this.text(entry);
    if (text !== null) return this.below(sourceText(entry, text), []);
    this.errors.push(
      badInput('file-not-found', null, `there is no file ${quoted(entry)}`, '`otm list` shows what there is'),
    );
    return { root: null, isTemplate: false, story: '' };
  }

  private below(source: SourceText, chain: readonly string[]): MergedFiles {
    const { root, errors } = readYaml(source);
    this.errors.push(...errors);
    const isTemplate = root?.is === 'map' && this.flag(root, 'template');
    const story = storyOf(source.text);
    if (root === null) return { root, isTemplate, story };
    if (root.is !== 'map') {
      const what = source.text.trim() === '' ? 'an empty file' : found(plain(root));
      this.say('wrong-type', root.spot, `a scenario is a mapping of keys, found ${what}`);
      return { root: null, isTemplate, story };
    }
    const own = mapWith(root, 'template', null);
    const base = this.base(own, source.path, [...chain, source.path]);
    const whole = mapWith(own, 'extends', null);
    if (base === null) return { root: withoutNulls(whole) as MapNode, isTemplate, story };
    if (base.root === null) return { root: null, isTemplate, story: story === '' ? base.story : story };
    const merged = merge(base.root, whole) as MapNode;
    return { root: withoutNulls(merged) as MapNode, isTemplate, story: story === '' ? base.story : story };
  }

  /** What a file extends; null when it extends nothing. */
  private base(root: MapNode, path: string, chain: readonly string[]): MergedFiles | null {
    const node = root.entries.get('extends')?.value;
    if (node === undefined || (node.is === 'scalar' && node.value === null)) return null;
    const none = { root: null, isTemplate: false, story: '' };
    if (node.is !== 'scalar' || typeof node.value !== 'string' || node.value === '') {
      this.say('wrong-type', node.spot, `expected the path of a file, found ${found(plain(node))}`);
      return none;
    }
    if (hasControls(node.value)) {
      this.say('control-character', node.spot, `the path ${quoted(node.value)} has a control character in it`);
      return none;
    }
    const target = besidePath(path, node.value);
    if (chain.includes(target) || chain.length >= CHAIN_MAX) {
      const way = [...chain.slice(Math.max(0, chain.indexOf(target))), target].slice(-5).join(' -> ');
      this.say('extends-cycle', node.spot, `this file extends itself: ${way}`);
      return none;
    }
    const text = this.text(target);
    if (text !== null) return this.below(sourceText(target, text), chain);
    this.say(
      'file-not-found',
      node.spot,
      `there is no file ${quoted(target)}`,
      '`extends` is relative to the file that says it',
    );
    return none;
  }

  private flag(root: MapNode, key: string): boolean {
    const node = root.entries.get(key)?.value;
    if (node === undefined || (node.is === 'scalar' && typeof node.value === 'boolean')) return node?.value === true;
    this.say('wrong-type', node.spot, `expected \`true\` or \`false\`, found ${found(plain(node))}`);
    return false;
  }

  private text(path: string): string | null {
    const text = this.readFile(path)?.replace(/^\uFEFF/, '') ?? null;
    if (text !== null) this.texts.set(path, text);
    return text;
  }

  private say(code: ScenarioErrorCode, spot: Spot, message: string, hint: string | null = null): void {
    this.errors.push(badInput(code, placeOf(spot), message, hint));
  }
}

/** `other` as seen from the folder of `path`, with `.` and `..` taken out. */
export function besidePath(path: string, other: string): string {
  const isAbsolute = /^([/\\]|[A-Za-z]:[/\\])/.test(other);
  const folder = isAbsolute ? '' : path.replaceAll('\\', '/').replace(/[^/]*$/, '');
  const parts: string[] = [];
  for (const part of `${folder}${other.replaceAll('\\', '/')}`.split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..' && parts.at(-1) !== '') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}
