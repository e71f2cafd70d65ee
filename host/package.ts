/** The package that this program is: where it lies, which version it has, how it was started. */
import { existsSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefectError } from '../engine/invariant.ts';

/** Sources and bundle both lie one folder below it. */
export const packageRoot = fileURLToPath(new URL('..', import.meta.url));

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new DefectError('package.json has no version');
}

/** How a user calls it here: in a checkout, and under npx, the bare name is not on the path. */
export function commandName(environment: { readonly [name: string]: string | undefined }, folder: string): string {
  const isCheckout = existsSync(join(packageRoot, 'cli', 'main.ts'));
  if (isCheckout && `${folder}${sep}`.startsWith(packageRoot)) return 'npx otm';
  return environment.npm_lifecycle_event === 'npx' ? 'npx otm-sim' : 'otm';
}
