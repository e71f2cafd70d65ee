/** What the snapshot engine promises, E1 to E18: in code, traces and reports each is named by its number. */
import type { Entry } from './entry.ts';

interface PromiseText {
  readonly name: string;
  readonly says: string;
  readonly more: string;
  readonly checks: readonly string[];
}

const promises: { readonly [id: string]: PromiseText } = {
  E1: {
    name: 'exact',
    says: 'A read of a virtual volume returns what the live volume held at T, sector for sector, or fails and says why.',
    more: 'Never other bytes. What the drive itself returns wrongly nobody can know: such sectors are excused, and only they.',
    checks: ['exact'],
  },
  E2: {
    name: 'one instant',
    says: 'T is one step for all volumes of a snapshot, on one drive or on several.',
    more: 'No write that was issued after T shows in any of them, and none that was completed before T is missing.',
    checks: ['one-instant'],
  },
  E3: {
    name: 'transparent',
    says: 'Applications read and end up with what one disk without an engine may return for the same requests.',
    more: 'Overlapping writes take effect in the order in which they were issued. A read never waits in the engine. A completed flush covers every write that completed before it was issued.',
    checks: ['transparent'],
  },
  E4: {
    name: 'once',
    says: 'A granule is copied at most once in a snapshot, by the first write that touches it after T.',
    more: 'Later writes go straight through: no cache read, no cache write, no waiting. That is why the cache grows with the places that change, not with how often they do.',
    checks: ['once'],
  },
  E5: {
    name: 'before',
    says: 'The write that makes a granule change is issued only after the old data is safe in the cache.',
    more: 'Whatever flags the write has. A backup read that met the granule before still returns the old bytes: the write waits for it, or it reads the cache.',
    checks: ['exact'],
  },
  E6: {
    name: 'partial',
    says: 'A write that covers a part of a granule preserves the whole granule; one over many, each that lacks it.',
    more: 'The last granule of a volume may be short. Two overlapping first writes that race preserve once, and both wait.',
    checks: ['exact', 'once'],
  },
  E7: {
    name: 'quiet',
    says: 'A snapshot is enabled only after a full quiet period without a write on any selected volume, and none in flight.',
    more: 'Writes, discards and zeroes break it, also failed ones; reads, flushes and volumes that were not selected do not. When the wait limit passes: `neverQuiet: fail`, or `take-anyway`, which holds new writes for a moment and says crash-consistent.',
    checks: ['quiet'],
  },
  E8: {
    name: 'bounded',
    says: 'The cache never grows past its limit; when it is full the fault rule applies.',
    more: 'A lost snapshot is lost once, with its first cause: every read not yet answered fails with it, none hangs, none comes silently from the drive. The space is freed.',
    checks: ['bounded'],
  },
  E9: {
    name: 'fault rule',
    says: 'When old data cannot be preserved the snapshot is lost and the application goes on, as if there were no engine.',
    more: 'With `protect: backup` the write of the application fails instead, and the snapshot stays exact. Nothing in between. A failed flush is never retried as if it could still succeed.',
    checks: ['fault-rule'],
  },
  E10: {
    name: 'crash',
    says: 'After a power cut a durable snapshot comes back exact; with one more fault it is exact or lost, never wrong.',
    more: 'Old data and a counter are durable, in two places, before new data is issued; T and the end are durable before anybody relies on them. The backup then copies the same instant again. docs/durable-cache.md has the proof.',
    checks: ['recovered'],
  },
  E11: {
    name: 'self',
    says: 'A cache file may lie on a protected volume: its exact sectors are left out and read as zeroes.',
    more: 'The one exception to E1, listed in every report, with the files of `exclude`. There the cache reserves all of its limit before T.',
    checks: ['self'],
  },
  E12: {
    name: 'release',
    says: 'Release lets reads in flight finish or fails them; after it nothing of the snapshot is left.',
    more: 'Only then may a write pass unpreserved. The write path then costs what it costs without an engine.',
    checks: ['released'],
  },
  E13: {
    name: 'tracked',
    says: 'The image of an earlier snapshot and the granules changed since are the new picture, byte for byte.',
    more: 'One bit for each granule of 64 KiB, one map for each interval from one T to the next. A map that may have missed a write (the machine ended without warning, the volume changed) begins a new generation, and the next backup compares instead of trusting.',
    checks: ['tracked'],
  },
  E14: {
    name: 'backup disk',
    says: 'At every moment the backup disk holds the last complete image, or finishes the newest by itself.',
    more: 'A backup is written to a journal first, committed with one record, and then copied into the image; what it replaces is kept for older generations. The image boots as it stands.',
    checks: ['backup-disk'],
  },
  E15: {
    name: 'discard',
    says: 'Discard and write-zeroes count as writes: the old data is preserved first.',
    more: 'A granule that reads as a hole is recorded as zeroes without data. With `discards: drop` those parts are acknowledged and not done, so that one trim does not fill the cache.',
    checks: ['exact'],
  },
  E16: {
    name: 'several',
    says: 'Snapshots of different, also overlapping, sets of volumes are alive at once, and each is exact.',
    more: 'Nothing is shared but the read of the old data. Releasing or losing one leaves the others; the strictest `protect` decides.',
    checks: ['several'],
  },
  E17: {
    name: 'late reader',
    says: 'When no backup read comes for the idle limit the snapshot is released, and says so.',
    more: 'A second backup never gets an older snapshot instead of its own.',
    checks: ['idle'],
  },
  E18: {
    name: 'one door',
    says: 'The filter sits at the drive: whatever way a write comes, every snapshot that covers its sectors sees it.',
    more: 'By volume, by whole drive, by an overlapping volume. A drive selected as a whole is all its sectors: partition table, gaps, every volume.',
    checks: ['transparent'],
  },
};

export const promiseEntries: readonly Entry[] = Object.entries(promises).map(
  ([word, { name, says, more, checks }]) => ({
    word,
    kind: 'promise',
    says: `${name[0]!.toUpperCase()}${name.slice(1)}. ${says}`,
    more: [more],
    example: `expect: { otm: { ${checks[0]}: held } }`,
    see: checks,
  }),
);
