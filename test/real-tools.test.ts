import { afterEach, describe, expect, test } from 'vitest';
import { requireTool, runTool } from './real-tools.ts';

describe('a program that tests compare with', () => {
  const before = process.env.CI;
  afterEach(() => {
    if (before === undefined) delete process.env.CI;
    else process.env.CI = before;
  });

  test('that is there is run', () => {
    expect(requireTool('sh')).toBe(true);
    expect(runTool('sh', ['-c', 'cat; echo said >&2; exit 3'], 'given ')).toEqual({
      status: 3,
      output: 'given said\n',
    });
  });

  test('that is missing is a skip here, and a failure where everything must be proven', () => {
    delete process.env.CI;
    expect(requireTool('no-such-program')).toBe(false);
    process.env.CI = 'true';
    expect(() => requireTool('no-such-program')).toThrow(/no-such-program is missing/);
  });
});
