/** Defects that spoil, delay or double what applications and the engine ask of drives. */
import { type Broken, DRIVE_FAILS, PASS, PRESERVE_TWICE, SLOW_READS, THROUGH } from './broken.ts';
import type { PlantedDefect } from './build.ts';

const READ_TWICE: PlantedDefect = {
  file: 'engine/preserve.ts',
  find: '  filter.ports.preserve.submit(request);\n',
  replace: `  filter.ports.preserve.submit(request);
  filter.ports.preserve.submit(new IoRequest('read', sector, request.count, bytes.slice()));\n`,
};

export const REQUESTS: readonly Broken[] = [
  {
    name: 'preserve twice',
    changes: [PRESERVE_TWICE],
    caughtBy: 'once',
  },
  {
    name: 'preserve twice, with slow drives',
    changes: [PRESERVE_TWICE],
    caughtBy: 'once',
    options: { faults: SLOW_READS },
  },
  {
    name: 'an application write dropped by the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.sector % 97 === 0) return request.settle(null);\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'an application write moved by the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.sector % 97 === 0) {
      const moved = new IoRequest('write', request.sector - 8, request.count, request.data);
      moved.attach({ settled: () => request.settle(null) });
      this.ports.application.submit(moved);
      return;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'an application write delayed by the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.sector % 97 === 0 && !request.isLate) {
      request.isLate = true;
      const later = function* (filter) {
        yield 1_000_000;
        filter.pass(request);
      };
      this.owner.spawn('later', later(this));
      return;
    }\n`,
      },
    ],
    caughtBy: 'once',
  },
  {
    name: 'a flush that is answered and never passed on',
    changes: [
      {
        file: 'engine/filter.ts',
        find: THROUGH,
        replace: `${THROUGH}    if (request.op === 'flush') {
      request.settle(null);
      return request;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'FUA dropped by the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.fua) {
      const plain = new IoRequest('write', request.sector, request.count, request.data);
      plain.attach({ settled: () => request.settle(plain.value) });
      this.ports.application.submit(plain);
      return;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'an error of the drive that the filter keeps to itself',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write') {
      const other = new IoRequest('write', request.sector, request.count, request.data, request.fua);
      other.attach({ settled: () => request.settle(null) });
      this.ports.application.submit(other);
      return;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
    options: { faults: [DRIVE_FAILS] },
  },
  {
    name: 'a write that is answered before the drive has done it',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.sector % 97 === 0) {
      this.ports.application.submit(new IoRequest('write', request.sector, request.count, request.data, request.fua));
      request.settle(null);
      return;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'a read of an application that waits in the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: THROUGH,
        replace: `${THROUGH}    if (request.op === 'read' && !request.isLate) {
      request.isLate = true;
      const later = function* (filter) {
        yield 1_000_000;
        filter.readThrough(request);
      };
      this.owner.spawn('later', later(this));
      return request;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'one granule too many',
    changes: [
      {
        file: 'engine/preserve.ts',
        find: 'const last = grid.lastTouched(sector, count);',
        replace: 'const last = Math.min(grid.granuleCount - 1, grid.lastTouched(sector, count) + 1);',
      },
    ],
    caughtBy: 'once',
  },
  {
    name: 'two granules in one place of the cache',
    changes: [
      {
        file: 'engine/slot-cache.ts',
        find: 'return offset === null ? null : (offset - HEADER_BYTES) / this.slotBytes;',
        replace: 'return offset === null ? null : Math.floor((offset - HEADER_BYTES) / this.slotBytes / 2);',
      },
    ],
    caughtBy: 'once',
  },
  {
    name: 'old data read twice',
    changes: [READ_TWICE],
    caughtBy: 'once',
  },
  {
    name: 'old data read twice, with several snapshots',
    changes: [READ_TWICE],
    caughtBy: 'once',
    options: { beside: true },
  },
  {
    name: 'preserve twice, with several snapshots',
    changes: [PRESERVE_TWICE],
    caughtBy: 'once',
    options: { beside: true },
  },
  {
    name: 'a second copy in another place, with several snapshots',
    changes: [
      {
        ...PRESERVE_TWICE,
        replace: `requests: [
      ...this.file.submit('write', this.offset(slot), padded ?? bytes),
      ...(members.length > 1 ? [] : this.file.submit('write', this.offset(this.slotNow() ?? slot), padded ?? bytes)),
    ],`,
      },
    ],
    caughtBy: 'once',
    options: { beside: true },
  },
  {
    name: 'a request that the handle does not count',
    changes: [
      {
        file: 'engine/preserve.ts',
        find: '  filter.ports.preserve.submit(request);\n',
        replace: '  filter.ports.preserve.drive.accept(filter.ports.preserve, request);\n',
      },
    ],
    caughtBy: 'once',
  },
  {
    name: 'a later write that waits for a backup read of other granules',
    changes: [
      {
        file: 'engine/filter.ts',
        find: '!this.readers.overlaps(request.sector, request.count) &&',
        replace: '!this.readers.overlaps(0, this.sectorCount) &&',
      },
      {
        file: 'engine/first-write.ts',
        find: 'filter.readers.first(part.sector, part.count);',
        replace: 'filter.readers.first(0, filter.sectorCount);',
      },
    ],
    caughtBy: 'once',
  },
  {
    name: 'a later write that waits for a copy of other granules',
    changes: [
      {
        file: 'engine/first-write.ts',
        find: '    const reader = filter.readers.first(part.sector, part.count);\n',
        replace: `    const other = filter.protectedVolumes.flatMap(({ copying }) => [...copying.values()])[0];
    if (other !== undefined && !part.hasWaited) {
      part.hasWaited = true;
      yield* wait(other.result);
      continue;
    }
    const reader = filter.readers.first(part.sector, part.count);\n`,
      },
      {
        file: 'engine/filter.ts',
        find: '    return this.mayPass(request);\n',
        replace:
          '    return this.mayPass(request) && this.protectedVolumes.every(({ copying }) => copying.size === 0);\n',
      },
    ],
    caughtBy: 'once',
  },
  {
    name: 'a first write that waits on when its copy is there',
    changes: [
      {
        file: 'engine/first-write.ts',
        find: '  for (const part of parts ?? [request]) {\n    error = yield* makeReady(filter, part, request);\n',
        replace: `  for (const part of parts ?? [request]) {
    error = yield* makeReady(filter, part, request);
    yield 100_000;\n`,
      },
      {
        file: 'engine/first-write.ts',
        find: "invariant(filter.mayPass(part), 'a write passes that may not');",
        replace: '{}',
      },
    ],
    caughtBy: 'once',
  },
  {
    name: 'other bytes written by the filter',
    changes: [
      {
        file: 'engine/filter.ts',
        find: PASS,
        replace: `${PASS}    if (request.op === 'write' && request.sector % 97 === 0) {
      const bytes = request.data.slice();
      bytes[bytes.length - 1] ^= 1;
      const other = new IoRequest('write', request.sector, request.count, bytes, request.fua);
      other.attach({ settled: () => request.settle(other.value) });
      this.ports.application.submit(other);
      return;
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'a write that overtakes an earlier one that it overlaps',
    changes: [
      {
        file: 'engine/filter.ts',
        find: 'if (!this.held.isEmpty && this.held.overlaps(request.sector, request.count)) return false;',
        replace: '',
      },
      {
        file: 'engine/first-write.ts',
        find: '  for (const part of parts ?? [request]) {\n    error = yield* makeReady(filter, part, request);\n',
        replace: `  for (const part of parts ?? [request]) {
    error = yield* makeReady(filter, part, request);
    if (request.sector % 2 === 0) yield 2_000_000;\n`,
      },
      {
        file: 'engine/first-write.ts',
        find: "invariant(filter.mayPass(part), 'a write passes that may not');",
        replace: '{}',
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'a read that is answered with other bytes',
    changes: [
      {
        file: 'engine/filter.ts',
        find: THROUGH,
        replace: `${THROUGH}    if (request.op === 'read') {
      const other = new IoRequest('read', request.sector, request.count, new Uint8Array(request.data.length));
      other.attach({
        settled: () => {
          request.data.set(other.data);
          request.data[0] ^= 1;
          request.settle(other.value);
        },
      });
      return this.ports.application.submit(other);
    }\n`,
      },
    ],
    caughtBy: 'transparent',
  },
  {
    name: 'a write of the engine to a protected volume',
    changes: [
      {
        file: 'engine/preserve.ts',
        find: '  filter.ports.preserve.submit(request);\n',
        replace: `  filter.ports.preserve.submit(request);
  filter.ports.preserve.submit(new IoRequest('zeroes', sector, 1, null));\n`,
      },
    ],
    caughtBy: 'transparent',
  },
];
