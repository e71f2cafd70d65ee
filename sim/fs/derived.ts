/**
 * Something learnt from pages that dies with them: a cluster chain, the index of a directory. As long as it lives, all
 * its sources are resident, so what it says needs no look at them.
 */
import type { Derived, Page } from './page.ts';

export class Sources {
  private readonly derived: Derived;
  private readonly pages = new Set<Page>();

  constructor(derived: Derived) {
    this.derived = derived;
  }

  add(page: Page): void {
    if (this.pages.has(page)) return;
    this.pages.add(page);
    page.deriveFrom(this.derived);
  }

  /** The clock of the page cache is told that they are in use. */
  touch(): void {
    for (const page of this.pages) page.isReferenced = true;
  }

  /** Lets go of all of them: what was derived is no longer bound to them, or is dead. */
  release(): void {
    for (const page of this.pages) page.derived?.delete(this.derived);
    this.pages.clear();
  }
}
