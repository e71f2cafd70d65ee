import { describe, expect, test } from 'vitest';
import { runNow } from '../../../engine/task.ts';
import { makeImage, mountNow, SMALL } from './volumes.ts';

describe.each(SMALL)('$kind of $sizeBytes bytes, sectors of $sectorSize', making => {
  test('what is written is read back, also after a new mount', () => {
    const image = makeImage(making);
    const first = mountNow(image, making.sectorSize);
    runNow(first.volume.makeDirectory('C:\\Some Folder\\Deep'));
    const file = runNow(first.volume.create('C:\\Some Folder\\Deep\\a long name.text'));
    const bytes = new Uint8Array(200_000).map((_, at) => (at * 7 + Math.floor(at / 251)) % 256);
    runNow(file.write(0, bytes));
    runNow(first.volume.sync());
    const again = mountNow(image, making.sectorSize);
    const same = runNow(again.volume.open('c:/some folder/DEEP/A LONG NAME.TEXT'));
    const into = new Uint8Array(bytes.length + 10);
    expect(runNow(same.read(0, into))).toBe(bytes.length);
    expect(Buffer.compare(into.subarray(0, bytes.length), bytes)).toBe(0);
    expect(runNow(again.volume.list('C:\\Some Folder\\Deep'))).toEqual([
      {
        path: 'C:\\SOME FOLDER\\DEEP\\A LONG NAME.TEXT',
        name: 'a long name.text',
        isDirectory: false,
        sizeBytes: bytes.length,
        modified: 946_684_800,
      },
    ]);
    expect(again.volume.freeBytes()).toBe(first.volume.freeBytes());
  });
});
