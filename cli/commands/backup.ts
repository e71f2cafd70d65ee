import { basename } from 'node:path';
import { type BackedUp, backUp } from '../../host/disk/back-up.ts';
import type { BackupLine } from '../../reports/disk-lines.ts';
import { backupText } from '../../reports/disk-report.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { onDisks } from '../disk-command.ts';
import { keepRuleOf, sizeOf } from '../disk-values.ts';
import { commandLineError } from '../error-codes.ts';
import { exitCodes } from '../exit-codes.ts';
import type { BackupOptions } from '../options.ts';

const whenInterrupted =
  'run it again: the disk holds its last image, or finishes the new one by itself; a first backup begins anew';

export async function backup(source: string, options: BackupOptions): Promise<number> {
  const sizeBytes = options.size === undefined ? null : sizeOf('--size', options.size);
  if (sizeBytes !== null && options.init !== true) {
    throw commandLineError('option-conflict', '`--size` is for a new disk only', 'add `--init`, or leave it out');
  }
  const started = Date.now();
  return await onDisks(options, whenInterrupted, async (context, terminal) => {
    const done = await backUp(
      {
        source,
        disk: options.to,
        catalogue: options.catalogue ?? null,
        init: options.init === true,
        sizeBytes,
        id: options.id ?? basename(source),
        granuleBytes: sizeOf('--granule', options.granule ?? '64KiB'),
        sectorSize: options.sectorSize === undefined ? null : options.sectorSize === '4096' ? 4096 : 512,
        usedOnly: options.usedOnly === true,
        verify: options.verify === true,
        inPlace: options.inPlace === true,
        retention: keepRuleOf(options),
      },
      context,
    );
    const line = lineOf(source, options, done, (Date.now() - started) / 1000);
    if (terminal.json) terminal.out(jsonLine(line));
    else terminal.out(backupText(line, terminal));
    return (line.damaged ?? []).length > 0 ? exitCodes.fails : exitCodes.passes;
  });
}

function lineOf(source: string, options: BackupOptions, done: BackedUp, seconds: number): BackupLine {
  const { report, identity, content, retired } = done;
  return {
    schema: 'otm/backup@1',
    source,
    id: identity.id,
    disk: options.to,
    kind: report.kind,
    generation: report.generation,
    consistency: 'quiescent',
    changedFrom: report.way === 'sums' ? 'checksums' : 'bytes',
    because: report.because,
    newDisk: done.isNew,
    recovery: done.recovery,
    imageBytes: identity.sectorCount * identity.sectorSize,
    sectorSize: identity.sectorSize,
    granuleBytes: done.granuleBytes,
    granulesRead: report.granulesRead,
    granulesSkipped: report.granulesSkipped,
    granulesChanged: report.granulesChanged,
    bytesRead: done.bytesRead,
    bytesWritten: done.bytesWritten,
    fatVolumes: options.usedOnly === true ? content.volumes.filter(({ fat }) => fat !== null).length : null,
    checkedGranules: report.base?.granules ?? null,
    foreignGranules: report.base?.mismatched.length ?? null,
    dropped: report.dropped.map(generation => ({
      generation,
      because: retired.includes(generation) ? 'retention' : 'room',
    })),
    incompleteSeconds:
      report.incomplete === null ? null : (report.incomplete.untilMs - report.incomplete.fromMs) / 1000,
    damaged: report.damaged === null ? null : [...report.damaged],
    seconds,
  };
}
