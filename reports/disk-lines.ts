/** What the commands on disks say as JSON; `otm schema --of backup` and the like publish it. */

export interface BackupLine {
  readonly schema: 'otm/backup@1';
  readonly source: string;
  readonly id: string;
  readonly disk: string;
  readonly kind: 'full' | 'increment' | 'in-place';
  readonly generation: number;
  readonly consistency: 'quiescent' | 'crash-consistent';
  /** How it was found what changed: nothing tracks a cold source. */
  readonly changedFrom: 'checksums' | 'bytes';
  readonly because: string | null;
  readonly newDisk: boolean;
  readonly recovery: 'none' | 'finished' | 'given-up';
  readonly imageBytes: number;
  readonly sectorSize: number;
  readonly granuleBytes: number;
  readonly granulesRead: number;
  readonly granulesSkipped: number;
  readonly granulesChanged: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Whose free clusters were skipped; null: every sector was read. */
  readonly fatVolumes: number | null;
  readonly checkedGranules: number | null;
  /** Of these, written by somebody else since the last backup. */
  readonly foreignGranules: number | null;
  readonly dropped: readonly { readonly generation: number; readonly because: 'retention' | 'room' }[];
  /** How long the disk held no whole image; null: never. */
  readonly incompleteSeconds: number | null;
  /** Granules that did not read back; null: not asked for. */
  readonly damaged: readonly number[] | null;
  readonly seconds: number;
}

export interface VerifyLine {
  readonly schema: 'otm/verify@1';
  readonly disk: string;
  readonly id: string;
  readonly state: 'empty' | 'filling' | 'complete' | 'in-place';
  readonly recovery: 'none' | 'finished' | 'given-up';
  readonly generations: readonly number[];
  readonly imageGranules: number;
  readonly savedGranules: number;
  readonly bytesRead: number;
  readonly damages: number;
  /** The first thousand of them. */
  readonly damaged: readonly {
    readonly what: 'header' | 'table' | 'list' | 'image' | 'saved';
    readonly generation: number | null;
    readonly granule: number | null;
    readonly device: string;
    readonly sector: number;
  }[];
}

export interface ShownVolume {
  readonly number: number;
  readonly letter: string | null;
  readonly name: string;
  readonly firstSector: number;
  readonly sectors: number;
  readonly fileSystem: 'fat12' | 'fat16' | 'fat32' | null;
}

export interface GenerationsLine {
  readonly schema: 'otm/generations@1';
  readonly disk: string;
  readonly id: string;
  readonly state: 'empty' | 'filling' | 'complete' | 'in-place';
  readonly recovery: 'none' | 'finished' | 'given-up';
  readonly imageBytes: number;
  readonly sectorSize: number;
  readonly granuleBytes: number;
  readonly diskBytes: number;
  /** For a journal and for older generations. */
  readonly freeBytes: number;
  /** The oldest first; the last one is the image. */
  readonly generations: readonly {
    readonly generation: number;
    readonly wallClock: string;
    readonly consistency: 'quiescent' | 'crash-consistent';
    /** What of it the next one replaced. */
    readonly replacedGranules: number;
    /** Why it can't be read; null when it can. */
    readonly damage: string | null;
  }[];
  readonly shown: {
    readonly generation: number;
    readonly table: 'gpt' | 'mbr' | 'none';
    readonly volumes: readonly ShownVolume[];
  } | null;
  readonly deleted: readonly number[] | null;
}

export interface RestoreLine {
  readonly schema: 'otm/restore@1';
  readonly disk: string;
  readonly id: string;
  readonly generation: number;
  readonly wallClock: string | null;
  /** Null: files were restored. */
  readonly target: string | null;
  readonly targetHeld: string | null;
  readonly volume: string | null;
  readonly bytes: number;
  readonly bytesWritten: number;
  readonly sectorSize: number | null;
  readonly secondGptMoved: boolean;
  /** Sectors that did not read back; null: not asked for. */
  readonly differingSectors: number | null;
  readonly files: readonly { readonly path: string; readonly written: string; readonly bytes: number }[] | null;
}
