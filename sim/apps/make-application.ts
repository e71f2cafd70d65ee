/** The application of a workload. SQLite's is made in `sqlite/`: it needs the library. */
import { unreachable } from '../../engine/invariant.ts';
import type { SqliteWorkload, Workload } from '../scenario/scenario.ts';
import type { Application } from './application.ts';
import { Ledger } from './ledger.ts';
import { MailStore } from './mail.ts';
import { Script } from './script.ts';
import { StaticData } from './static-data.ts';

export function makeApplication(workload: Exclude<Workload, SqliteWorkload>): Application {
  switch (workload.app) {
    case 'ledger':
      return new Ledger(workload);
    case 'mail':
      return new MailStore(workload);
    case 'script':
      return new Script(workload);
    case 'static':
      return new StaticData(workload);
    default:
      return unreachable(workload);
  }
}
