/**
 * What is written when the program itself is wrong: all that is needed to see it again.
 *
 * Invariant: no path of the machine and no content of a recording is in it.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ResultSource } from '../sim/result.ts';
import { writeWhole } from './output-files.ts';
import { packageRoot, packageVersion } from './package.ts';
import { workingFolderOrNull } from './working-folder.ts';

export interface DefectReport {
  readonly scenario: string;
  readonly variant: string | null;
  readonly seed: number;
  readonly source: Omit<ResultSource, 'sha256'>;
  readonly command: string;
  readonly error: unknown;
}

/** Returns the name of the file, in the folder that the command was called in. */
export function writeDefect(folder: string, { error, source, command, ...what }: DefectReport): string {
  const scenario = what.variant === null ? what.scenario : `${what.scenario}-${what.variant}`;
  const name = `otm-defect-${fileWord(scenario)}-${what.seed}.json`;
  const file = {
    schema: 'otm/defect@1',
    version: packageVersion(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    ...what,
    source: { ...source, path: withoutPaths(source.path) },
    command: withoutPaths(command),
    message: withoutPaths(error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
    stack: error instanceof Error ? stackOf(error) : [],
  };
  writeWhole(join(folder, name), `${JSON.stringify(file, null, 2)}\n`);
  return name;
}

function stackOf(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line));
  return lines.map(line => withoutPaths(line.trim()));
}

/** Paths of the machine say who somebody is and help nobody: those of the program begin at its root instead. */
export function withoutPaths(text: string): string {
  const roots = [packageRoot.replace(/[/\\]$/, ''), workingFolderOrNull() ?? '', homedir()].filter(
    root => root.length > 1,
  );
  let clean = text.replaceAll('file://', '');
  for (const root of roots) clean = clean.replaceAll(root, '.').replaceAll(root.replaceAll('\\', '/'), '.');
  return clean;
}

function fileWord(text: string): string {
  return text.replaceAll(/[^\w.-]+/g, '-');
}
