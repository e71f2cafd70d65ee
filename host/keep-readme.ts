/** The README of a kept method: what lies there and how to look at it. */
import type { Session } from '../sim/world/session.ts';

export const readmeTitle = 'Kept by otm:';

export interface KeptFacts {
  readonly session: Session;
  readonly seed: number;
  /** Folders with a restore. */
  readonly restored: readonly string[];
  /** Folders with the live volumes at a T. */
  readonly pictures: readonly string[];
}

export function keepReadme({ session, seed, restored, pictures }: KeptFacts): string {
  const { scenario, method } = session.world;
  const letters = scenario.backups.selection.volumes;
  const letter = letters[0] ?? 'C';
  const image = `${restored[0] ?? 'live-at-end'}/${letter}.img`;
  const isFat = scenario.drives.some(({ volumes }) => volumes.some(v => v.letter === letter && v.fs !== 'raw'));
  const isComparable = pictures.length > 0 && pictures.length === restored.length;
  const lines = [
    `${readmeTitle} ${scenario.name}, seed ${seed}, ${method.id}, digest ${session.digest}`,
    '',
    'What lies here (images begin with the first sector of the volume; holes are holes):',
    ...restored.map(name => `  ${name.padEnd(13)} what was restored: an image of each volume, and the files in it`),
    ...(restored.length === 0 ? ['  (nothing was restored: the backup did not complete)'] : []),
    ...pictures.map(name => `  ${name.padEnd(13)} the live volumes at T, as the world had them`),
    '  live-at-end   the live volumes as their drives were at the end of the run',
    '                (sector methods copy no cluster that is in no file: compare files, not images)',
    '  truth.jsonl   backups, and each transaction: begun, committed, acknowledged, durable',
    '  trace.jsonl   what happened, in virtual seconds',
    '  snapshots.jsonl  the log of the engine: what each snapshot took, kept and came to',
    '',
    'How to look:',
    ...(isFat ? fatCommands(image) : []),
    ...sqliteCommands(session, restored[0] ?? null),
    ...(isComparable ? [`  diff -r ${restored[0]}/${letter} ${pictures[0]}/${letter}`] : []),
    '  grep enabled trace.jsonl',
    '',
  ];
  return lines.join('\n');
}

function fatCommands(image: string): string[] {
  return [`  mdir -/ -i ${image} ::`, `  fsck.fat -n ${image}`];
}

function sqliteCommands({ world }: Session, restored: string | null): string[] {
  if (restored === null) return [];
  const files = world.scenario.workloads.flatMap(workload => (workload.app === 'sqlite' ? workload.files : []));
  return files.slice(0, 2).map(({ path }) => {
    const file = path.replace(':', '').replaceAll('\\', '/');
    return `  sqlite3 -readonly ${restored}/${file} 'pragma integrity_check'`;
  });
}
