/**
 * `npm run bench`: what the simulator does a second, on one core, as ratios of what was measured in turn in one run. Figures
 * of two machines, or of two runs on a busy one, don't compare; the ratios do.
 */
import { MIB } from '../engine/units.ts';
import { loadModules } from '../host/modules.ts';
import { Simulation } from '../sim/run.ts';
import { amplification, firstWriteDelays, laterWrites, memoryCost } from './costs.ts';
import { loadScenario } from './flagship.ts';
import { type IncrementTime, incrementTime, planeThrough } from './incremental.ts';
import { bare, bytesAlone, firstWrites, preserved } from './io.ts';

const ROUNDS = 5;
const REQUESTS = 400_000;
/** Pages that stay in a processor's cache, so that the simulator's code is measured; and some that do not. */
const SMALL = 4 * MIB;
const LARGE = 64 * MIB;
const MANY_SEEDS = Number(process.argv[2] ?? 1000);
const FEW_SEEDS = Math.min(100, MANY_SEEDS);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function line(what: string, figure: string, ratio = ''): void {
  console.log(`  ${what.padEnd(46)}${figure.padStart(14)}  ${ratio}`);
}

const grouped = (value: number): string =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');

const modules = await loadModules({ sqlite: false });
const rounds = Array.from({ length: ROUNDS }, () => ({
  bytes: bytesAlone(modules.hash, REQUESTS, SMALL),
  bare: bare(modules.hash, REQUESTS, SMALL),
  preserved: preserved(modules.hash, REQUESTS, SMALL),
  large: bare(modules.hash, REQUESTS, LARGE),
  first: firstWrites(modules.hash, LARGE),
}));
type Figure = keyof (typeof rounds)[number];
const figure = (of: Figure): string => grouped(median(rounds.map(round => round[of])));
const ratio = (of: Figure): string => `${median(rounds.map(round => round[of] / round.bare)).toFixed(2)} of bare`;

console.log(`Simulated I/Os a second, 4 KiB, half reads, medians of ${ROUNDS} rounds`);
line('the bytes alone: all copied, half hashed', figure('bytes'), ratio('bytes'));
line('bare: kernel and drive, over 4 MiB', figure('bare'), '1');
line('through the engine, all granules preserved', figure('preserved'), ratio('preserved'));
line('bare, over 64 MiB', figure('large'), ratio('large'));
line('first writes (each preserves 4 KiB)', figure('first'), ratio('first'));

const microseconds = (ns: number): string => `${(ns / 1000).toFixed(0)} us`;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

console.log('Virtual time on an SSD: writes of 4 KiB, each the first of its granule of 16 KiB; mean (99th percentile)');
for (const clients of [1, 8, 64]) {
  const none = mean(firstWriteDelays(modules.hash, 'none', clients).latencies);
  for (const kind of ['none', 'not durable', 'durable'] as const) {
    const { latencies } = firstWriteDelays(modules.hash, kind, clients);
    const p99 = latencies[Math.floor(latencies.length * 0.99)]!;
    const what = `${clients} at a time, snapshot ${kind}`;
    const times = `${(mean(latencies) / none).toFixed(1)} times none`;
    line(what, `${microseconds(mean(latencies))} (${microseconds(p99)})`, times);
  }
}
console.log('Later writes, all granules preserved');
const plain = laterWrites(modules.hash, 'none');
for (const kind of ['none', 'not durable', 'durable'] as const) {
  const { latencies, virtualNs } = laterWrites(modules.hash, kind);
  line(`snapshot ${kind}`, microseconds(mean(latencies)), `${(virtualNs / plain.virtualNs).toFixed(3)} of none in all`);
}
console.log('Bytes copied for each byte written, 4 KiB at random over a fourth of the pages');
for (const granule of [4, 16, 64, 256]) {
  line(`granules of ${granule} KiB`, amplification(modules.hash, granule * 1024).toFixed(2));
}
const memory = memoryCost();
console.log('Memory');
line('one snapshot, granules of 16 KiB, per TiB', `${(memory.bitmapBytesPerTiB / MIB).toFixed(1)} MiB`);
line('one interval, granules of 64 KiB, per TiB', `${(memory.trackingBytesPerTiB / MIB).toFixed(1)} MiB`);
line('a preserved granule', `${memory.bytesPerPreservedGranule.toFixed(1)} bytes`);

console.log('An increment on an SSD, virtual time (and wall time), by size of the drive and what changed');
const increments = [1, 4, 16].flatMap(size => [16, 64, 256].map(changed => incrementTime(modules.hash, size, changed)));
for (const { sizeGiB, changedMiB, virtualMs, wallMs } of increments) {
  line(
    `${sizeGiB} GiB, ${changedMiB} MiB changed`,
    `${(virtualMs / 1000).toFixed(2)} s`,
    `(${(wallMs / 1000).toFixed(2)} s)`,
  );
}
for (const [what, of] of [
  ['virtual', ({ virtualMs }: IncrementTime) => virtualMs],
  ['wall', ({ wallMs }: IncrementTime) => wallMs],
] as const) {
  const { fixed, perMiB, perGiB, worstError } = planeThrough(increments, of);
  const sum = `${fixed.toFixed(0)} ms + ${perMiB.toFixed(1)} ms/MiB changed + ${perGiB.toFixed(1)} ms/GiB`;
  line(`fitted, ${what}`, sum, `off by ${(worstError * 100).toFixed(0)}% at most`);
}

const scenario = loadScenario('timestamp-problem');
const simulation = new Simulation(modules);
const methods = scenario.backups.methods.length;
for (let seed = 1; seed <= 5; seed++) simulation.run(scenario, seed);

/** Resident memory, after what can be collected was. */
function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

let ios = 0;
let few = 0;
const started = performance.now();
for (let seed = 1; seed <= MANY_SEEDS; seed++) {
  ios += simulation.run(scenario, seed).ios;
  if (seed === FEW_SEEDS) few = residentBytes();
}
const seconds = (performance.now() - started) / 1000;
const many = residentBytes();
console.log(`timestamp-problem, seeds 1 to ${MANY_SEEDS}, restore and checks included`);
line('method runs a second', ((MANY_SEEDS * methods) / seconds).toFixed(1));
line('simulated I/Os a second', grouped(ios / seconds));
line(`memory after ${FEW_SEEDS} seeds`, `${Math.round(few / 1_048_576)} MiB`);
line(`memory after ${MANY_SEEDS} seeds`, `${Math.round(many / 1_048_576)} MiB`, `${(many / few).toFixed(2)} of that`);
