/** What goes wrong with real disks and backup disks. One test for each: test/host/disk, test/cli/disk-commands.test.ts. */
import type { RefusalReason } from '../../engine/backup-disk/refusal.ts';
import { BackupDiskRefusal } from '../../engine/backup-disk/refusal.ts';
import { IoError } from '../../engine/device.ts';
import { WorldError } from '../../engine/invariant.ts';
import { type ErrorRegistry, UserError } from '../../sim/user-error.ts';
import { systemReason } from '../error-codes.ts';

export const diskErrors = {
  'not-a-disk': {
    meaning: 'A path is neither an image file nor a block device, or holds no whole sectors.',
    remedy: 'Name an image file or a device such as `/dev/sdb`; `--sector-size` says what its sectors are.',
  },
  'cannot-open': {
    meaning: 'An image file or a block device cannot be opened.',
    remedy: 'Devices mostly need the rights of the administrator; the message says what the system answered.',
  },
  'device-in-use': {
    meaning: 'Something else uses the device or image file: a mount, a loop device, a volume group, another otm.',
    remedy: 'Unmount or detach it, or wait until the other command has ended.',
  },
  'source-is-target': {
    meaning: 'Source and target are the same device or file, or one lies on the other.',
    remedy: 'Name another target: nothing was written.',
  },
  'source-changed': {
    meaning: 'The source was written to while it was read, so its picture may be of no instant.',
    remedy: 'Stop what uses it, and run the backup again.',
  },
  'disk-foreign': {
    meaning: 'The disk carries no catalogue of a backup, so it is not touched.',
    remedy: '`otm backup SOURCE --to DISK --init` makes it a backup disk; what it holds is lost then.',
  },
  'disk-other-source': {
    meaning: 'The backup disk holds the image of another source.',
    remedy: 'Name the right disk; `--id` says which source this is; `--init` gives up what the disk holds.',
  },
  'disk-newer-version': {
    meaning: 'The backup disk was written by a newer version of otm.',
    remedy: 'Use that version.',
  },
  'disk-damaged': {
    meaning: 'What the backup disk says of itself cannot be believed, and nothing was changed.',
    remedy: '`otm verify DISK` names what is damaged; older generations and single files may still be whole.',
  },
  'disk-full': {
    meaning: 'The disk has too little room for the image, its catalogue, or for the journal of this change.',
    remedy: 'Use a larger disk, or keep fewer generations; `--in-place` goes on without a journal.',
  },
  'sector-size-differs': {
    meaning: 'Source, backup disk and target must have sectors of one size.',
    remedy: 'Use a device with the same sectors; of image files `--sector-size` says what they are.',
  },
  'source-size-changed': {
    meaning: 'The source has another size than the image on the backup disk.',
    remedy: 'Begin a new backup disk with `--init`.',
  },
  'target-too-small': {
    meaning: 'The target is smaller than what is to be restored to it.',
    remedy: 'Use a target that is as large as the source was; nothing was written.',
  },
  'no-image': {
    meaning: 'The backup disk holds no whole image yet.',
    remedy: 'Run `otm backup` to its end.',
  },
  'no-generation': {
    meaning: 'The backup disk has no such generation.',
    remedy: '`otm generations DISK` lists those that there are.',
  },
  'newest-generation': {
    meaning: 'The newest generation is the image itself and cannot be deleted.',
    remedy: 'Make another backup first, or begin anew with `--init`.',
  },
  'no-volume': {
    meaning: 'The image has no such volume, or none that a file can be taken from.',
    remedy: '`otm generations DISK show N` lists the volumes with their numbers and letters.',
  },
  'not-in-image': {
    meaning: 'The image has no such file, or its name cannot be one here.',
    remedy: 'Write the path as in `--file "C:\\\\DATA\\\\BOOKS.DAT"` or `--file DATA/BOOKS.DAT --volume 1`.',
  },
  'not-confirmed': {
    meaning: 'A restore replaces what the target holds, and nobody said yes to that.',
    remedy: 'Look at what would be replaced, and answer `yes`, or say `--yes` where there is no terminal.',
  },
  interrupted: {
    meaning: 'Ctrl-C or SIGTERM ended the command before its end. Exit code 130 or 143.',
    remedy: 'Run it again: a backup disk holds its last image, and a target that is half restored says so.',
  },
  'disk-io': {
    meaning: 'A device failed: it could not be read or written.',
    remedy:
      'The backup disk holds what it held before, or finishes by itself when it is next opened; look at the device.',
  },
} as const satisfies ErrorRegistry;

export type DiskErrorCode = keyof typeof diskErrors;

export function diskError(code: DiskErrorCode, message: string, hint: string | null = null): UserError {
  return new UserError({ code, message, hint: hint ?? inASentence(diskErrors[code].remedy) });
}

function inASentence(remedy: string): string {
  return remedy.charAt(0).toLowerCase() + remedy.slice(1).replace(/\.$/, '');
}

const codes: { readonly [reason in RefusalReason]: DiskErrorCode | 'bad-value' } = {
  foreign: 'disk-foreign',
  'other-source': 'disk-other-source',
  'newer-version': 'disk-newer-version',
  conflict: 'disk-damaged',
  damaged: 'disk-damaged',
  'sector-size': 'sector-size-differs',
  granule: 'bad-value',
  'source-size': 'source-size-changed',
  'source-is-target': 'source-is-target',
  'no-room': 'disk-full',
  'in-use': 'device-in-use',
  busy: 'device-in-use',
  'no-image': 'no-image',
  'no-generation': 'no-generation',
  newest: 'newest-generation',
  'target-too-small': 'target-too-small',
  'text-too-long': 'bad-value',
};

/** What a user can put right, found within a task: there only errors of the world may be thrown. */
export class DiskProblem extends WorldError {
  override readonly name = 'DiskProblem';
  readonly code: DiskErrorCode;

  constructor(code: DiskErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What an operation of the engine throws, for a user; anything else as it is. */
export function asUserError(error: unknown): unknown {
  if (error instanceof BackupDiskRefusal) {
    const code = codes[error.reason];
    if (code === 'bad-value') return new UserError({ code, message: error.message });
    return diskError(code, error.message);
  }
  if (error instanceof DiskProblem) return diskError(error.code, error.message);
  if (error instanceof IoError) return diskError('disk-io', error.message);
  // The system refused what was asked outside of a device.
  if (error instanceof Error && 'syscall' in error) return diskError('disk-io', systemReason(error));
  return error;
}
