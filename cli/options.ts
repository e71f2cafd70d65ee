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
