/**
 * A discard in flight: a range of pages that the device was told hold nothing of use. Pages that get a frame meanwhile
 * join it, so that none of them has another request in flight.
 */
import type { IoRequest } from '../../engine/device.ts';
import type { Waiter } from '../../engine/task.ts';
import type { CachedVolume } from './cached-volume.ts';
import type { Page, PageNumber } from './page.ts';

export class Discard implements Waiter {
  readonly first: PageNumber;
  readonly count: number;
  readonly request: IoRequest;
  /** Those that have a frame. */
  readonly pages: Page[] = [];
  private readonly volume: CachedVolume;

  constructor(volume: CachedVolume, first: PageNumber, count: number) {
    this.volume = volume;
    this.first = first;
    this.count = count;
    this.request = volume.discardRequest(first, count);
  }

  covers(number: PageNumber): boolean {
    return number >= this.first && number < this.first + this.count;
  }

  join(page: Page): void {
    page.flight = this.request;
    this.pages.push(page);
  }

  submit(): void {
    this.volume.discards.push(this);
    this.request.attach(this);
    this.volume.device.submit(this.request);
  }

  settled(): void {
    this.volume.discards.splice(this.volume.discards.indexOf(this), 1);
    this.volume.cache.discarded(this);
  }
}
