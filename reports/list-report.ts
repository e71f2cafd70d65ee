/** Scenarios, each with the first sentence of its story. */
import { paragraph } from './layout.ts';
import { firstSentences } from './run-report.ts';
import type { Style } from './style.ts';

export interface ListedScenario {
  readonly name: string;
  readonly path: string;
  readonly shipped: boolean;
  readonly template: boolean;
  readonly story: string;
}

interface ListOptions {
  readonly width: number;
  readonly style: Style;
}

export function listText(scenarios: readonly ListedScenario[], options: ListOptions): string {
  const shipped = scenarios.filter(scenario => scenario.shipped);
  const here = scenarios.filter(scenario => !scenario.shipped);
  const blocks = [block('of the package', shipped, options), block('here', here, options)];
  const text = blocks.filter(lines => lines.length > 0).map(lines => `${lines.join('\n')}\n`);
  return text.length === 0 ? 'no scenarios\n' : text.join('\n');
}

function block(title: string, scenarios: readonly ListedScenario[], { width, style }: ListOptions): string[] {
  if (scenarios.length === 0) return [];
  const most = Math.max(60, Math.min(width, 100)) - 1;
  const called = (scenario: ListedScenario) => (scenario.shipped ? scenario.name : scenario.path);
  const lines = scenarios.flatMap(scenario => {
    const note = scenario.template ? ' (a template: only extended)' : '';
    const story = firstSentences(scenario.story, 1);
    return [`  ${style.command(called(scenario))}${note}`, ...(story === '' ? [] : paragraph(story, most, '      '))];
  });
  return [style.heading(title), ...lines];
}
