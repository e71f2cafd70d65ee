/** How large files and functions may be, and what a file may be called. */
import ts from 'typescript';
import { type SourceFile, type Violation, violation, visit } from './source-tree.ts';

const longestFile = 500;
const longestFunction = 70;
const emptyNames = new Set(['util', 'utils', 'helper', 'helpers', 'manager', 'managers', 'common', 'misc', 'stuff']);

/** Lengths are those of what runs: tests may be as long as their story. */
export function checkLengths(sources: readonly SourceFile[]): Violation[] {
  const found: Violation[] = [];
  for (const source of sources.filter(({ room }) => room !== 'test')) {
    const lines = source.text.trimEnd().split('\n').length;
    if (lines > longestFile)
      found.push({ file: source.path, line: 1, message: `${lines} lines, at most ${longestFile}` });
    visit(source.tree, node => {
      if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
      const length = lineOf(source, node.end) - lineOf(source, node.getStart(source.tree)) + 1;
      if (length > longestFunction) {
        found.push(violation(source, node, `a function of ${length} lines, at most ${longestFunction}`));
      }
    });
  }
  return found;
}

function lineOf(source: SourceFile, position: number): number {
  return source.tree.getLineAndCharacterOfPosition(position).line;
}

/** Names are kebab-case words that say what a file models. */
export function checkNames(sources: readonly SourceFile[]): Violation[] {
  const found: Violation[] = [];
  for (const { path } of sources) {
    const names = path.split('/').map(part => part.replace(/(\.test|\.d)?\.(ts|mjs)$/, ''));
    for (const name of names) {
      if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
        found.push({ file: path, line: 1, message: `'${name}' is not kebab-case` });
      const empty = name.split('-').find(word => emptyNames.has(word));
      if (empty !== undefined) found.push({ file: path, line: 1, message: `'${empty}' says nothing` });
    }
  }
  return found;
}
