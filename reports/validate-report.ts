/** What `otm validate` says: each file with its variants, and with `--print` everything resolved, which is YAML alone. */
import { printResolved } from '../sim/scenario/print.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import { counted, listed } from './figures.ts';
import type { Style } from './style.ts';

export interface ValidatedFile {
  readonly path: string;
  readonly template: boolean;
  /** One for each variant. */
  readonly scenarios: readonly Scenario[];
}

export function validatedText(files: readonly ValidatedFile[]): string {
  return files
    .map(({ path, template, scenarios }) => {
      const variants = scenarios.flatMap(({ variant }) => (variant === null ? [] : [variant]));
      const many = variants.length === 0 ? '' : `, ${counted(variants.length, 'variant')}: ${listed(variants)}`;
      return `${path}: ${template ? 'a template, fine' : 'fine'}${many}\n`;
    })
    .join('');
}

/** A document for each variant. */
export function resolvedText(files: readonly ValidatedFile[], style: Style): string {
  return files.flatMap(({ scenarios }) => scenarios.map(scenario => `${printed(scenario, style)}\n`)).join('---\n');
}

/** As YAML that gives the same scenario again. */
function printed(scenario: Scenario, style: Style): string {
  return `${style.quiet(`# ${scenario.name}, resolved`)}\n\n${printResolved(scenario).trimEnd()}`;
}
