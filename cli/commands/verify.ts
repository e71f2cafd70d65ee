import { verifyDisk } from '../../host/disk/look-at-disk.ts';
import type { VerifyLine } from '../../reports/disk-lines.ts';
import { verifyText } from '../../reports/disk-report.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { onDisks } from '../disk-command.ts';
import { exitCodes } from '../exit-codes.ts';
import type { VerifyOptions } from '../options.ts';

export async function verify(disk: string, options: VerifyOptions): Promise<number> {
  const paths = { disk, catalogue: options.catalogue ?? null };
  return await onDisks(options, 'run it again: nothing was written', async (context, terminal) => {
    const { summary, report, bytesRead } = await verifyDisk(paths, context);
    const { header } = summary;
    const line: VerifyLine = {
      schema: 'otm/verify@1',
      disk,
      id: header.source.id,
      state: header.state,
      recovery: summary.recovery,
      generations: header.generations.map(({ number }) => number),
      imageGranules: report.imageGranules,
      savedGranules: report.savedGranules,
      bytesRead,
      damages: report.damages,
      damaged: [...report.damaged],
    };
    if (terminal.json) terminal.out(jsonLine(line));
    else terminal.out(verifyText(line, terminal));
    // A disk without an image restores nothing: it is not whole.
    return line.damages > 0 || line.generations.length === 0 ? exitCodes.fails : exitCodes.passes;
  });
}
