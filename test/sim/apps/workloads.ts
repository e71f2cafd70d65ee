/** Workloads as the loader resolves them. */
import { SECOND } from '../../../engine/units.ts';
import type {
  LedgerWorkload,
  MailWorkload,
  ScriptStep,
  ScriptWorkload,
  StaticWorkload,
} from '../../../sim/scenario/scenario.ts';

const TRANSACTIONAL = {
  rate: { count: 40, perNs: SECOND },
  clients: 8,
  fsync: 'never',
  startNs: 0,
  untilNs: null,
  pauses: null,
  idle: false,
} as const;

export function ledger(changes: Partial<LedgerWorkload> = {}): LedgerWorkload {
  const files = { A: 'C:\\BANK\\ACCOUNTS.DAT', B: 'C:\\BANK\\JOURNAL.DAT' };
  return { ...TRANSACTIONAL, id: 'bank', app: 'ledger', files, accounts: 1000, ...changes };
}

export function mail(changes: Partial<MailWorkload> = {}): MailWorkload {
  return { ...TRANSACTIONAL, id: 'post', app: 'mail', at: 'C:\\MAIL', messages: 30, ...changes };
}

export function script(transaction: readonly ScriptStep[], changes: Partial<ScriptWorkload> = {}): ScriptWorkload {
  const files = ['A', 'B', 'C', 'C2'].map(name => ({ name, path: `C:\\DATA\\${name}.BIN` }));
  return { ...TRANSACTIONAL, id: 'job', app: 'script', files, sizeBytes: 64 * 1024, transaction, ...changes };
}

export function staticData(changes: Partial<StaticWorkload> = {}): StaticWorkload {
  return { id: 'old', app: 'static', at: 'C:\\OLD', fileCount: 3, sizeBytes: 3000, idle: true, ...changes };
}
