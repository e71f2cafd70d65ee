/** What the page cache of a machine last left on the live volumes, compared with what drives hold: for `transparent`. */
import { PAGE_BYTES } from '../disk/arena.ts';
import type { PageNumber } from '../fs/page.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

export interface LivePages {
  readonly looked: number;
  readonly differing: readonly { readonly letter: string; readonly page: PageNumber }[];
}

/** Pages that are not being written hold what was last written there. To be asked while the machine is alive. */
export function compareLivePages(world: World, machine: Machine): LivePages {
  const bytes = new Uint8Array(PAGE_BYTES);
  const differing: { letter: string; page: PageNumber }[] = [];
  let looked = 0;
  for (const [letter, cached] of machine.cached) {
    const { on, firstSector } = world.volume(letter);
    const start = firstSector * on.spec.sectorSizeBytes;
    for (const { page, expected } of cached.oracle.expectations()) {
      const known = cached.find(page);
      if (known !== null && known.flight !== null) continue;
      const length = cached.lengthOf(page);
      const held = bytes.subarray(0, length);
      on.drive.sectors.read(start + page * PAGE_BYTES, held);
      looked += 1;
      if (world.modules.hash(held) !== expected) differing.push({ letter, page });
    }
  }
  return { looked, differing };
}
