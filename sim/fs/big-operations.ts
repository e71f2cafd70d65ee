/**
 * The line of operations that need more than their share of a page cache: one at a time, in the order in which they came
 * (operation.ts, I3).
 */
import { Latch, type Task } from '../../engine/task.ts';

export class BigOperations {
  private head: object | null = null;
  private readonly line: { who: object; turn: Latch<void> }[] = [];

  isHead(who: object): boolean {
    return this.head === who;
  }

  *enter(who: object): Task<void> {
    if (this.head === null) {
      this.head = who;
      return;
    }
    const place = { who, turn: new Latch<void>('its turn as a large operation') };
    this.line.push(place);
    yield place.turn;
  }

  /** Lets go of a place in line, or of the head of it. */
  leave(who: object): void {
    if (this.head !== who) {
      const at = this.line.findIndex(place => place.who === who);
      if (at >= 0) this.line.splice(at, 1);
      return;
    }
    const next = this.line.shift();
    this.head = next === undefined ? null : next.who;
    if (next !== undefined) next.turn.settle();
  }
}
