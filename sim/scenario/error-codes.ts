/**
 * Every way in which a scenario can be bad input. The messages stand where the errors are found; here is what each code
 * means. One test for each: test/sim/scenario/bad-input.test.ts.
 */
import { type Place, UserError } from '../user-error.ts';

export const SCENARIO_ERRORS = {
  // Reading
  'file-not-found': {
    meaning: 'A file that was named, on the command line or by `extends`, is not there or cannot be read.',
    remedy: 'Check the spelling; `extends` is relative to the file that says it. `otm list` shows what there is.',
  },
  'file-too-large': {
    meaning: 'A scenario is longer than 1 MiB of text.',
    remedy: 'Data does not belong in a scenario: a `static` or `script` workload makes files of any size.',
  },
  'yaml-syntax': {
    meaning: 'The text is not YAML 1.2.',
    remedy: 'Look at the place of the caret and shortly before it: a bracket, a quote or the indentation.',
  },
  'yaml-version': {
    meaning: 'The file asks for another version of YAML than 1.2, in which `on` and `off` would no longer be words.',
    remedy: 'Remove the `%YAML` line.',
  },
  'yaml-documents': {
    meaning: 'One file holds several YAML documents.',
    remedy: 'Write one scenario to a file; `matrix` makes variants, `extends` shares what they have in common.',
  },
  'yaml-tag': {
    meaning: 'A value carries a YAML tag, such as `!!binary` or `!include`.',
    remedy: 'Write the value plainly.',
  },
  'yaml-alias': {
    meaning: 'An alias names no anchor, contains itself, or expands to more than a scenario can need.',
    remedy: 'Write the value out, or share it with `extends`.',
  },
  'yaml-depth': {
    meaning: 'Lists and mappings are nested deeper than any scenario is.',
    remedy: 'Look for a bracket that is never closed.',
  },
  'key-twice': {
    meaning: 'One mapping has the same key twice.',
    remedy: 'Keep one of them.',
  },
  'key-not-text': {
    meaning: 'The key of a mapping is a list, a mapping or nothing.',
    remedy: 'Keys are words. A value that begins with `{`, `[` or `*` goes in quotes.',
  },
  'extends-cycle': {
    meaning: 'A file extends itself, directly or by way of others.',
    remedy: 'Move what they share to a file of its own, with `template: true`.',
  },

  // Form
  'unknown-key': {
    meaning: 'A mapping has a key that it cannot have.',
    remedy: 'docs/scenario.md has every key; the message has the nearest one.',
  },
  'missing-key': {
    meaning: 'A mapping lacks a key that must be given.',
    remedy: 'Add it; docs/scenario.md has an example of each.',
  },
  'wrong-type': {
    meaning: 'A value has another form than the key takes: a list instead of a word, a word instead of a mapping.',
    remedy: 'The message says which form was expected.',
  },
  'unknown-word': {
    meaning: 'A key that takes one of a few words has another one.',
    remedy: 'Take one of the words in the message.',
  },
  'unit-missing': {
    meaning: 'A number stands without its unit.',
    remedy: 'Write the unit behind it: `10 s`, `16 KiB`, `40/s`, `1 MiB/s`, `20%`.',
  },
  'unit-unknown': {
    meaning: 'A number has a unit that does not fit. Sizes are binary: KiB is 1024 bytes, KB would be 1000.',
    remedy: 'Sizes: B, KiB, MiB, GiB, TiB. Times: us, ms, s, min, h. Rates: /s, /min, /h, and MiB/s for bytes.',
  },
  'number-bad': {
    meaning: 'A value that must be a number, or a number with a unit, is something else.',
    remedy: 'Write digits, a decimal point if need be, and the unit: `1.5 s`.',
  },
  'number-negative': {
    meaning: 'A number is negative where only 0 and more make sense.',
    remedy: 'Write it without the sign.',
  },
  'number-not-whole': {
    meaning: 'A number that must be whole is not: part of a byte, of a nanosecond, of a file.',
    remedy: 'Round it, or use a smaller unit.',
  },
  'number-too-large': {
    meaning: 'A number is above 2^53, beyond which integers are no longer exact.',
    remedy: 'Take a smaller one: 2^53 nanoseconds are 104 days, 2^53 bytes 8192 TiB.',
  },
  'out-of-range': {
    meaning:
      'A number is below the smallest or above the largest one that the key takes, or does not go with another key.',
    remedy: 'The message says which numbers fit.',
  },
  'not-a-power-of-two': {
    meaning: 'A granule or cluster is not a power of two.',
    remedy: 'Take one of 512 B, 1 KiB, 2 KiB, 4 KiB and so on.',
  },
  'rate-zero': {
    meaning: 'A rate is 0: nothing would ever happen.',
    remedy:
      'For an application that does nothing leave the workload out; for data that never changes take `app: static`.',
  },
  'bad-name': {
    meaning: 'A name or id has characters that would not survive in a path, a file name or a command.',
    remedy: 'Letters, digits, `-` and `_`, beginning with a letter or digit.',
  },
  'bad-letter': {
    meaning: 'A volume letter is not one letter.',
    remedy: 'Write `letter: C`, without a colon.',
  },
  'bad-path': {
    meaning: 'A path has not the form of a path on a volume.',
    remedy: "Write 'C:\\FOLDER\\FILE.DAT' in single quotes, or C:/FOLDER/FILE.DAT.",
  },
  'control-character': {
    meaning:
      'A path has a control character in it: in double quotes YAML takes `\\b` for a backspace and `\\t` for a tab.',
    remedy: "Write paths in single quotes, 'C:\\BANK', or with slashes, C:/BANK.",
  },
  'bad-clock': {
    meaning: 'The wall clock is not a date that FAT can hold.',
    remedy: 'Write it as 2000-01-01T00:00:00Z; years from 1980 to 2107.',
  },
  'bad-seeds': {
    meaning: 'Seeds are not written as numbers and ranges, or are none at all.',
    remedy: 'Write `7`, `1..20` or `1,5,9..20`; both ends are included, seeds go from 0 to 2^53 - 1.',
  },
  'bad-range': {
    meaning: 'A range of sectors is not written as one number or as two with `..` between them, the smaller one first.',
    remedy: 'Write `100..199`; both ends are included.',
  },
  'bad-threshold': {
    meaning: 'A threshold on a metric is not a comparison or a range.',
    remedy: "Write `<= 180 s`, `< 64 MiB`, '> 20 s' in quotes, or `10 s..20 s`; counts have no unit.",
  },

  // Command line and matrix
  'set-path': {
    meaning: 'The path of a `--set`, or of an axis of the matrix, leads nowhere.',
    remedy: 'Paths go through mappings by key and through lists by id or letter: `backups.methods.otm.quiet`.',
  },
  'set-syntax': {
    meaning: 'A `--set` is not of the form PATH=YAML.',
    remedy: 'Write `--set backups.copyRate=unlimited`; values with blanks need the quotes of the shell.',
  },
  'bad-matrix': {
    meaning: 'The matrix of a scenario makes no variant, too many, or two of the same name.',
    remedy: 'Give each axis a list of different values, and let `exclude` leave at least one combination.',
  },

  // Sense
  'id-twice': {
    meaning: 'Two drives, workloads or methods have the same id.',
    remedy: 'Rename one; a method takes `id` beside its name: `{ id: otm-fast, otm: { quiet: 0 s } }`.',
  },
  'letter-twice': {
    meaning: 'Two volumes have the same letter.',
    remedy: 'Take another letter; letters are unique in the whole world.',
  },
  'path-twice': {
    meaning: 'Two files of workloads are the same file, or one of them is a folder of another.',
    remedy: 'Give each its own path.',
  },
  'volume-beyond-drive': {
    meaning:
      'The volumes of a drive do not fit on it. The first one begins at 1 MiB, each other one at a multiple of 1 MiB.',
    remedy: 'Make the drive larger or the volume smaller.',
  },
  'partition-limit': {
    meaning:
      'A partition table of the MBR kind cannot hold the volumes: it has four entries and 32-bit sector numbers.',
    remedy: 'Take `partitions: gpt`, or spread the volumes over more drives.',
  },
  'fat-size': {
    meaning:
      'A FAT file system of that kind cannot have that size with those clusters: the kind is told from the number of clusters.',
    remedy: 'Take the size, kind or cluster that the message names.',
  },
  'page-cache-small': {
    meaning: 'The page cache cannot hold the largest single operation, the release of a chain: both copies of a FAT.',
    remedy: 'Make `world.pageCache.size` larger, or the volume or its number of clusters smaller.',
  },
  'unknown-volume': {
    meaning: 'A letter names a volume that is not there.',
    remedy: 'Take one of the letters under `world.drives[].volumes`.',
  },
  'unknown-drive': {
    meaning: 'An id names a drive that is not there.',
    remedy: 'Take one of the ids under `world.drives`.',
  },
  'unknown-method': {
    meaning: 'A name or id of a method is not known, or `expect` names a method that is not in the list.',
    remedy: 'Take an id of `backups.methods`; the id is the name of the method unless it is given.',
  },
  'unknown-workload': {
    meaning: '`expect` names a workload that is not there.',
    remedy: 'Take one of the ids under `workloads`.',
  },
  'unknown-check': {
    meaning: '`expect` names a check that there is not.',
    remedy: '`otm explain checks` lists them.',
  },
  'unknown-metric': {
    meaning: '`expect` sets a threshold on a metric that there is not.',
    remedy: 'The metrics are those of a result: docs/scenario.md lists them.',
  },
  'unknown-file': {
    meaning:
      'A step of a script names a file that is not among its `files`, or a group, `order` or `include` names one that no workload ever has.',
    remedy: 'Correct the name, or add it to the `files` of a workload.',
  },
  'no-file-system': {
    meaning: 'A path lies on a volume without a file system (`fs: raw`).',
    remedy: 'Take another volume, or give this one a file system.',
  },
  'volume-full': {
    meaning:
      'The files that are there before 0 s do not fit on their volume, or one of them is larger than FAT allows.',
    remedy: 'Make the volume larger or the files smaller.',
  },
  'not-selected': {
    meaning: 'A path of a group, or of the order of the walk, lies on a volume that is not backed up.',
    remedy: 'Select the volume, or leave the path out.',
  },
  'workload-split': {
    meaning:
      'A workload has files on volumes that are backed up and on volumes that are not: no backup of it can be right.',
    remedy: 'Select all of its volumes, move its files, or leave the methods out of `expect`.',
  },
  'check-not-applicable': {
    meaning: '`expect` names a check, a metric or a workload that cannot apply to that method or scenario.',
    remedy: 'Leave it out, or add to the scenario what it needs.',
  },
  'promise-broken': {
    meaning:
      'A promise of the engine is expected to be broken. The engine must keep its promises whatever is expected.',
    remedy: 'Expect `held`; to see a check fail run a mutant: `otm run SCENARIO --mutant ID`.',
  },
  'fault-aim': {
    meaning: 'A fault is aimed at something that its kind cannot have, or that is not there.',
    remedy: 'docs/scenario.md says which aims each kind has.',
  },
  'fault-trigger': {
    meaning: 'A fault has more than one of `at`, `nth` and `perMillion`, or one that needs `at` or `nth` has neither.',
    remedy: 'Give one of them.',
  },
  'keys-exclude': {
    meaning: 'Two keys stand side by side of which only one can be, or one without the other that it needs.',
    remedy: 'Keep one of them, or add what lacks.',
  },
  'memory-limit': {
    meaning:
      'The world would certainly touch more memory than the limit. Large drives are fine, they are sparse; what is written into them is not, and each backup is kept until it has been judged.',
    remedy: 'Make files, file systems or page cache smaller, or let there be fewer backups.',
  },
  'not-there-yet': {
    meaning: 'The scenario asks for something that the format has a word for, but that this version cannot do.',
    remedy: 'Leave it out for now.',
  },
} as const;

export type ScenarioErrorCode = keyof typeof SCENARIO_ERRORS;

/** A `UserError` whose code stands in the registry above. */
export function badInput(
  code: ScenarioErrorCode,
  place: Place | null,
  message: string,
  hint: string | null = null,
): UserError {
  return new UserError({ code, place, message, hint });
}
