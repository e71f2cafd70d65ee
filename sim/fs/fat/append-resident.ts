/**
 * The short way of an append that stays in the file's last cluster, in one page: nothing is allocated, read or planned.
 * It leaves pages, node and observer exactly as the planned way does (plan-write.ts).
 *
 * Invariants
 * I1 It looks first: it changes nothing unless it can change everything.
 *
 * Hot path: journals grow by one small record after the other.
 */
import type { Bytes } from '../../../engine/units.ts';
import type { ChangeSet } from '../file-system.ts';
import type { Page } from '../page.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { knownSlotOffset } from './directory.ts';
import { ARCHIVE, type EntryFields, writeFields } from './entry.ts';
import { ENTRY_BYTES, offsetOfCluster } from './layout.ts';
import type { FatNode } from './node.ts';
import { FILE_MAX, setFields } from './plan-write.ts';
import type { FatState } from './state.ts';

/** False: something has to be read, allocated, kept, waited for, or is wrong; nothing was done. */
export function appendResident(state: FatState, node: FatNode, bytes: Uint8Array, changes: ChangeSet | null): boolean {
  const { chain, sizeBytes: offset } = node;
  const end = offset + bytes.length;
  if (bytes.length === 0 || end > FILE_MAX || chain === null) return false;
  if (node.frozen !== null || node.isRemoved || node.isForeign) return false;
  const { cache } = state.cached;
  if (cache.writeBack.isAboveLimit) return false;
  const { clusterBytes } = state.layout;
  const index = Math.floor(offset / clusterBytes);
  if (index >= chain.length || end > (index + 1) * clusterBytes) return false;
  const place = offsetOfCluster(state.layout, chain.at(index)) + offset - index * clusterBytes;
  const page = pageOf(state, place, bytes.length);
  const entryPlace = placeOfEntry(state, node);
  const entryPage = entryPlace === null ? null : pageOf(state, entryPlace, ENTRY_BYTES);
  if (page === null || entryPlace === null || entryPage === null) return false;

  chain.sources.touch();
  node.parent?.chain?.sources.touch();
  page.isReferenced = true;
  entryPage.isReferenced = true;
  cache.change(page, node, changes);
  page.bytes.set(bytes, place % PAGE_BYTES);
  const fields: EntryFields = {
    attributes: node.attributes | ARCHIVE,
    firstCluster: node.firstCluster,
    sizeBytes: end,
    modified: state.stamp(),
  };
  cache.change(entryPage, node, changes);
  writeFields(entryPage.bytes, entryPlace % PAGE_BYTES, fields);
  const isStamped = setFields(node, fields);
  const { observer } = state;
  if (observer === null) return true;
  observer.resized(node, end);
  observer.wrote(node, offset, bytes);
  if (isStamped) observer.stamped(node, node.modified);
  return true;
}

/** The resident page that a range of the volume lies in; null when it is absent, or they are two. */
function pageOf(state: FatState, place: Bytes, length: Bytes): Page | null {
  if ((place % PAGE_BYTES) + length > PAGE_BYTES) return null;
  return state.cached.resident(Math.floor(place / PAGE_BYTES));
}

/** Where the short entry of a file lies on the volume; null when the chain of its directory is not known. */
function placeOfEntry({ layout }: FatState, { parent, entry }: FatNode): Bytes | null {
  if (parent === null || entry === null) return null;
  return knownSlotOffset(layout, parent, entry.slot + entry.slotCount - 1);
}
