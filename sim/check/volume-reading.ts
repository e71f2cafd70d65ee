/** What reading a restored volume from its bytes alone has found. Made from an image by `read-restored.ts`. */
import type { RestoredFile } from '../apps/application.ts';
import type { Problem } from '../fs/fat/image.ts';

export interface VolumeReading {
  readonly letter: string;
  /** It has no file system: nothing to mount. */
  readonly isRaw: boolean;
  /** Why it does not mount; null when it does. */
  readonly mountError: string | null;
  /** How many directories were walked, the root included. */
  readonly directoryCount: number;
  readonly files: readonly RestoredFile[];
  readonly problems: readonly Problem[];
}

/** `C:\BANK: it can not be read whole`. */
export function problemText({ path, text }: Problem): string {
  return path === undefined ? text : `${path}: ${text}`;
}
