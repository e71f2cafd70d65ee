import { entryText, find, ofKind, overview } from '../../reports/explain/catalogue.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { allEntries } from '../book.ts';
import { commandLineError } from '../error-codes.ts';
import { exitCodes } from '../exit-codes.ts';
import { type CommonOptions, openTerminal } from '../terminal.ts';

export async function explain(word: string | undefined, options: CommonOptions): Promise<number> {
  const terminal = openTerminal(options);
  const all = allEntries();
  const kind = word === undefined ? all : ofKind(word, all);
  if (word === undefined || kind.length > 0) {
    if (terminal.json) terminal.out(jsonLine({ schema: 'otm/explain@1', entries: kind }));
    else if (word === undefined) terminal.out(overview(kind, terminal));
    else terminal.out(kind.map(entry => entryText(entry, terminal)).join('\n'));
    return exitCodes.passes;
  }
  const found = find(word, all);
  if (found.is === 'unknown') {
    const meant = found.nearest === null ? '' : `, did you mean \`${found.nearest}\`?`;
    const hint = '`otm explain` without a word lists what there is';
    throw commandLineError('nothing-to-explain', `nothing is known of \`${word}\`${meant}`, hint);
  }
  if (terminal.json) terminal.out(jsonLine({ schema: 'otm/explain@1', entries: found.entries }));
  else terminal.out(found.entries.map(entry => entryText(entry, terminal)).join('\n'));
  return exitCodes.passes;
}
