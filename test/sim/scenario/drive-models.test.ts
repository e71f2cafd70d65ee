/** Each model does at least 150 random writes of 4 KiB a second over 16 MiB: on the service model that drives have. */
import { describe, expect, test } from 'vitest';
import { IoRequest } from '../../../engine/device.ts';
import { ServiceTime } from '../../../sim/disk/service-time.ts';
import { Choices, RandomStream } from '../../../sim/kernel/random.ts';
import { DRIVE_MODELS } from '../../../sim/scenario/drive-models.ts';

const WRITES = 2000;
const PAGES = 4096;

describe.each(Object.entries(DRIVE_MODELS))('%s', (_, model) => {
  test('at least 150 random writes a second, one at a time, without its cache', () => {
    const service = new ServiceTime(model, new Choices(1).chooser('disk', 'rotation'));
    const stream = new RandomStream(1, 'writes');
    let now = 0;
    for (let n = 0; n < WRITES; n++) {
      const request = new IoRequest('write', stream.below(PAGES) * 8, 8, new Uint8Array(4096));
      now = service.completion(now, request, 512, false, 0);
    }
    expect(WRITES / (now / 1e9)).toBeGreaterThanOrEqual(150);
  });

  test('its figures make sense', () => {
    for (const [name, value] of Object.entries(model)) {
      if (typeof value === 'number') expect(Number.isSafeInteger(value) && value >= 0, name).toBe(true);
    }
    expect(model.seekMaxNs).toBeGreaterThanOrEqual(model.seekMinNs);
    expect(model.queueDepth).toBeGreaterThanOrEqual(model.channels);
  });
});
