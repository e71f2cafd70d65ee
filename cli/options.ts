/** What each command takes from its command line; `program.ts` says how it is written. */
import type { CommonOptions } from './terminal.ts';

export interface NewOptions extends CommonOptions {
  readonly from?: string;
  readonly app?: string;
}

export interface ScenarioOptions extends CommonOptions {
  readonly method?: readonly string[];
  readonly set?: readonly string[];
  readonly variant?: string;
  readonly csv?: string;
  readonly jsonl?: string;
}

export interface RunOptions extends ScenarioOptions {
  readonly seed?: string;
  readonly keep?: string;
}

export interface SuiteOptions extends ScenarioOptions {
  readonly seeds?: string;
  readonly salt?: string;
  readonly for?: string;
  readonly failFast?: boolean;
}

export interface DemoOptions extends CommonOptions {
  readonly seed?: string;
  readonly against: string;
}

export interface ValidateOptions extends CommonOptions {
  readonly print?: boolean;
  readonly set?: readonly string[];
}

export interface SchemaOptions extends CommonOptions {
  readonly of: string;
}

/** Of commands on a backup disk. */
interface DiskOptions extends CommonOptions {
  readonly catalogue?: string;
}

interface KeepOptions {
  readonly keep?: string;
  readonly keepFor?: string;
}

export interface BackupOptions extends DiskOptions, KeepOptions {
  readonly to: string;
  readonly init?: boolean;
  readonly size?: string;
  readonly id?: string;
  readonly granule?: string;
  readonly sectorSize?: string;
  readonly usedOnly?: boolean;
  readonly verify?: boolean;
  readonly inPlace?: boolean;
}

export type VerifyOptions = DiskOptions;

export interface RestoreOptions extends DiskOptions {
  readonly to?: string;
  readonly generation?: string;
  readonly volume?: string;
  readonly file?: readonly string[];
  readonly out?: string;
  readonly all?: boolean;
  readonly verify?: boolean;
  readonly yes?: boolean;
}

export interface GenerationsOptions extends DiskOptions, KeepOptions {}
