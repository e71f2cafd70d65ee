/** Data that never changes: what a backup has to carry along, and what must come back as it was. */
import type { Task } from '../../engine/task.ts';
import type { Path } from '../fs/file-system.ts';
import type { StaticWorkload } from '../scenario/scenario.ts';
import type { Application, Loading, RestoredTree, Volumes } from './application.ts';
import { fillFile } from './filling.ts';
import { letterOf } from './paths.ts';
import { writePiece } from './script-pieces.ts';
import { counted, listed } from './wording.ts';
import type { WorkloadTruth } from './workload-truth.ts';

export class StaticData implements Application {
  readonly kind = 'static';
  readonly id: string;
  readonly parts = ['files'];
  readonly letters: readonly string[];
  readonly recovers = false;
  readonly ownCheckNames = [];
  private readonly workload: StaticWorkload;
  private readonly paths: ReadonlySet<Path>;

  constructor(workload: StaticWorkload) {
    this.workload = workload;
    this.id = workload.id;
    this.letters = [letterOf(workload.at)];
    const numbers = Array.from({ length: workload.fileCount }, (_, at) => String(at + 1).padStart(5, '0'));
    this.paths = new Set(numbers.map(number => `${workload.at}\\D${number}.DAT`));
  }

  *fill(volumes: Volumes): Task<void> {
    let number = 0;
    for (const path of this.paths) {
      number += 1;
      const stamp = { transaction: number, step: 0, name: 'STATIC' };
      yield* fillFile(volumes, path, this.workload.sizeBytes, (piece, offset) => writePiece(piece, offset, stamp));
    }
  }

  start(): void {}

  *stop(): Task<void> {}

  resume(): void {}

  owns(path: Path): boolean {
    return this.paths.has(path);
  }

  load(tree: RestoredTree, { truth }: WorkloadTruth): Loading {
    const wrong: string[] = [];
    for (const path of this.paths) {
      const file = tree.file(path);
      const base = truth.base.file(path);
      if (file === null) wrong.push(`${path} is missing`);
      else if (file.damage !== null) wrong.push(`${path} can't be read: ${file.damage}`);
      else if (file.sizeBytes !== base?.sizeBytes || tree.blocks(file, base).changed.length > 0) {
        wrong.push(`${path} is not what it was`);
      }
    }
    const summary = wrong.length === 0 ? `${counted(this.paths.size, 'file')} as they were` : listed(wrong);
    const evidence = { files: this.paths.size, wrong: wrong.length };
    return { accepts: wrong.length === 0, summary, evidence, transactions: null, ownChecks: [] };
  }
}
