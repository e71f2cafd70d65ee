import { packageVersion } from '../../host/package.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { exitCodes } from '../exit-codes.ts';
import { type CommonOptions, openTerminal } from '../terminal.ts';

export async function version(options: CommonOptions): Promise<number> {
  const terminal = openTerminal(options);
  const { platform, arch, versions } = process;
  const about = { version: packageVersion(), node: versions.node, platform: `${platform} ${arch}` };
  if (terminal.json) terminal.out(jsonLine({ schema: 'otm/version@1', ...about }));
  else terminal.out(`otm ${about.version}, Node ${about.node}, ${about.platform}\n`);
  return exitCodes.passes;
}
