/** All checks of the engine's promises, in the order in which results show them. */
import type { Verdict } from '../verdict.ts';
import { backupDisk } from './backup-disk.ts';
import { bounded } from './bounded.ts';
import type { EngineEvidence } from './engine-verdict.ts';
import { exact } from './exact.ts';
import { faultRule } from './fault-rule.ts';
import { idle } from './idle.ts';
import { once } from './once.ts';
import { oneInstant } from './one-instant.ts';
import { quiet } from './quiet.ts';
import { recovered } from './recovered.ts';
import { released } from './released.ts';
import { self } from './self.ts';
import { several } from './several.ts';
import { tracked } from './tracked.ts';
import { transparent } from './transparent.ts';

const CHECKS = [
  exact,
  oneInstant,
  transparent,
  once,
  bounded,
  quiet,
  released,
  faultRule,
  recovered,
  self,
  several,
  idle,
  tracked,
  backupDisk,
];

export function judgeEngine(evidence: EngineEvidence): Verdict[] {
  return CHECKS.map(check => check(evidence));
}
