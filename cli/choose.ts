/** What of the loaded scenarios is run: variants and methods by name, where a name that nothing has is an error. */
import { hostError } from '../host/error-codes.ts';
import { type LoadedFile, type LoadedScenario, loadScenarios } from '../host/load-scenarios.ts';
import type { FoundScenarios } from '../host/scenario-files.ts';
import { workingFolder } from '../host/working-folder.ts';
import { nearest } from '../sim/scenario/nearest.ts';
import { UserError } from '../sim/user-error.ts';
import { commandLineError } from './error-codes.ts';

export interface Choice {
  /** `PATH=YAML`, applied last. */
  readonly set?: readonly string[];
  readonly variant?: string;
  readonly method?: readonly string[];
}

/** Loads what was found, and takes the variants that have what was asked for. All errors of all files are told at once. */
export function choose({ files, errors }: FoundScenarios, { set = [], variant, method }: Choice): LoadedScenario[] {
  const all = runnable(loadScenarios(files, { folder: workingFolder(), overrides: set, errors }));
  const ofVariant = variant === undefined ? [...all] : withVariant(all, variant);
  return method === undefined ? ofVariant : withMethods(ofVariant, method);
}

/** Templates are only extended. */
function runnable(files: readonly LoadedFile[]): LoadedScenario[] {
  const variants = files.flatMap(file => file.variants);
  if (variants.length > 0) return variants;
  const shown = files.map(({ file }) => `\`${file.shown}\``).join(', ');
  throw hostError('no-scenario', `${shown}: a template is only extended, never run`, 'name a scenario that extends it');
}

function withVariant(all: readonly LoadedScenario[], variant: string): LoadedScenario[] {
  const chosen = all.filter(({ scenario }) => scenario.variant === variant || scenario.name === variant);
  if (chosen.length > 0) return chosen;
  const known = all.flatMap(({ scenario }) => (scenario.variant === null ? [] : [scenario.variant]));
  const hint =
    known.length === 0 ? 'the scenario has no matrix: leave `--variant` out' : `there are: ${known.join(', ')}`;
  throw commandLineError('unknown-variant', `there is no variant \`${variant}\`${meant(variant, known)}`, hint);
}

function withMethods(all: readonly LoadedScenario[], methods: readonly string[]): LoadedScenario[] {
  const known = [...new Set(all.flatMap(idsOf))];
  for (const method of methods) {
    if (known.includes(method)) continue;
    const message = `there is no method \`${method}\`${meant(method, known)}`;
    throw new UserError({ code: 'unknown-method', message, hint: `there are: ${known.join(', ')}` });
  }
  return all.filter(loaded => idsOf(loaded).some(id => methods.includes(id)));
}

function idsOf({ scenario }: LoadedScenario): string[] {
  return scenario.backups.methods.map(({ id }) => id);
}

function meant(word: string, known: readonly string[]): string {
  const guess = nearest(word, known);
  return guess === null ? '' : `, did you mean \`${guess}\`?`;
}
