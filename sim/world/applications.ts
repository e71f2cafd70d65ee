/** Makes the application of each workload. One object serves one life of a machine. */
import { defect } from '../../engine/invariant.ts';
import type { Application } from '../apps/application.ts';
import { Ledger } from '../apps/ledger.ts';
import type { SqliteLibrary } from '../apps/sqlite/library.ts';
import { SqliteApplication } from '../apps/sqlite/sqlite-application.ts';
import type { Scenario, Workload } from '../scenario/scenario.ts';

export function makeApplications(scenario: Scenario, sqlite: SqliteLibrary | null): Application[] {
  return scenario.workloads.map(workload => makeApplication(workload, sqlite));
}

function makeApplication(workload: Workload, sqlite: SqliteLibrary | null): Application {
  switch (workload.app) {
    case 'ledger':
      return new Ledger(workload);
    case 'sqlite':
      return new SqliteApplication(workload, sqlite ?? defect(`${workload.id}: SQLite is not loaded`));
    default:
      return defect(`${workload.id}: ${workload.app}`);
  }
}
