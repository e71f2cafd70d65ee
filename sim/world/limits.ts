/** How long a request may be without progress before a run counts as stuck: 120 s beyond the largest limit. */
import { SECOND } from '../../engine/units.ts';
import type { KernelLimits } from '../kernel/kernel.ts';
import { DEFAULT_LIMITS } from '../kernel/kernel.ts';
import { hasSnapshots } from '../scenario/methods.ts';
import type { AnyMethod, Scenario } from '../scenario/scenario.ts';

export function kernelLimits(scenario: Scenario, method: AnyMethod): KernelLimits {
  const limits: number[] = [0];
  if (method.kind === 'group-agent') limits.push(method.waitLimitNs);
  if (hasSnapshots(method)) {
    for (const { waitLimitNs, holdLimitNs, preserveLimitNs } of [
      method.options,
      ...method.beside.map(b => b.options),
    ]) {
      limits.push(waitLimitNs, holdLimitNs, preserveLimitNs);
    }
  }
  for (const fault of scenario.faults) {
    if ('duration' in fault && fault.duration.is === 'for') limits.push(fault.duration.forNs);
    if ('duration' in fault && fault.duration.is === 'ever' && fault.kind === 'latency')
      limits.push(scenario.end.limitNs);
  }
  return { ...DEFAULT_LIMITS, progressBoundNs: 120 * SECOND + Math.max(...limits) };
}
