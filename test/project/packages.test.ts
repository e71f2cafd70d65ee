/** Versions are locked and pinned, on every system. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './planted.ts';

interface Locked {
  readonly version?: string;
  readonly dependencies?: { readonly [name: string]: string };
  readonly optionalDependencies?: { readonly [name: string]: string };
  readonly hasInstallScript?: boolean;
  readonly deprecated?: string;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const lock: { readonly packages: { readonly [path: string]: Locked } } = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
);

describe('packages', () => {
  test('are pinned exactly', () => {
    const wanted = { ...manifest.dependencies, ...manifest.devDependencies };
    for (const [name, version] of Object.entries(wanted)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
  });

  test('are locked for every system: npm ci refuses a lock that lacks the parts of another one', () => {
    const paths = Object.keys(lock.packages);
    for (const [path, { dependencies, optionalDependencies }] of Object.entries(lock.packages)) {
      for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
        const isThere = paths.some(
          other => other === `node_modules/${name}` || other === `${path}/node_modules/${name}`,
        );
        expect(isThere, `${name} of ${path}`).toBe(true);
      }
    }
  });

  test('none is deprecated, and what is installed with ours runs no script', () => {
    for (const [path, { deprecated }] of Object.entries(lock.packages)) expect(deprecated, path).toBe(undefined);
    for (const name of Object.keys(manifest.dependencies)) {
      expect(lock.packages[`node_modules/${name}`]?.hasInstallScript, name).not.toBe(true);
    }
    const scripts = Object.keys(manifest.scripts);
    expect(scripts.filter(name => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });
});
