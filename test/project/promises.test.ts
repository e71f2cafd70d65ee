/** The table of promises against what is there: its checks, scenarios and planted defects. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKS } from '../../sim/scenario/checks.ts';
import type { CheckName } from '../../sim/scenario/expectation.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PLANTED = join(ROOT, 'test', 'planted');

interface Row {
  readonly promise: string;
  readonly check: CheckName;
  readonly scenario: string;
  readonly defect: string;
}

const rows: Row[] = readFileSync(join(ROOT, 'docs', 'promises.md'), 'utf8')
  .split('\n')
  .flatMap(line => {
    const cells = line.split('|').map(cell => cell.trim());
    const [, promise, , check, scenario, defect] = cells;
    if (!/^E\d+$/.test(promise ?? '')) return [];
    const bare = (text = ''): string => text.replaceAll('`', '');
    return [{ promise: promise!, check: bare(check) as CheckName, scenario: bare(scenario), defect: defect! }];
  });

const planted = readdirSync(PLANTED)
  .map(name => readFileSync(join(PLANTED, name), 'utf8'))
  .join('\n');

describe('the table of promises', () => {
  test.each(rows)('$promise: $check, $scenario', ({ promise, check, scenario, defect }) => {
    expect(CHECKS[check].promises).toContain(promise);
    expect(existsSync(join(ROOT, 'scenarios', `${scenario}.yaml`))).toBe(true);
    const at = planted.indexOf(`name: '${defect}'`);
    expect(at, defect).toBeGreaterThanOrEqual(0);
    expect(/caughtBy: '([^']*)'/.exec(planted.slice(at))?.[1]).toBe(check);
  });

  test('has every promise of a check that is there, once', () => {
    const promised = Object.values(CHECKS)
      .filter(({ later }) => later === null)
      .flatMap(({ promises }) => promises);
    expect(rows.map(({ promise }) => promise).sort()).toEqual([...new Set(promised)].sort());
  });
});
