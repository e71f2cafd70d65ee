/** Results made by hand, as the flagship has them: what reports are tried on. */
import type { CheckResult, MethodResult, Metrics, RestoreStep, Result } from '../../sim/result.ts';

export const noMetrics: Metrics = {
  quietWaitSeconds: null,
  holdSeconds: null,
  backupSeconds: null,
  bytesRead: null,
  targetBytesWritten: null,
  bytesPreserved: null,
  granulesPreserved: null,
  cachePeakBytes: null,
  appTransactionsPerSecond: null,
  appTransactionsPerSecondWithoutBackup: null,
  appDownSeconds: null,
  appWriteDelayP50Us: null,
  appWriteDelayP99Us: null,
  appReadDelayP99Us: null,
};

export function madeCheck(over: Partial<CheckResult>): CheckResult {
  return {
    check: 'relational',
    promise: null,
    workload: 'bank',
    verdict: 'held',
    expected: 'held',
    pass: true,
    looked: 479,
    summary: 'A and B tell the same 479 transfers',
    evidence: {},
    story: [],
    ...over,
  };
}

export function madeMethod(over: Partial<MethodResult> & { readonly method: string }): MethodResult {
  return {
    kind: over.method,
    outcome: 'completed',
    reason: null,
    consistency: null,
    digest: '66666666666',
    T: 10,
    pass: true,
    judged: true,
    restore: null,
    checks: [],
    files: [],
    excluded: [],
    metrics: noMetrics,
    command: `otm run timestamp-problem --seed 7 --method ${over.method}`,
    ...over,
  };
}

const off = 'B holds 80 transfers that A lacks: balances are off by 4,310';

function restore(accepts: boolean, summary: string): RestoreStep {
  const loading = { workload: 'bank', app: 'ledger', parts: ['A', 'B'], accepts, summary };
  return { volumes: ['C'], files: 2, loadings: [loading] };
}

const sound = [
  madeCheck({ check: 'mountable', workload: null, looked: 1, summary: 'C: mounts' }),
  madeCheck({ check: 'intact', looked: 2, summary: 'each file is as it was at one instant' }),
];

const torn = madeCheck({
  verdict: 'violated',
  expected: 'violated',
  summary: off,
  evidence: { lastInA: 399, lastInB: 479, firstHole: 400 },
  story: [
    'A was restored as it was after transfer 399.',
    'B was restored as it was after transfer 479.',
    'No instant of the truth has both: after 399 B held 0 of the 80 transfers 400 to 479.',
  ],
});

const cost: Metrics = {
  ...noMetrics,
  backupSeconds: 4.2,
  bytesRead: 4_313_088,
  targetBytesWritten: 4_313_088,
  appTransactionsPerSecond: 24.1,
  appTransactionsPerSecondWithoutBackup: 24.2,
  appDownSeconds: 0,
  appWriteDelayP50Us: 0,
  appWriteDelayP99Us: 0,
};

function mismatch(method: string, intact: boolean, metrics: Metrics = cost): MethodResult {
  const broken = madeCheck({
    check: 'intact',
    verdict: 'violated',
    expected: null,
    summary: 'C:\\BANK\\ACCOUNTS.DAT is as it was at no instant: blocks 3 to 17 are newer than the rest',
  });
  const checks = intact ? [...sound, torn] : [sound[0]!, broken, torn];
  return madeMethod({ method, metrics, restore: restore(false, off), checks });
}

const held = [...sound, madeCheck({})];
const words = '479 transfers, balances add up';

const otm = madeMethod({
  method: 'otm',
  T: 25.2,
  consistency: 'quiescent',
  restore: restore(true, words),
  checks: [
    ...held,
    madeCheck({ check: 'exact', promise: 'E1', workload: null, looked: 131_072, summary: 'all equal' }),
  ],
  metrics: {
    ...cost,
    quietWaitSeconds: 15.2,
    backupSeconds: 48.3,
    bytesPreserved: 1_245_184,
    granulesPreserved: 76,
    cachePeakBytes: 4_194_304,
    appWriteDelayP50Us: 0,
    appWriteDelayP99Us: 9_340,
  },
});

export function madeResult(over: Partial<Result> = {}): Result {
  const methods = [
    mismatch('naive-copy', false),
    mismatch('open-file-agent', true),
    mismatch('group-agent', true, { ...cost, quietWaitSeconds: 15.2 }),
    mismatch('live-image', false, { ...cost, backupSeconds: 48.1 }),
    madeMethod({
      method: 'cold-backup',
      restore: restore(true, words),
      checks: held,
      metrics: { ...cost, backupSeconds: 48, appDownSeconds: 48, appTransactionsPerSecond: 9.8 },
    }),
    otm,
  ];
  return {
    schema: 'otm/result@1',
    version: '0.1.0',
    node: '20.20.2',
    scenario: 'timestamp-problem',
    variant: null,
    seed: 7,
    source: {
      path: 'scenarios/timestamp-problem.yaml',
      sha256: 'ab12',
      overrides: [],
      text: 'schema: otm/scenario@1\n',
    },
    digest: 'b1946ac92492d234',
    virtualSeconds: 194.25,
    events: 181_233,
    ios: 48_211,
    wallMs: 212,
    pass: true,
    methods,
    ...over,
  };
}
