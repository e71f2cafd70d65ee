/** What `otm validate` says: each file with its variants, and with `--print` everything resolved. */
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

interface ValidateReportOptions {
  readonly style: Style;
  readonly print: boolean;
  readonly volume: 'normal' | 'quiet' | 'silent';
}

export function validatedText(
  files: readonly ValidatedFile[],
  { style, print, volume }: ValidateReportOptions,
): string {
  const lines = files.flatMap(({ path, template, scenarios }) => {
    const variants = scenarios.flatMap(({ variant }) => (variant === null ? [] : [variant]));
    const many = variants.length === 0 ? '' : `, ${counted(variants.length, 'variant')}: ${listed(variants)}`;
    const line = `${path}: ${template ? 'a template, fine' : 'fine'}${many}`;
    return [
      ...(volume === 'normal' ? [line] : []),
      ...(print ? scenarios.map(scenario => printed(scenario, style)) : []),
    ];
  });
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** As YAML that gives the same scenario again. */
function printed(scenario: Scenario, style: Style): string {
  return `${style.quiet(`# ${scenario.name}, resolved`)}\n\n${printResolved(scenario).trimEnd()}`;
}
