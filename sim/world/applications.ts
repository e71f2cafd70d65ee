/** The applications of a scenario. Each object serves one life of a machine. */
import { defect, unreachable } from '../../engine/invariant.ts';
import type { Application } from '../apps/application.ts';
import { Ledger } from '../apps/ledger.ts';
import { MailStore } from '../apps/mail.ts';
import { Script } from '../apps/script.ts';
import type { SqliteLibrary } from '../apps/sqlite/library.ts';
import { SqliteApplication } from '../apps/sqlite/sqlite-application.ts';
import { StaticData } from '../apps/static-data.ts';
import type { Scenario, Workload } from '../scenario/scenario.ts';

/** `sqlite` may be null for a scenario without SQLite. */
export function makeApplications({ workloads }: Scenario, sqlite: SqliteLibrary | null): Application[] {
  return workloads.map(workload => makeApplication(workload, sqlite));
}

function makeApplication(workload: Workload, sqlite: SqliteLibrary | null): Application {
  switch (workload.app) {
    case 'ledger':
      return new Ledger(workload);
    case 'mail':
      return new MailStore(workload);
    case 'script':
      return new Script(workload);
    case 'static':
      return new StaticData(workload);
    case 'sqlite':
      return new SqliteApplication(workload, sqlite ?? defect(`${workload.id}: SQLite is not loaded`));
    default:
      return unreachable(workload);
  }
}
