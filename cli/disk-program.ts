/** The commands on real disks and their options, as `--help` and docs/cli.md show them. */
import { type Command, Option } from 'commander';
import type { BackupOptions, GenerationsOptions, RestoreOptions, VerifyOptions } from './options.ts';
import { collect, common, type Finish, named } from './program-parts.ts';

export function addDiskCommands(program: Command, finish: Finish): void {
  addBackup(program, finish);
  addVerify(program, finish);
  addGenerations(program, finish);
  addRestore(program, finish);
}

function addBackup(program: Command, finish: Finish): void {
  const backup = program
    .command('backup <source>')
    .description('an image file or device, sector for sector, to a backup disk: first all, then what changed')
    .requiredOption('--to <disk>', 'the backup disk: an image file or a device', named('--to'))
    .option('--init', 'make it a new backup disk; what it holds is lost, unless it is that of this source already')
    .option('--size <size>', 'how large --init makes an image file (default: the source, half of it, and 64 MiB)')
    .option('--used-only', 'skip what the FAT volumes of the source say is free; the image has zeroes there')
    .option('--verify', 'read back what was written and compare it with its checksums')
    .option('--in-place', 'go on without a journal when the change is too large for it');
  keeping(backup)
    .option('--id <text>', 'what the disk calls this source (default: the name of its file)')
    .option('--granule <size>', 'of a new disk: the unit that is compared and copied, 4 KiB to 1 MiB', '64KiB')
    .addOption(
      new Option('--sector-size <bytes>', 'of an image file (default: found, else 512)').choices(['512', '4096']),
    );
  catalogued(backup);
  const examples = [
    'otm backup server.img --to backup.img --init',
    'otm backup server.img --to backup.img --keep 30 --verify',
    'otm backup /dev/sda --to /dev/sdb --used-only',
  ];
  common(backup, ...examples)
    .addHelpText('after', coldSource)
    .action(async (source: string, options: BackupOptions) => {
      const { backup: act } = await import('./commands/backup.ts');
      await finish(act(source, options));
    });
}

const coldSource = `
Nobody may write to the source meanwhile: it is read as it lies there. What
changed since the last backup is found by reading the source and comparing
checksums. Ctrl-C at any time: the disk holds its last image, or finishes the
new one by itself when it is next opened.`;

function addVerify(program: Command, finish: Finish): void {
  const verify = program
    .command('verify <disk>')
    .description('read all that a backup disk holds and compare it with its checksums; exit code 1 for damage');
  catalogued(verify);
  common(verify, 'otm verify backup.img').action(async (disk: string, options: VerifyOptions) => {
    const { verify: act } = await import('./commands/verify.ts');
    await finish(act(disk, options));
  });
}

function addGenerations(program: Command, finish: Finish): void {
  const generations = program
    .command('generations <disk> [action] [number...]')
    .description('list the generations of a backup disk (list); show N; delete N...; keep by number and age');
  catalogued(keeping(generations));
  const examples = [
    'otm generations backup.img',
    'otm generations backup.img show 3',
    'otm generations backup.img delete 1 2',
    'otm generations backup.img keep --keep 5 --keep-for 30d',
  ];
  common(generations, ...examples).action(
    async (disk: string, action: string | undefined, numbers: string[], options: GenerationsOptions) => {
      const { generations: act } = await import('./commands/generations.ts');
      await finish(act(disk, action ?? 'list', numbers, options));
    },
  );
}

function addRestore(program: Command, finish: Finish): void {
  const restore = program
    .command('restore <disk>')
    .description('a generation back to a file or device, one volume of it, or single files of FAT volumes')
    .option('--to <target>', 'an image file (made when it is not there) or a device', named('--to'))
    .option('--generation <n>', 'as `otm generations` lists them (default: the newest)')
    .option('--volume <name>', 'one volume only: its number, or its letter')
    .option('--file <path>', 'a file or folder of the image, to a folder (repeatable)', collect)
    .option('--out <dir>', 'the folder for --file; nothing in it is overwritten', named('--out'))
    .option('--all', 'write everything, not only what differs')
    .option('--verify', 'read back what was restored')
    .option('--yes', 'replace what the target holds, without a question');
  catalogued(restore);
  const examples = [
    'otm restore backup.img --to /dev/sdb',
    'otm restore backup.img --generation 3 --volume C --to c.img --yes',
    'otm restore backup.img --file DATA/BOOKS.DAT --out found',
  ];
  common(restore, ...examples).action(async (disk: string, options: RestoreOptions) => {
    const { restore: act } = await import('./commands/restore.ts');
    await finish(act(disk, options));
  });
}

function keeping(command: Command): Command {
  return command
    .option('--keep <n>', 'so many generations stay, the newest included, 1 to 255 (default: 8)')
    .option('--keep-for <time>', 'generations that are older go: 12h, 7d');
}

function catalogued(command: Command): Command {
  return command.option(
    '--catalogue <file>',
    'where the catalogue is, when not behind the image',
    named('--catalogue'),
  );
}
