/** The output of `npm start` in the README: shortened to one method that loses, and the table. */

const fence = /(prints \(shortened\):\n\n```\n)[^`]*(```\n)/;

/** Paragraphs of the report that the README shows; the others are named. */
export function shortened(report: string): string {
  const paragraphs = report.trimEnd().split('\n\n');
  const of = (method: string) => paragraphs.find(text => text.startsWith(`${method}: `)) ?? '';
  const tableStart = paragraphs.findIndex(text => /^ {5,}\S/.test(text) && text.includes('\nthe data'));
  return [
    paragraphs[0],
    '... (naive-copy)',
    of('open-file-agent'),
    '... (group-agent, live-image, cold-backup)',
    of('otm'),
    ...paragraphs.slice(tableStart),
  ].join('\n\n');
}

export function withOutput(readme: string, output: string): string {
  return readme.replace(fence, (_, before, after) => `${before}${output}\n${after}`);
}

/** What the machine had to do with it is not compared. */
export function withoutWallTime(text: string): string {
  return text.replaceAll(/events\s+in [\d.]+ m?s/g, 'events in ...');
}
