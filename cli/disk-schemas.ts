/** The published form of what the commands on disks say. Fields are added, never renamed. */
import { z } from 'zod';
import type { BackupLine, GenerationsLine, RestoreLine, VerifyLine } from '../reports/disk-lines.ts';

const text = z.string();
const count = z.int().min(0);
const seconds = z.number().min(0);
const consistency = z.enum(['quiescent', 'crash-consistent']);
const state = z.enum(['empty', 'filling', 'complete', 'in-place']);
const recovery = z
  .enum(['none', 'finished', 'given-up'])
  .describe('What became of a backup that was found cut off: finished from its journal, or given up.');

export const backupSchema = z
  .object({
    schema: z.literal('otm/backup@1'),
    source: text,
    id: text.describe('What the disk calls the source.'),
    disk: text,
    kind: z.enum(['full', 'increment', 'in-place']),
    generation: count,
    consistency,
    changedFrom: z
      .enum(['checksums', 'bytes'])
      .describe('How it was found what changed: a cold source is not tracked.'),
    because: text.nullable().describe('Why everything was copied, or compared byte by byte.'),
    newDisk: z.boolean(),
    recovery,
    imageBytes: count,
    sectorSize: count,
    granuleBytes: count,
    granulesRead: count,
    granulesSkipped: count,
    granulesChanged: count,
    bytesRead: count,
    bytesWritten: count,
    fatVolumes: count.nullable().describe('Whose free clusters were skipped; null: every sector was read.'),
    checkedGranules: count.nullable().describe('Granules of the image that were looked at before the increment.'),
    foreignGranules: count.nullable().describe('Of these, written by somebody else since the last backup.'),
    dropped: z.array(z.object({ generation: count, because: z.enum(['retention', 'room']) })),
    incompleteSeconds: seconds.nullable().describe('How long the disk held no whole image; null: never.'),
    damaged: z.array(count).nullable().describe('Granules that did not read back; null: not asked for.'),
    seconds,
  })
  .describe('`otm backup`: one backup.') satisfies z.ZodType<BackupLine>;

export const verifySchema = z
  .object({
    schema: z.literal('otm/verify@1'),
    disk: text,
    id: text,
    state,
    recovery,
    generations: z.array(count),
    imageGranules: count,
    savedGranules: count,
    bytesRead: count,
    damages: count,
    damaged: z
      .array(
        z.object({
          what: z.enum(['header', 'table', 'list', 'image', 'saved']),
          generation: count.nullable(),
          granule: count.nullable(),
          device: text,
          sector: count,
        }),
      )
      .describe('The first thousand of them.'),
  })
  .describe('`otm verify`: whether a backup disk is whole.') satisfies z.ZodType<VerifyLine>;

export const generationsSchema = z
  .object({
    schema: z.literal('otm/generations@1'),
    disk: text,
    id: text,
    state,
    recovery,
    imageBytes: count,
    sectorSize: count,
    granuleBytes: count,
    diskBytes: count,
    freeBytes: count.describe('For a journal and for older generations.'),
    generations: z
      .array(
        z.object({
          generation: count,
          wallClock: text,
          consistency,
          replacedGranules: count.describe('What of it the next one replaced.'),
          damage: text.nullable().describe('Why it cannot be read; null when it can.'),
        }),
      )
      .describe('The oldest first; the last one is the image.'),
    shown: z
      .object({
        generation: count,
        table: z.enum(['gpt', 'mbr', 'none']),
        volumes: z.array(
          z.object({
            number: count,
            letter: text.nullable(),
            name: text,
            firstSector: count,
            sectors: count,
            fileSystem: z.enum(['fat12', 'fat16', 'fat32']).nullable(),
          }),
        ),
      })
      .nullable(),
    deleted: z.array(count).nullable(),
  })
  .describe('`otm generations`: what a backup disk holds, after what was done.') satisfies z.ZodType<GenerationsLine>;

export const restoreSchema = z
  .object({
    schema: z.literal('otm/restore@1'),
    disk: text,
    id: text,
    generation: count,
    wallClock: text.nullable(),
    target: text.nullable().describe('Null: files were restored.'),
    targetHeld: text.nullable(),
    volume: text.nullable(),
    bytes: count,
    bytesWritten: count,
    sectorSize: count.nullable(),
    secondGptMoved: z.boolean(),
    differingSectors: count.nullable().describe('Sectors that did not read back; null: not asked for.'),
    files: z.array(z.object({ path: text, written: text, bytes: count })).nullable(),
  })
  .describe('`otm restore`: a generation, a volume or files.') satisfies z.ZodType<RestoreLine>;
