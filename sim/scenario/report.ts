/** Collects what is wrong with one scenario, each at its place in the located tree. */
import type { UserError } from '../user-error.ts';
import { badInput, type ScenarioErrorCode } from './error-codes.ts';
import { keySpot, type LocatedNode, type NodePath, placeOf, valueSpot } from './located.ts';

export class Report {
  readonly errors: UserError[] = [];
  private readonly root: LocatedNode;

  constructor(root: LocatedNode) {
    this.root = root;
  }

  /** At the value of a path; when it is not there, at the nearest thing above it. */
  at(path: NodePath, code: ScenarioErrorCode, message: string, hint: string | null = null): void {
    this.errors.push(badInput(code, placeOf(valueSpot(this.root, path)), message, hint));
  }

  /** At the key itself. */
  atKey(path: NodePath, code: ScenarioErrorCode, message: string, hint: string | null = null): void {
    this.errors.push(badInput(code, placeOf(keySpot(this.root, path)), message, hint));
  }

  /** For what is there in words but not in deeds. */
  notYet(path: NodePath, what: string, hint: string | null = null): void {
    this.atKey(path, 'not-there-yet', `${what} is not there yet`, hint);
  }
}
