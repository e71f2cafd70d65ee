// What a checkout needs before the command can run: packages and a build, each only when missing or older.
import { install, isInstalled, root, Told } from './install.mjs';

/** @param {(line: string) => void} say */
export async function prepare(say) {
  if (!isInstalled(root)) install(say);
  const { build, isBuilt } = await import('./build.mjs');
  if (isBuilt()) return;
  say('otm: building ...');
  try {
    await build();
  } catch (error) {
    throw new Told(`the build failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
