/** The rules of the project, over the tree as it is. That each of them can fail: `rules-fail.test.ts`. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkImports } from '../../tools/rules/imports.ts';
import { checkPurity } from '../../tools/rules/purity.ts';
import { checkScenarios } from '../../tools/rules/scenarios.ts';
import { checkLengths, checkNames } from '../../tools/rules/shape.ts';
import { readSources, told } from '../../tools/rules/source-tree.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = readSources(root);

describe('rules of the project', () => {
  test('each room imports only what its row allows', () => {
    const report = checkImports(sources);
    expect(told(report.violations)).toEqual([]);
    expect(report.modulesChecked).toBeGreaterThan(0);
    expect(report.importsChecked).toBeGreaterThan(0);
    for (const room of ['engine', 'sim', 'host', 'reports', 'cli']) {
      expect(sources.filter(source => source.room === room).length, room).toBeGreaterThan(0);
    }
  });

  test('engine/ and sim/ touch nothing of the host', () => {
    expect(told(checkPurity(sources))).toEqual([]);
  });

  test('no file is longer than 500 lines, no function than 70', () => {
    expect(told(checkLengths(sources))).toEqual([]);
  });

  test('names are kebab-case words that say something', () => {
    expect(told(checkNames(sources))).toEqual([]);
  });

  test('every scenario tells a story and expects something', () => {
    const report = checkScenarios(root);
    expect(told(report.violations)).toEqual([]);
    expect(report.scenariosChecked).toBeGreaterThan(0);
  });
});
