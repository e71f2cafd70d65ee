import { createInterface } from 'node:readline/promises';
import type { DiskContext } from '../../host/disk/disk-session.ts';
import { diskError } from '../../host/disk/error-codes.ts';
import { type RestorePlan, restoreDisk } from '../../host/disk/restore-disk.ts';
import { restoreFiles } from '../../host/disk/restore-files.ts';
import type { RestoreLine } from '../../reports/disk-lines.ts';
import { type PlannedRestore, restorePlanText, restoreText } from '../../reports/disk-report.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { onDisks } from '../disk-command.ts';
import { countOf } from '../disk-values.ts';
import { commandLineError } from '../error-codes.ts';
import { exitCodes } from '../exit-codes.ts';
import type { RestoreOptions } from '../options.ts';
import type { Terminal } from '../terminal.ts';

const whenInterrupted = 'run it again: until it is complete the target says that it is not';

export async function restore(disk: string, options: RestoreOptions): Promise<number> {
  const generation = options.generation === undefined ? null : countOf('--generation', options.generation);
  const paths = { disk, catalogue: options.catalogue ?? null };
  const { file, out, to } = options;
  if ((file === undefined) !== (out === undefined)) {
    throw commandLineError(
      'missing-argument',
      '`--file` and `--out` go together',
      '`--file DATA/BOOKS.DAT --out found`',
    );
  }
  if (file !== undefined && to !== undefined) {
    throw commandLineError('option-conflict', '`--file` goes to a folder, `--to` takes a whole disk');
  }
  return await onDisks(options, whenInterrupted, async (context, terminal) => {
    const line =
      file !== undefined && out !== undefined
        ? await filesLine(
            disk,
            await restoreFiles({ ...paths, generation, volume: options.volume ?? null, files: file, out }, context),
          )
        : await diskLine(disk, options, generation, context, terminal);
    if (terminal.json) terminal.out(jsonLine(line));
    else terminal.out(restoreText(line, terminal));
    return (line.differingSectors ?? 0) > 0 ? exitCodes.fails : exitCodes.passes;
  });
}

async function diskLine(
  disk: string,
  options: RestoreOptions,
  generation: number | null,
  context: DiskContext,
  terminal: Terminal,
): Promise<RestoreLine> {
  const { to, volume, catalogue, all, verify, yes } = options;
  if (to === undefined) {
    throw commandLineError('missing-argument', 'where to: `--to TARGET`, or `--file PATH --out DIR`');
  }
  const { plan, report, sectorSize, bytesWritten } = await restoreDisk(
    {
      disk,
      catalogue: catalogue ?? null,
      generation,
      target: to,
      volume: volume ?? null,
      writeAll: all === true,
      verify: verify === true,
    },
    context,
    plan => confirm(plan, yes === true, context, terminal),
  );
  return {
    schema: 'otm/restore@1',
    disk,
    id: plan.sourceId,
    generation: report.generation,
    wallClock: new Date(plan.wallClockMs).toISOString(),
    target: to,
    targetHeld: plan.targetHolds,
    volume: plan.volume,
    bytes: plan.sizeBytes,
    bytesWritten,
    sectorSize,
    secondGptMoved: plan.movesGpt,
    differingSectors: report.differing,
    files: null,
  };
}

async function filesLine(disk: string, done: Awaited<ReturnType<typeof restoreFiles>>): Promise<RestoreLine> {
  const bytes = done.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    schema: 'otm/restore@1',
    disk,
    id: done.sourceId,
    generation: done.generation,
    wallClock: null,
    target: null,
    targetHeld: null,
    volume: null,
    bytes,
    bytesWritten: bytes,
    sectorSize: null,
    secondGptMoved: false,
    differingSectors: null,
    files: done.files.map(({ path, written, sizeBytes }) => ({ path, written, bytes: sizeBytes })),
  };
}

/** Shows what is replaced, and asks whoever sits there. */
async function confirm(
  plan: RestorePlan,
  isSaid: boolean,
  { signal }: DiskContext,
  terminal: Terminal,
): Promise<boolean> {
  const { wallClockMs, ...rest } = plan;
  const shown: PlannedRestore = { ...rest, wallClock: new Date(wallClockMs).toISOString() };
  if (!terminal.json && terminal.volume !== 'silent') terminal.err(restorePlanText(shown, terminal));
  if (isSaid) return true;
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true || terminal.json) {
    throw diskError(
      'not-confirmed',
      `\`${plan.target}\` would be replaced, and there is no terminal to ask`,
      'say `--yes`',
    );
  }
  // Not a terminal of its own, so that Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const ended = new Promise<string>(resolve => {
      lines.once('close', () => resolve(''));
      signal?.addEventListener('abort', () => resolve(''));
    });
    return (await Promise.race([lines.question('Type yes to go on: '), ended])).trim().toLowerCase() === 'yes';
  } finally {
    lines.close();
  }
}
