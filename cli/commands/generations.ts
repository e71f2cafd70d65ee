import {
  type DiskSummary,
  deleteGenerations,
  keepGenerations,
  listGenerations,
  showGeneration,
} from '../../host/disk/look-at-disk.ts';
import type { DriveContent } from '../../host/disk/partitions.ts';
import type { GenerationsLine, ShownVolume } from '../../reports/disk-lines.ts';
import { generationsText } from '../../reports/disk-report.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { onDisks } from '../disk-command.ts';
import { countOf, keepRuleOf } from '../disk-values.ts';
import { commandLineError } from '../error-codes.ts';
import { exitCodes } from '../exit-codes.ts';
import type { GenerationsOptions } from '../options.ts';

const actions = ['list', 'show', 'delete', 'keep'] as const;
type Action = (typeof actions)[number];

export async function generations(
  disk: string,
  word: string,
  words: readonly string[],
  options: GenerationsOptions,
): Promise<number> {
  const action = actions.find(known => known === word);
  if (action === undefined) {
    throw commandLineError('bad-value', `\`${word}\` is no action`, `there are: ${actions.join(', ')}`);
  }
  const numbers = numbersOf(action, words, options);
  const paths = { disk, catalogue: options.catalogue ?? null };
  return await onDisks(options, 'run it again: what was deleted before is gone', async (context, terminal) => {
    const line: GenerationsLine = await (async () => {
      switch (action) {
        case 'list':
          return lineOf(disk, await listGenerations(paths, context));
        case 'show': {
          const { summary, generation, content } = await showGeneration(paths, numbers[0] ?? null, context);
          return lineOf(disk, summary, { shown: { generation: generation.number, ...shownContent(content) } });
        }
        case 'delete': {
          const { summary, deleted } = await deleteGenerations(paths, numbers, context);
          return lineOf(disk, summary, { deleted: [...deleted] });
        }
        case 'keep': {
          const { summary, deleted } = await keepGenerations(paths, keepRuleOf(options), context);
          return lineOf(disk, summary, { deleted: [...deleted] });
        }
      }
    })();
    if (terminal.json) terminal.out(jsonLine(line));
    else terminal.out(generationsText(line, terminal));
    return exitCodes.passes;
  });
}

function numbersOf(action: Action, words: readonly string[], { keep, keepFor }: GenerationsOptions): number[] {
  const isKeeping = keep !== undefined || keepFor !== undefined;
  if (isKeeping !== (action === 'keep')) {
    const message = isKeeping ? `\`${action}\` keeps nothing` : '`keep` needs `--keep` or `--keep-for`';
    throw commandLineError(isKeeping ? 'option-conflict' : 'missing-argument', message);
  }
  if (action === 'delete' && words.length === 0) {
    throw commandLineError('missing-argument', '`delete` needs the numbers of generations');
  }
  if (words.length > (action === 'delete' ? Number.MAX_SAFE_INTEGER : action === 'show' ? 1 : 0)) {
    throw commandLineError('too-many-arguments', `too many numbers for \`${action}\``);
  }
  return words.map(word => countOf(action, word));
}

function lineOf(
  disk: string,
  { header, sizeBytes, freeBytes, recovery, damage }: DiskSummary,
  more: Partial<Pick<GenerationsLine, 'shown' | 'deleted'>> = {},
): GenerationsLine {
  const { source, granuleBytes } = header;
  return {
    schema: 'otm/generations@1',
    disk,
    id: source.id,
    state: header.state,
    recovery,
    imageBytes: source.sectorCount * source.sectorSize,
    sectorSize: source.sectorSize,
    granuleBytes,
    diskBytes: sizeBytes,
    freeBytes,
    generations: header.generations.map(({ number, list, picture }) => ({
      generation: number,
      wallClock: new Date(picture.wallClockMs).toISOString(),
      consistency: picture.consistency,
      replacedGranules: list.entries,
      damage: damage.get(number) ?? null,
    })),
    shown: more.shown ?? null,
    deleted: more.deleted ?? null,
  };
}

function shownContent({ table, volumes }: DriveContent): { table: DriveContent['table']; volumes: ShownVolume[] } {
  return {
    table,
    volumes: volumes.map(({ number, letter, name, extent, fat }) => {
      return { number, letter, name, firstSector: extent.first, sectors: extent.count, fileSystem: fat?.kind ?? null };
    }),
  };
}
