/** A point or span of time: an integer count of nanoseconds. Virtual in the simulator. Never used with bit operators. */
export type Nanoseconds = number;
/** A count of bytes, or an offset in bytes. Never used with bit operators: volumes are larger than 2^32. */
export type Bytes = number;
/** A sector's number on its drive or volume, or a count of sectors; the sector size is the device's. */
export type Sector = number;

export const MICROSECOND: Nanoseconds = 1_000;
export const MILLISECOND: Nanoseconds = 1_000_000;
export const SECOND: Nanoseconds = 1_000_000_000;

export const KIB: Bytes = 1024;
export const MIB: Bytes = 1024 * 1024;

/** A run of sectors on one device: `first` included, `first + count` not. */
export interface Extent {
  readonly first: Sector;
  readonly count: Sector;
}
