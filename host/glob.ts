/**
 * Patterns that otm expands itself, so that they mean the same in every shell and on Windows: `*` and `?` within a name,
 * `**` over folders, `[a-z]`, `{a,b}`.
 */
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';

export function isPattern(text: string): boolean {
  return /[*?{[]/.test(text);
}

/** Files that fit, relative as the pattern is, with `/`, in one order everywhere. */
export function expandPattern(pattern: string, folder: string): string[] {
  const found = new Set<string>();
  for (const plain of expandBraces(pattern.replaceAll('\\', '/'))) {
    const isAbsolute = plain.startsWith('/') || /^[A-Za-z]:\//.test(plain);
    const parts = plain.split('/').filter(part => part !== '' && part !== '.');
    const literal = parts.findIndex(isPattern);
    const base = parts.slice(0, literal < 0 ? parts.length - 1 : literal);
    const start = `${plain.startsWith('/') ? '/' : ''}${base.join('/')}`;
    const root = isAbsolute ? start : join(folder, start);
    for (const path of matchesBelow(root, parts.slice(base.length), start)) found.add(path);
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

/** `a{b,c}` is `ab` and `ac`. */
function expandBraces(pattern: string): string[] {
  const group = /\{([^{}]*)\}/.exec(pattern);
  if (group === null) return [pattern];
  const [whole, inside = ''] = group;
  const before = pattern.slice(0, group.index);
  const after = pattern.slice(group.index + whole.length);
  return inside.split(',').flatMap(choice => expandBraces(`${before}${choice}${after}`));
}

function matchesBelow(folder: string, parts: readonly string[], shown: string): string[] {
  const [part, ...rest] = parts;
  if (part === undefined) return [];
  const entries = entriesOf(folder);
  const under = (name: string) => (shown === '' || shown.endsWith('/') ? `${shown}${name}` : `${shown}/${name}`);
  if (part === '**') {
    const deeper = entries.filter(entry => entry.isDirectory() && !isHidden(entry.name, ''));
    return [
      ...matchesBelow(folder, rest.length === 0 ? ['*'] : rest, shown),
      ...deeper.flatMap(({ name }) => matchesBelow(join(folder, name), parts, under(name))),
    ];
  }
  const fits = nameMatcher(part);
  return entries
    .filter(({ name }) => fits(name) && !isHidden(name, part))
    .flatMap(entry => {
      if (rest.length > 0)
        return entry.isDirectory() ? matchesBelow(join(folder, entry.name), rest, under(entry.name)) : [];
      return entry.isFile() ? [under(entry.name)] : [];
    });
}

/** Names with a dot in front, and what packages brought, only when they are asked for by name. */
function isHidden(name: string, part: string): boolean {
  return (name.startsWith('.') && !part.startsWith('.')) || (name === 'node_modules' && part !== name);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function nameMatcher(part: string): (name: string) => boolean {
  const source = part.replaceAll(/\*+|\?|\[!?[^\]]+\]|[.+^${}()|[\]\\]/g, piece => {
    if (piece.startsWith('*')) return '.*';
    if (piece === '?') return '.';
    if (piece.startsWith('[') && piece.length > 1) return piece.replace('[!', '[^').replaceAll('\\', '\\\\');
    return `\\${piece}`;
  });
  const expression = new RegExp(`^${source}$`, 'u');
  return name => expression.test(name);
}
