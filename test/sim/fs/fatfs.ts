/** ChaN's FatFs (js-fatfs) over the bytes of an image: the independent judge of our file system. */
import * as FatFs from 'js-fatfs';
import type { Tree } from './trees.ts';

const BUFFER_BYTES = 65_536;

export class Judge {
  private readonly ff: FatFs.FatFs;
  private readonly image: { bytes: Uint8Array; sectorSize: number };
  private readonly fs: number;
  private readonly buffer: number;
  private readonly count: number;

  private constructor(ff: FatFs.FatFs, image: { bytes: Uint8Array; sectorSize: number }) {
    this.ff = ff;
    this.image = image;
    this.fs = ff.malloc(FatFs.sizeof_FATFS);
    this.buffer = ff.malloc(BUFFER_BYTES);
    this.count = ff.malloc(4);
  }

  static async create(): Promise<Judge> {
    const image = { bytes: new Uint8Array(0), sectorSize: 512 };
    const ff = await FatFs.create({ diskio: diskOver(image) });
    return new Judge(ff, image);
  }

  /** Puts in another disk and mounts it. */
  mount(bytes: Uint8Array, sectorSize: number): void {
    this.image.bytes = bytes;
    this.image.sectorSize = sectorSize;
    ok(this.ff.f_mount(this.fs, '', 1), 'mount');
  }

  unmount(): void {
    ok(this.ff.f_unmount(''), 'unmount');
  }

  /** Formats the disk that is in. */
  format(bytes: Uint8Array, sectorSize: number, kind: number, clusterBytes: number): void {
    this.image.bytes = bytes;
    this.image.sectorSize = sectorSize;
    const options = { fmt: kind + FatFs.FM_SFD, n_fat: 2, align: 0, n_root: 0, au_size: clusterBytes };
    ok(this.ff.f_mkfs('', options, this.buffer, BUFFER_BYTES), 'mkfs');
  }

  makeDirectory(path: string): number {
    return this.ff.f_mkdir(path);
  }

  rename(from: string, to: string): number {
    return this.ff.f_rename(from, to);
  }

  remove(path: string): number {
    return this.ff.f_unlink(path);
  }

  create(path: string): number {
    return this.withFile(path, FatFs.FA_WRITE | FatFs.FA_CREATE_NEW, () => undefined);
  }

  write(path: string, offset: number, bytes: Uint8Array): number {
    return this.withFile(path, FatFs.FA_WRITE | FatFs.FA_OPEN_EXISTING, file => {
      const size = this.ff.f_size(file);
      if (offset > size) this.put(file, size, new Uint8Array(offset - size));
      this.put(file, offset, bytes);
    });
  }

  truncate(path: string, sizeBytes: number): number {
    return this.withFile(path, FatFs.FA_WRITE | FatFs.FA_OPEN_EXISTING, file => {
      const size = this.ff.f_size(file);
      if (sizeBytes > size) this.put(file, size, new Uint8Array(sizeBytes - size));
      ok(this.ff.f_lseek(file, sizeBytes), 'seek');
      ok(this.ff.f_truncate(file), 'truncate');
    });
  }

  read(path: string): Uint8Array {
    let bytes = new Uint8Array(0);
    const result = this.withFile(path, FatFs.FA_READ, file => {
      bytes = new Uint8Array(this.ff.f_size(file));
      for (let at = 0; at < bytes.length; at += BUFFER_BYTES) {
        const length = Math.min(BUFFER_BYTES, bytes.length - at);
        ok(this.ff.f_read(file, this.buffer, length, this.count), 'read');
        bytes.set(this.ff.HEAPU8.subarray(this.buffer, this.buffer + length), at);
      }
    });
    ok(result, `read ${path}`);
    return bytes;
  }

  tree(folder = ''): Tree {
    const tree: Tree = new Map();
    const directory = this.ff.malloc(FatFs.sizeof_DIR);
    const info = this.ff.malloc(FatFs.sizeof_FILINFO);
    const names: { name: string; isDirectory: boolean }[] = [];
    ok(this.ff.f_opendir(directory, `/${folder}`), `open ${folder}`);
    for (;;) {
      ok(this.ff.f_readdir(directory, info), 'read directory');
      const name = this.ff.FILINFO_fname(info);
      if (name === '') break;
      names.push({ name, isDirectory: (this.ff.FILINFO_fattrib(info) & FatFs.AM_DIR) !== 0 });
    }
    this.ff.f_closedir(directory);
    this.ff.free(directory);
    this.ff.free(info);
    for (const { name, isDirectory } of names) {
      const path = folder === '' ? name : `${folder}/${name}`;
      tree.set(path.replaceAll('/', '\\'), isDirectory ? null : this.read(path));
      if (isDirectory) for (const [inner, bytes] of this.tree(path)) tree.set(inner, bytes);
    }
    return tree;
  }

  freeClusters(): number {
    const count = this.ff.malloc(4);
    const pointer = this.ff.malloc(4);
    ok(this.ff.f_getfree('', count, pointer), 'free');
    const free = this.ff.getValue(count, 'i32');
    this.ff.free(count);
    this.ff.free(pointer);
    return free;
  }

  private put(file: number, offset: number, bytes: Uint8Array): void {
    ok(this.ff.f_lseek(file, offset), 'seek');
    for (let at = 0; at < bytes.length; at += BUFFER_BYTES) {
      const part = bytes.subarray(at, at + BUFFER_BYTES);
      this.ff.HEAPU8.set(part, this.buffer);
      ok(this.ff.f_write(file, this.buffer, part.length, this.count), 'write');
      if (this.ff.getValue(this.count, 'i32') !== part.length) throw new Error('the disk of the judge is full');
    }
  }

  private withFile(path: string, mode: number, use: (file: number) => void): number {
    const file = this.ff.malloc(FatFs.sizeof_FIL);
    const result = this.ff.f_open(file, path, mode);
    if (result === FatFs.FR_OK) {
      use(file);
      ok(this.ff.f_close(file), `close ${path}`);
    }
    this.ff.free(file);
    return result;
  }
}

function ok(result: number, what: string): void {
  if (result !== FatFs.FR_OK) throw new Error(`FatFs: ${what}: result ${result}`);
}

function diskOver(image: { bytes: Uint8Array; sectorSize: number }): FatFs.DiskIO {
  const range = (sector: number, count: number) =>
    [sector * image.sectorSize, (sector + count) * image.sectorSize] as const;
  return {
    initialize: () => 0,
    status: () => 0,
    read(ff, _drive, buffer, sector, count) {
      ff.HEAPU8.set(image.bytes.subarray(...range(sector, count)), buffer);
      return FatFs.RES_OK;
    },
    write(ff, _drive, buffer, sector, count) {
      const [from, to] = range(sector, count);
      image.bytes.set(ff.HEAPU8.subarray(buffer, buffer + to - from), from);
      return FatFs.RES_OK;
    },
    ioctl(ff, _drive, command, buffer) {
      if (command === FatFs.GET_SECTOR_COUNT) ff.setValue(buffer, image.bytes.length / image.sectorSize, 'i32');
      if (command === FatFs.GET_SECTOR_SIZE) ff.setValue(buffer, image.sectorSize, 'i16');
      if (command === FatFs.GET_BLOCK_SIZE) ff.setValue(buffer, 1, 'i32');
      return FatFs.RES_OK;
    },
  };
}
