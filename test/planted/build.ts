/**
 * Planted defects: the sources with one change, built as they are read. A change is a find-and-replace that must match
 * exactly once, so that it fails loudly when the code has moved on; nothing in the sources knows of it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export interface PlantedDefect {
  /** `engine/preserve.ts`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const ROOT = join(import.meta.dirname, '..', '..');

/** Replaces what stands there exactly once. */
function plant(text: string, { file, find, replace }: PlantedDefect): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file}: what is to be replaced stands there ${parts.length - 1} times`);
  return parts.join(replace);
}

/** Builds an entry with these changes and imports it. */
export async function importPlanted<T>(entry: string, defects: readonly PlantedDefect[]): Promise<T> {
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.planted-'));
  const outfile = join(folder, 'entry.mjs');
  const unused = new Set(defects);
  try {
    await build({
      entryPoints: [join(ROOT, entry)],
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      outfile,
      logLevel: 'error',
      plugins: [
        {
          name: 'plant',
          setup({ onLoad }) {
            onLoad({ filter: /\.ts$/ }, ({ path }) => {
              const name = relative(ROOT, path).split(sep).join('/');
              let contents = readFileSync(path, 'utf8');
              for (const defect of defects) {
                if (defect.file !== name) continue;
                contents = plant(contents, defect);
                unused.delete(defect);
              }
              return { contents, loader: 'ts' };
            });
          },
        },
      ],
    });
    for (const { file } of unused) throw new Error(`${file} is no part of ${entry}`);
    return (await import(pathToFileURL(outfile).href)) as T;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
