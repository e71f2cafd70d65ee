/**
 * Three families of errors. A `DefectError` is a bug of ours: it ends the run with exit code 3 and is never caught on the
 * way; so is any error of no family. A `WorldError` is what the world did to a task: a sector that can't be read, a file
 * that isn't there, a cancelled wait; a task may throw it to its owner. What a user can cause is a `UserError`.
 */
export class WorldError extends Error {
  override readonly name: string = 'WorldError';
}

export class DefectError extends Error {
  override readonly name = 'DefectError';
}

/** Says that something can't be. On hot paths `if (!condition) defect(...)` builds its message only when it is needed. */
export function defect(message: string): never {
  throw new DefectError(message);
}

/** States what must be true. Stays on in production. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) defect(message);
}

/** For the end of an exhaustive switch. */
export function unreachable(value: never): never {
  defect(`unreachable: ${String(value)}`);
}
