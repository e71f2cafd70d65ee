/** Defects that spoil a picture, its one instant, or its end. */
import { KIB, MIB, SECOND } from '../../engine/units.ts';
import { type Broken, DIES, LACKS, SLOW_READS, STOPS } from './broken.ts';
import type { PlantedDefect } from './build.ts';
import type { RawOptions } from './raw-world.ts';

/** The cache of the first is far too small, that of the second is not. */
const LOST_BESIDE: RawOptions = {
  beside: true,
  otm: { cache: { on: { is: 'spare' }, minBytes: 256 * KIB, limitBytes: 512 * KIB } },
  besideOtm: { cache: { on: { is: 'spare' }, minBytes: 256 * KIB, limitBytes: 8 * MIB } },
};

/** All snapshots that protect a drive of this one. */
const OTHERS = 'for (const { snapshot } of this.volumes.flatMap(({ filter }) => [...filter.protectedVolumes]))';

const IO_REQUEST_IN_SNAPSHOT: PlantedDefect = {
  file: 'engine/snapshot.ts',
  find: "import { IoError, type IoRequest } from './device.ts';",
  replace: "import { IoError, IoRequest } from './device.ts';",
};

export const PICTURES: readonly Broken[] = [
  {
    name: 'preserve after write',
    changes: [
      {
        file: 'engine/first-write.ts',
        find: '  yield* wait(place.granted);\n',
        replace: `  yield* wait(place.granted);
  filter.pass(request);
  yield* preserve(filter, request.sector, request.count);
  filter.held.release(place);
  if (filter !== null) return;
`,
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'skip the last partial granule',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: LACKS,
        replace: LACKS.replace(
          'grid.lastTouched(sector, count)',
          'Math.min(grid.lastTouched(sector, count), grid.granuleCount - 2)',
        ),
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'T taken volume by volume',
    changes: [
      {
        file: 'engine/engine.ts',
        find: 'for (const volume of snapshot.volumes) volume.filter.attach(volume);',
        replace: `const attach = function* (volume, delay) {
      yield delay;
      volume.filter.attach(volume);
    };
    snapshot.volumes.forEach((volume, at) => this.owner.spawn('attach', attach(volume, at * 300_000_000)));`,
      },
    ],
    caughtBy: 'one-instant',
  },
  {
    name: 'discard not preserved',
    changes: [
      {
        file: 'engine/filter.ts',
        find: "if (request.op === 'read' || request.op === 'flush') return",
        replace: "if (request.op === 'read' || request.op === 'flush' || request.op === 'discard') return",
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'virtual read that races with the first write',
    changes: [
      {
        file: 'engine/first-write.ts',
        find: 'if (reader === null) return null;',
        replace: 'if (reader !== undefined) return null;',
      },
      {
        file: 'engine/filter.ts',
        find: '      !this.readers.overlaps(request.sector, request.count) &&\n',
        replace: '',
      },
    ],
    caughtBy: 'exact',
    options: { granuleBytes: 256 * KIB, unpaced: true, faults: SLOW_READS },
  },
  {
    name: 'a range of granules that tests only its first',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: LACKS,
        replace: 'return !this.preserved.get(grid.firstTouched(sector));',
      },
    ],
    caughtBy: 'exact',
    options: { granuleBytes: 4 * KIB },
  },
  {
    name: 'read in flight at loss',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: "for (const request of [...this.reads]) this.answer(request, this.endError('virtual volume', request));",
        replace: '',
      },
    ],
    caughtBy: 'released',
    options: { otm: { cache: { on: { is: 'spare' }, minBytes: 256 * KIB, limitBytes: 512 * KIB } } },
  },
  {
    name: 'read in flight at release',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: "for (const request of [...this.reads]) this.answer(request, this.endError('virtual volume', request));",
        replace: '',
      },
    ],
    caughtBy: 'released',
    options: { faults: [DIES] },
  },
  {
    name: 'a second write that overtakes a waiting backup read',
    changes: [
      {
        file: 'engine/filter.ts',
        find: '    return this.mayPass(request);\n',
        replace: '    return this.holdOver(request) === null && !this.lacks(request.sector, request.count);\n',
      },
    ],
    caughtBy: 'exact',
    options: { granuleBytes: 256 * KIB, unpaced: true, faults: SLOW_READS },
  },
  {
    name: 'a cache that is never given back',
    changes: [{ file: 'engine/cache-file.ts', find: '    yield* this.space.free();\n', replace: '' }],
    caughtBy: 'released',
  },
  {
    name: 'an end that never comes',
    changes: [{ file: 'engine/snapshot.ts', find: "    this.emit({ kind: 'gone', ...this.stamp() });\n", replace: '' }],
    caughtBy: 'released',
  },
  {
    name: 'two snapshots of which one is asked',
    changes: [
      {
        file: 'engine/filter.ts',
        find: 'for (const volume of this.protectedVolumes) if (volume.lacks(sector, count)) return true;',
        replace:
          'for (const volume of this.protectedVolumes.slice(0, 1)) if (volume.lacks(sector, count)) return true;',
      },
    ],
    caughtBy: 'several',
    options: { beside: true },
  },
  {
    name: 'an idle limit that never comes',
    changes: [
      {
        file: 'engine/watchdog.ts',
        find: "    snapshot.release('idle');\n",
        replace: '    yield 3_600_000_000_000;\n',
      },
    ],
    caughtBy: 'idle',
    options: { faults: [STOPS], otm: { idleLimitNs: 5 * SECOND } },
  },
  {
    name: 'a read that fails for nothing',
    changes: [
      {
        file: 'engine/virtual-volume.ts',
        find: "  if (isAnswered) return 'answered';\n",
        replace: `  if (isAnswered) return 'answered';
  if (sector % 3 === 0) return new IoError('read-error', 'x', 'read', sector, count);\n`,
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'a loss that takes another snapshot with it',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: "    this.end({ kind: 'lost', ...this.stamp(), cause, detail });\n",
        replace: `    this.end({ kind: 'lost', ...this.stamp(), cause, detail });
    ${OTHERS} snapshot.lose(cause, detail);\n`,
      },
    ],
    caughtBy: 'several',
    options: LOST_BESIDE,
  },
  {
    name: 'a loss that releases another snapshot',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: "    this.end({ kind: 'lost', ...this.stamp(), cause, detail });\n",
        replace: `    this.end({ kind: 'lost', ...this.stamp(), cause, detail });
    ${OTHERS} snapshot.release();\n`,
      },
    ],
    caughtBy: 'several',
    options: LOST_BESIDE,
  },
  {
    name: 'a release that releases another snapshot',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: "      this.end({ kind: 'released', ...this.stamp(), cause });\n",
        replace: `      this.end({ kind: 'released', ...this.stamp(), cause });
    ${OTHERS} snapshot.release();\n`,
      },
    ],
    caughtBy: 'several',
    options: { beside: true },
  },
  {
    name: 'a snapshot that releases itself',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: '    this.granulesPreserved += 1;\n',
        replace: '    this.granulesPreserved += 1;\n    if (this.granulesPreserved === 20) this.release();\n',
      },
    ],
    caughtBy: 'released',
  },
  {
    name: 'a read of the engine after the end',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: "    this.emit({ kind: 'gone', ...this.stamp() });\n",
        replace: `    this.emit({ kind: 'gone', ...this.stamp() });
    const { preserve, virtual } = this.volumes[0].filter.ports;
    preserve.submit(new IoRequest('read', 0, 1, new Uint8Array(preserve.sectorSize)));\n`,
      },
      IO_REQUEST_IN_SNAPSHOT,
    ],
    caughtBy: 'released',
  },
  {
    name: 'a snapshot that is counted as alive for ever',
    changes: [
      {
        file: 'engine/engine.ts',
        find: '    snapshot.ended.attach({ settled: () => this.alive.delete(snapshot) });\n',
        replace: '',
      },
    ],
    caughtBy: 'released',
  },
  {
    name: 'requests that are on their way at the end',
    changes: [
      { file: 'engine/cache-file.ts', find: '    yield* this.inFlight.drain(this.space.place);\n', replace: '' },
      { file: 'engine/snapshot.ts', find: "    yield* this.atDrives.drain('protected drives');\n", replace: '' },
    ],
    caughtBy: 'released',
    options: { ...LOST_BESIDE, beside: false, unpaced: true, faults: SLOW_READS },
  },
  {
    name: 'data that is said to be a hole',
    changes: [
      {
        file: 'engine/virtual-volume.ts',
        find: '  request.readAsHole = isHole;\n',
        replace: '  request.readAsHole = true;\n',
      },
    ],
    caughtBy: 'exact',
  },
];
