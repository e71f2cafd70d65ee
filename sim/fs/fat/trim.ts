/**
 * Tells the drive which clusters are free, as fstrim does. Only those are told of whose freedom was durable before, so
 * that no crash brings back a file with its data gone.
 */
import type { Task } from '../../../engine/task.ts';
import type { Bytes } from '../../../engine/units.ts';
import { FsError } from '../file-system.ts';
import type { PageNumber } from '../page.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { FIRST_CLUSTER } from './layout.ts';
import type { FatState } from './state.ts';

/** The most pages that are told of between two looks at what is free. */
const STEP_PAGES = 1024;

/** `sync` makes what was freed so far durable. Returns how many bytes were discarded. */
export function* trim(state: FatState, sync: () => Task<void>): Task<Bytes> {
  const { free, cached, layout } = state;
  if (!free.beginTrim()) throw new FsError('busy', state.root.path, 'it is being trimmed');
  try {
    yield* sync();
    let pages = 0;
    const first = Math.ceil(layout.dataStart / PAGE_BYTES);
    const end = Math.floor((layout.dataStart + layout.clusterCount * layout.clusterBytes) / PAGE_BYTES);
    for (let number = first; number < end; ) {
      let count = 0;
      while (number + count < end && count < STEP_PAGES && isUnused(state, number + count)) count += 1;
      if (count > 0) pages += yield* cached.cache.discard(cached, number, count);
      number += count + 1;
    }
    return pages * PAGE_BYTES;
  } finally {
    free.endTrim();
  }
}

/** Is every cluster that has a part in the page unused? */
function isUnused({ free, layout }: FatState, number: PageNumber): boolean {
  const start = number * PAGE_BYTES - layout.dataStart;
  const first = FIRST_CLUSTER + Math.floor(start / layout.clusterBytes);
  const end = FIRST_CLUSTER + Math.ceil((start + PAGE_BYTES) / layout.clusterBytes);
  for (let cluster = first; cluster < end; cluster++) if (!free.isUnused(cluster)) return false;
  return true;
}
