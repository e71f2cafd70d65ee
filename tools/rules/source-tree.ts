/** The sources of the project as the rules see them: every TypeScript and JavaScript file of a room, parsed once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** What a rule found wrong, and where. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface SourceFile {
  /** From the root of the project, with `/`. */
  readonly path: string;
  /** The first folder of its path. */
  readonly room: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const rooms = ['engine', 'sim', 'host', 'reports', 'cli', 'tools', 'bin', 'bench', 'test'];

export function readSources(root: string): SourceFile[] {
  const files: SourceFile[] = [];
  for (const room of rooms) {
    if (!existsSync(join(root, room))) continue;
    for (const path of pathsBelow(root, room)) {
      if (!/\.(ts|mjs)$/.test(path)) continue;
      const text = readFileSync(join(root, path), 'utf8');
      files.push({ path, room, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true) });
    }
  }
  return files;
}

/** Every file below a folder, in one order on every machine. */
export function pathsBelow(root: string, folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  const sorted = entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.flatMap(entry => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? pathsBelow(root, path) : [path];
  });
}

export function violation(source: SourceFile, node: ts.Node, message: string): Violation {
  const { line } = source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree));
  return { file: source.path, line: line + 1, message };
}

/** Visits every node below, in the order of the text. */
export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, child => visit(child, see));
}

/** For a failed assertion: one line each, as an editor opens them. */
export function told(violations: readonly Violation[]): string[] {
  return violations.map(({ file, line, message }) => `${file}:${line} ${message}`);
}
