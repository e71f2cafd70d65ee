/** The backups of a scenario: selection, walk, and the methods with their options. */
import type { Bytes } from '../../engine/units.ts';
import { gptTailSectors } from '../disk/gpt.ts';
import type { NodePath } from './located.ts';
import type { Report } from './report.ts';
import { checkPattern, drivesOf, everything, resolveSelection, selectedBytes } from './resolve-selection.ts';
import type { World } from './resolve-world.ts';
import type {
  Backups,
  BesideSnapshot,
  CachePlace,
  CacheSpec,
  JudgedMethod,
  MethodKind,
  OtmOptions,
  Selection,
  WalkOrder,
} from './scenario.ts';
import {
  defaultIncremental,
  defaultOtm,
  METHOD_WORDS,
  type ParsedBackups,
  type ParsedBeside,
  type ParsedCache,
  type ParsedMethod,
  type ParsedOtm,
} from './schema-backups.ts';
import { formatSize, formatTime, partOf } from './units.ts';
import { unknownDrive, unknownVolume } from './world-names.ts';

/** A method without what is expected of it. */
type Unjudged<M> = M extends JudgedMethod ? Omit<M, 'expectation'> : never;
export type UnjudgedMethod = Unjudged<JudgedMethod>;
export type UnjudgedBackups = Omit<Backups, 'methods'> & { readonly methods: readonly UnjudgedMethod[] };

interface Context {
  readonly world: World;
  readonly selection: Selection;
  readonly report: Report;
}

const FILE_AGENTS: readonly MethodKind[] = ['naive-copy', 'open-file-agent', 'group-agent'];
/** Caches are made of whole pages. */
const CACHE_UNIT_BYTES: Bytes = 4096;
const AT: NodePath = ['backups'];
const WHOLE = ', which is all of its limit: it is backed up itself';

/** Copies files, not sectors. */
export function isFileAgent(kind: MethodKind): boolean {
  return FILE_AGENTS.includes(kind);
}

export function resolveBackups(parsed: ParsedBackups, world: World, report: Report): UnjudgedBackups {
  const selection = resolveSelection(parsed, world, AT, report, everything(world));
  if (selection.volumes.length === 0 && selection.drives.length === 0) {
    report.at(AT, 'unknown-volume', 'there is nothing to back up: the world has no volume');
  }
  const context = { world, selection, report };
  const { count, every = null, copyRate } = parsed;
  if (count > 1 && every === null) {
    report.at(AT, 'missing-key', 'the key `every` is missing in `backups`: it says when the next one starts');
  }
  const ids = new Set<string>();
  const methods = parsed.methods.flatMap((entry, index) => {
    const at = [...AT, 'methods', index];
    const method = resolveMethod(entry, at, context);
    if (method === null) return [];
    if (ids.has(method.id)) {
      report.at(
        at,
        'id-twice',
        `two methods have the id \`${method.id}\``,
        `give one an id: \`{ id: ${method.id}-2, ${method.kind}: ... }\``,
      );
    }
    ids.add(method.id);
    return [method];
  });
  return {
    startNs: parsed.start,
    selection,
    walk: resolveWalk(parsed, context),
    copyRateBytesPerSecond: copyRate,
    count,
    everyNs: every,
    methods,
  };
}

function resolveWalk(
  { order, include, exclude }: ParsedBackups,
  { world, selection, report }: Context,
): Backups['walk'] {
  const lists = { order: typeof order === 'string' ? [] : order, include: include ?? [], exclude };
  for (const [key, patterns] of Object.entries(lists)) {
    patterns.forEach((pattern, index) => {
      checkPattern(pattern, selection, world, [...AT, key, index], report);
    });
  }
  const by: WalkOrder =
    typeof order === 'string' ? { by: order as 'name' | 'size' | 'random' } : { by: 'paths', paths: order };
  return { order: by, include: include ?? null, exclude };
}

function resolveMethod(entry: ParsedMethod, at: NodePath, context: Context): UnjudgedMethod | null {
  const { report, selection, world } = context;
  const mapping: Exclude<ParsedMethod, string> = typeof entry === 'string' ? {} : entry;
  const kinds = typeof entry === 'string' ? [entry] : METHOD_WORDS.filter(word => word in entry);
  const kind = METHOD_WORDS.find(word => word === kinds[0]);
  if (kinds.length !== 1 || kind === undefined) {
    const message =
      kinds.length === 0 ? 'an entry without a method' : `${kinds.length} methods in one entry: ${kinds.join(', ')}`;
    report.at(at, 'unknown-method', message, 'an entry is a name, or one name with options, optionally with an id');
    return null;
  }
  const id = mapping.id ?? kind;
  if (id === 'none') report.at([...at, 'id'], 'id-twice', 'the id `none` is that of the run without a backup');
  const raw = selection.volumes.find(letter => world.volumes.get(letter)?.fs === 'raw');
  if (isFileAgent(kind) && raw !== undefined) {
    report.at(at, 'no-file-system', `\`${id}\` copies files, and the selected volume \`${raw}\` is raw`);
  }
  switch (kind) {
    case 'otm':
      return { kind, id, ...resolveOtm(mapping.otm ?? defaultOtm(), id, [...at, 'otm'], context) };
    case 'otm-incremental': {
      const options = mapping['otm-incremental'] ?? defaultIncremental();
      const { every: everyNs, times, keep, usedOnly, verify, base, bootedBefore = null, diskLoss } = options;
      const schedule = { everyNs, times, keep, usedOnly, verify, base, bootedBefore, diskLoss };
      return { kind, id, ...resolveOtm(options, id, [...at, kind], context), schedule };
    }
    case 'group-agent':
      return resolveGroupAgent(mapping['group-agent'], id, at, context);
    default:
      return { kind, id };
  }
}

function resolveGroupAgent(
  options: Exclude<ParsedMethod, string>['group-agent'],
  id: string,
  at: NodePath,
  { world, selection, report }: Context,
): UnjudgedMethod | null {
  if (options === undefined) {
    report.at(at, 'missing-key', "the key `groups` is missing: write `{ group-agent: { groups: [['C:\\X\\*']] } }`");
    return null;
  }
  const { groups, quiet: quietNs, waitLimit: waitLimitNs } = options;
  groups.forEach((group, index) => {
    group.forEach((pattern, place) => {
      checkPattern(pattern, selection, world, [...at, 'group-agent', 'groups', index, place], report);
    });
  });
  return { kind: 'group-agent', id, groups, quietNs, waitLimitNs };
}

function resolveOtm(
  parsed: ParsedOtm,
  id: string,
  at: NodePath,
  context: Context,
): { options: OtmOptions; beside: readonly BesideSnapshot[] } {
  const { report, world, selection } = context;
  parsed.exclude.forEach((pattern, index) => {
    checkPattern(pattern, selection, world, [...at, 'exclude', index], report);
  });
  checkGranule(parsed.granule, [...at, 'granule'], context);
  const beside = parsed.beside.map((snapshot, index) => {
    const place = [...at, 'beside', index];
    return { snapshot, place, selection: resolveSelection(snapshot, world, place, report, selection) };
  });
  // On what any snapshot of the method protects a cache has all of its limit before T.
  const protectedBy = [selection, ...beside.map(one => one.selection)];
  const cacheOf = (cache: ParsedCache, where: NodePath, of: Selection): CacheSpec => {
    return resolveCache(cache, where, { ...context, selection: of }, protectedBy);
  };
  const options = optionsOf(parsed, cacheOf(parsed.cache, [...at, 'cache'], selection));
  return {
    options,
    beside: beside.map(({ snapshot, place, selection: of }, index) => {
      const granuleBytes = snapshot.granule ?? parsed.granule;
      checkGranule(granuleBytes, [...place, 'granule'], { ...context, selection: of });
      const cache = cacheOf(snapshot.cache, [...place, 'cache'], of);
      return besideSnapshot(snapshot, `${id}-beside-${index + 1}`, of, { ...options, granuleBytes, cache });
    }),
  };
}

function besideSnapshot(parsed: ParsedBeside, id: string, selection: Selection, options: OtmOptions): BesideSnapshot {
  return { id, startNs: parsed.start, selection, forNs: parsed.for ?? null, options };
}

function optionsOf(parsed: ParsedOtm, cache: CacheSpec): OtmOptions {
  return {
    quietNs: parsed.quiet,
    waitLimitNs: parsed.waitLimit,
    neverQuiet: parsed.neverQuiet,
    holdLimitNs: parsed.holdLimit,
    idleLimitNs: parsed.idleLimit,
    preserveLimitNs: parsed.preserveLimit,
    granuleBytes: parsed.granule,
    protect: parsed.protect,
    durable: parsed.durable,
    discards: parsed.discards,
    exclude: parsed.exclude,
    cache,
  };
}

function checkGranule(granuleBytes: Bytes, at: NodePath, { world, selection, report }: Context): void {
  const ids = drivesOf(selection, world);
  const drive = world.drives.find(({ id, sectorSizeBytes }) => ids.has(id) && sectorSizeBytes > granuleBytes);
  if (drive === undefined) return;
  const sector = formatSize(drive.sectorSizeBytes);
  report.at(
    at,
    'out-of-range',
    `a granule of ${formatSize(granuleBytes)} is smaller than a sector of \`${drive.id}\`, ${sector}`,
  );
}

function resolveCache(
  parsed: ParsedCache,
  at: NodePath,
  context: Context,
  protectedBy: readonly Selection[],
): CacheSpec {
  const { world, selection, report } = context;
  const { min, limit } = parsed;
  const isPart = typeof limit !== 'number';
  const wanted = isPart ? partOf(selectedBytes(selection, world), limit) : limit;
  const limitBytes = isPart ? Math.max(CACHE_UNIT_BYTES, wanted - (wanted % CACHE_UNIT_BYTES)) : wanted;
  if (limitBytes === 0 || limitBytes % CACHE_UNIT_BYTES !== 0) {
    report.at([...at, 'limit'], 'out-of-range', `a limit of ${formatSize(limitBytes)} is no multiple of 4 KiB above 0`);
  }
  if (min % CACHE_UNIT_BYTES !== 0)
    report.at([...at, 'min'], 'out-of-range', `a \`min\` of ${formatSize(min)} is no multiple of 4 KiB`);
  const minBytes = Math.min(min, limitBytes);
  return { on: resolveCachePlace(parsed.on, { minBytes, limitBytes }, at, context, protectedBy), minBytes, limitBytes };
}

function resolveCachePlace(
  on: string | undefined,
  { minBytes, limitBytes }: Omit<CacheSpec, 'on'>,
  cacheAt: NodePath,
  { world, report }: Context,
  protectedBy: readonly Selection[],
): CachePlace {
  const at = [...cacheAt, 'on'];
  if (on === undefined) return { is: 'spare' };
  if (on.length === 1) {
    const letter = on.toUpperCase();
    const volume = world.volumes.get(letter);
    if (volume === undefined) unknownVolume(letter, world, at, report);
    else if (volume.fs === 'raw')
      report.at(at, 'no-file-system', `the volume \`${letter}\` is raw: name its drive instead`);
    else {
      const isProtected = protectedBy.some(({ volumes }) => volumes.includes(letter));
      const atT = isProtected ? limitBytes : minBytes;
      if (atT > (world.fats.get(letter)?.dataBytes ?? atT))
        report.at(
          at,
          'out-of-range',
          `the volume \`${letter}\` has no room for a cache of ${formatSize(atT)}${isProtected ? WHOLE : ''}`,
        );
    }
    return { is: 'volume', letter };
  }
  const drive = world.drives.find(({ id }) => id === on);
  if (drive === undefined) unknownDrive(on, world, at, report);
  else {
    const isProtected = protectedBy.some(({ drives }) => drives.includes(on));
    const atT = isProtected ? limitBytes : minBytes;
    const last = drive.volumes.at(-1);
    const free = drive.sizeBytes - (last === undefined ? 0 : last.offsetBytes + last.sizeBytes) - tailBytes(drive);
    if (free < atT) {
      report.at(
        at,
        'out-of-range',
        `\`${on}\` has ${formatSize(Math.max(0, free))} outside of its volumes, and the cache begins with ${formatSize(atT)}${isProtected ? WHOLE : ''}`,
      );
    }
  }
  return { is: 'drive', driveId: on };
}

/** What the second table of a GPT takes at the end. */
function tailBytes({ partitions, sectorSizeBytes }: World['drives'][number]): Bytes {
  return partitions === 'gpt' ? gptTailSectors(sectorSizeBytes) * sectorSizeBytes : 0;
}

/** Told where both are known: a run that ends before its backups begin shows nothing. */
export function checkEnd(afterNs: number | null, limitNs: number, startNs: number, report: Report): void {
  if (afterNs !== null && afterNs > limitNs) {
    report.at(
      ['end', 'after'],
      'out-of-range',
      `the run would end at ${formatTime(afterNs)}, and its limit is ${formatTime(limitNs)}`,
    );
  }
  const end = Math.min(afterNs ?? limitNs, limitNs);
  if (startNs < end) return;
  report.at(
    ['backups', 'start'],
    'out-of-range',
    `the backup starts at ${formatTime(startNs)}, and the run ends at ${formatTime(end)}`,
  );
}
