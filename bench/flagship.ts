/** A shipped scenario, loaded for a benchmark. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from '../sim/scenario/load.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';

export function loadScenario(name: string): Scenario {
  const path = join('scenarios', `${name}.yaml`);
  const loaded = load(path, file => readFileSync(file, 'utf8'));
  if (!loaded.ok) throw new Error(loaded.errors.map(({ message }) => message).join('; '));
  const scenario = loaded.scenarios[0];
  if (scenario === undefined) throw new Error(`${name} is a template`);
  return scenario;
}
