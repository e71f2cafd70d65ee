/**
 * What ends the machine, and starts the next one a while later: a cut of the power of the whole world, drives and target
 * included, or a kill, which leaves drives alone.
 *
 * Invariants
 * I1 Everything that ends, ends in one step, in which no task runs.
 * I2 The machine starts again when the last thing that stopped it says so, and never twice for one end.
 * I3 What survives on a drive is chosen by the streams `<drive>` of that drive; whose write is torn by the stream `power`.
 */
import type { Owner, Task } from '../../engine/task.ts';
import type { Nanoseconds } from '../../engine/units.ts';
import type { Drive } from '../disk/drive.ts';
import type { CutChoices } from '../disk/power-cut.ts';
import type { Chooser } from '../kernel/random.ts';
import type { LifeEnd } from './life.ts';
import type { World } from './world.ts';

/** How a machine ends. */
export interface Blow {
  readonly kind: LifeEnd;
  /** Power cut: one write of all that were not durable is torn. */
  readonly tears: boolean;
  /** The machine is started so much later. */
  readonly backNs: Nanoseconds;
}

export class Power {
  private readonly world: World;
  private readonly owner: Owner;
  private readonly choices = new Map<string, CutChoices>();
  private readonly tornDrive: Chooser;
  private backAtNs: Nanoseconds = 0;
  private isStarting = false;

  constructor(world: World) {
    this.world = world;
    this.owner = world.kernel.owner('power');
    this.tornDrive = world.kernel.choices.chooser('power', 'torn drive');
  }

  strike({ kind, tears, backNs }: Blow): void {
    const { kernel, machine } = this.world;
    kernel.digest.foldText(kind);
    kernel.trace?.add(kernel.now(), 'machine', kind, { life: machine.life.number });
    if (machine.boot.isAlive) this.world.endLife(kind);
    else if (kind === 'power-cut') this.world.rescue.powerGoes();
    if (kind === 'power-cut') this.cutDrives(tears);
    this.backAtNs = Math.max(this.backAtNs, kernel.now() + backNs);
    if (this.isStarting) return;
    this.isStarting = true;
    this.owner.spawn('back', this.back());
  }

  private *back(): Task<void> {
    const { kernel } = this.world;
    while (kernel.now() < this.backAtNs) yield this.backAtNs - kernel.now();
    this.isStarting = false;
    if (!this.world.rescue.powerComes()) this.world.startLife();
  }

  private cutDrives(tears: boolean): void {
    const drives = [...[...this.world.drives.values()].map(({ drive }) => drive), this.world.target.drive];
    const candidates = tears ? drives.filter(({ tearableCount }) => tearableCount > 0) : [];
    const torn = candidates.length === 0 ? null : candidates[this.tornDrive.choose(candidates.length)];
    for (const drive of drives) drive.cut(this.choicesOf(drive), drive === torn);
  }

  private choicesOf({ id }: Drive): CutChoices {
    let choices = this.choices.get(id);
    if (choices === undefined) {
      const chooser = (why: string): Chooser => this.world.kernel.choices.chooser(id, why);
      choices = { fate: chooser('fate'), order: chooser('order'), torn: chooser('torn') };
      this.choices.set(id, choices);
    }
    return choices;
  }
}
