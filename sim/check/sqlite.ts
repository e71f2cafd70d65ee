/**
 * The check `sqlite`: what SQLite itself says of restored databases, after its own recovery: every page in its place,
 * every row in its index (`integrity_check`, the full one), every reference to a row that is there. A database that is
 * missing or does not open violates it.
 */
import { type Connection, SqliteError } from '../apps/sqlite/connection.ts';
import type { Layout } from '../apps/sqlite/layout.ts';
import type { Verdict } from './verdict.ts';

const CHECK = 'sqlite';
/** Sentences of SQLite that are kept as evidence. */
const MOST_SENTENCES = 5;

/** `connection` has the restored databases open; null, with the reason, when they could not be opened. */
export function judgeSqlite(layout: Layout, connection: Connection | null, because: string | null): Verdict {
  if (connection === null) {
    const story = ['Restored databases were opened under the paths that they had.', `SQLite refused: ${because}.`];
    return verdict(layout, 'violated', 0, because ?? 'the databases do not open', {}, story);
  }
  const problems: string[] = [];
  let pages = 0;
  for (const { schema, name } of layout.databases) {
    try {
      pages += connection.integer(`PRAGMA ${schema}.page_count`);
      const answers = connection.texts(`PRAGMA ${schema}.integrity_check`);
      problems.push(...answers.filter(answer => answer !== 'ok').map(answer => `${name}: ${plain(answer)}`));
      const orphans = connection.texts(`PRAGMA ${schema}.foreign_key_check`);
      if (orphans.length > 0) problems.push(`${name}: ${orphans.length} rows of ${orphans[0]} refer to no row`);
    } catch (error) {
      if (!(error instanceof SqliteError)) throw error;
      problems.push(`${name}: ${error.message}`);
    }
  }
  const names = layout.databases.map(({ name }) => name).join(', ');
  if (problems.length === 0) {
    return verdict(layout, 'held', pages, `integrity_check and foreign keys are right in ${names}`, {}, []);
  }
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
  const story = [
    'Restored databases were opened under the paths that they had, and recovered.',
    'SQLite checked them.',
  ];
  return verdict(
    layout,
    'violated',
    pages,
    problems[0]! + more,
    { problems: problems.slice(0, MOST_SENTENCES) },
    story,
  );
}

/** On one line, without the name that SQLite gives to a database. */
function plain(answer: string): string {
  return answer.replace(/^\*\*\* in database \w+ \*\*\*\s*/, '').replaceAll('\n', '; ');
}

function verdict(
  layout: Layout,
  word: Verdict['verdict'],
  looked: number,
  summary: string,
  evidence: Verdict['evidence'],
  story: readonly string[],
): Verdict {
  return { check: CHECK, promise: null, workload: layout.workloadId, verdict: word, looked, summary, evidence, story };
}
