/** All data checks, in the order in which results show them. */
import type { Application } from '../apps/application.ts';
import type { DataEvidence } from './data-evidence.ts';
import { byWorkload, notApplicable } from './data-verdict.ts';
import { fs } from './fs.ts';
import { intact } from './intact.ts';
import { mountable } from './mountable.ts';
import { prefix } from './prefix.ts';
import { relational } from './relational.ts';
import { timestamps } from './timestamps.ts';
import type { Verdict } from './verdict.ts';

/** What was restored, judged by every data check. */
export function judgeData(evidence: DataEvidence): Verdict[] {
  return [
    ...mountable(evidence),
    ...fs(evidence),
    ...intact(evidence),
    ...relational(evidence),
    ...prefix(evidence),
    ...ownChecks(evidence),
    ...timestamps(evidence),
  ];
}

/** A backup that did not complete has no restore: no data check applies. `letters` are those that were selected. */
export function unjudgedData(applications: readonly Application[], letters: readonly string[], why: string): Verdict[] {
  const selected = applications.filter(app => app.letters.some(letter => letters.includes(letter)));
  const byApp = (check: string) => selected.map(({ id }) => notApplicable(check, id, why));
  return [
    ...['mountable', 'fs', 'intact'].map(check => notApplicable(check, null, why)),
    ...byApp('relational'),
    ...byApp('prefix'),
    ...selected.flatMap(({ id, ownCheckNames }) => ownCheckNames.map(check => notApplicable(check, id, why))),
    notApplicable('timestamps', null, why),
  ];
}

/** The checks that an application brings along, as `sqlite`. */
function ownChecks(evidence: DataEvidence): Verdict[] {
  return evidence.workloads.flatMap(workload => {
    const { id, ownCheckNames } = workload.application;
    const judge = (name: string) => {
      const verdict = evidence.loading(workload).ownChecks.find(({ check }) => check === name);
      return verdict === undefined
        ? notApplicable(name, id, 'its application says nothing of it')
        : { ...verdict, workload: id };
    };
    return ownCheckNames.flatMap(name => byWorkload(evidence, name, () => judge(name), [workload]));
  });
}
