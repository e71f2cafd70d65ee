/**
 * What `engine/` and `sim/` may not touch, so that a run is a function of scenario and seed on every machine:
 * the host's clock, chance, timers, promises, locale, and arithmetic that differs between machines.
 */
import ts from 'typescript';
import { type SourceFile, type Violation, violation, visit } from './source-tree.ts';

const pureRooms = ['engine', 'sim'];

const forbiddenGlobals: { readonly [name: string]: string } = {
  Date: 'the clock of the host',
  performance: 'the clock of the host',
  setTimeout: 'a timer of the host',
  setInterval: 'a timer of the host',
  setImmediate: 'a timer of the host',
  queueMicrotask: 'a timer of the host',
  Promise: 'promises: everything that waits is a task',
  WeakRef: 'depends on garbage collection',
  FinalizationRegistry: 'depends on garbage collection',
  Intl: 'depends on the locale',
  crypto: 'chance of the host',
  process: 'the host',
  Buffer: 'the host',
  console: 'the host',
  require: 'the host',
  globalThis: 'the host',
  fetch: 'the host',
  eval: 'code that no check sees',
};

const forbiddenProperties = new Set([
  'localeCompare',
  'toLocaleString',
  'toLocaleUpperCase',
  'toLocaleLowerCase',
  'toLocaleDateString',
  'toLocaleTimeString',
]);

/** Exact on every machine; all else of `Math` is not, or is chance. */
const exactMath = new Set('abs ceil clz32 floor fround imul max min round sign sqrt trunc MAX_SAFE_INTEGER'.split(' '));

export function checkPurity(sources: readonly SourceFile[]): Violation[] {
  const found: Violation[] = [];
  for (const source of sources) {
    if (!pureRooms.includes(source.room)) continue;
    visit(source.tree, node => {
      const why = impurity(node);
      if (why !== null) found.push(violation(source, node, why));
    });
  }
  return found;
}

function impurity(node: ts.Node): string | null {
  if (ts.isIdentifier(node)) return isName(node) || isLocal(node) ? null : impureIdentifier(node);
  if (ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword)
    return 'async: everything that waits is a task';
  if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return 'async: everything that waits is a task';
  if (node.kind === ts.SyntaxKind.AsteriskAsteriskToken || node.kind === ts.SyntaxKind.AsteriskAsteriskEqualsToken) {
    return '** differs between versions of Node';
  }
  if (ts.isPropertyAccessExpression(node) && forbiddenProperties.has(node.name.text)) {
    return `${node.name.text} depends on the locale`;
  }
  return null;
}

function impureIdentifier(node: ts.Identifier): string | null {
  if (node.text === 'Math') return impureMath(node.parent);
  const why = Object.hasOwn(forbiddenGlobals, node.text) ? forbiddenGlobals[node.text] : undefined;
  return why === undefined ? null : `${node.text}: ${why}`;
}

function impureMath(parent: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(parent) && exactMath.has(parent.name.text)) return null;
  return `${parent.getText()}: not exact on every machine`;
}

/** Names that something is given, or a property has: `clock.Date`, `{ Date: 1 }`. They are no global. */
function isName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isShorthandPropertyAssignment(parent)) return false;
  const named = parent as ts.NamedDeclaration;
  return named.name === node && (isMember(parent) || ts.isImportSpecifier(parent));
}

function isMember(node: ts.Node): boolean {
  return (
    ts.isPropertyAssignment(node) ||
    ts.isPropertySignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isMethodSignature(node)
  );
}

/** Something of the file itself that happens to have the name of a global, like a parameter `process`. */
function isLocal(node: ts.Identifier): boolean {
  if (!Object.hasOwn(forbiddenGlobals, node.text)) return false;
  for (let scope: ts.Node = node.parent; scope !== undefined; scope = scope.parent) {
    if (declares(scope, node.text)) return true;
  }
  return false;
}

function declares(scope: ts.Node, name: string): boolean {
  if (ts.isFunctionLike(scope)) return scope.parameters.some(parameter => binds(parameter.name, name));
  if (ts.isBlock(scope) || ts.isSourceFile(scope) || ts.isCaseClause(scope)) {
    return scope.statements.some(statement => statementDeclares(statement, name));
  }
  if (ts.isForStatement(scope) || ts.isForOfStatement(scope) || ts.isForInStatement(scope)) {
    const { initializer } = scope;
    return initializer !== undefined && ts.isVariableDeclarationList(initializer) && listDeclares(initializer, name);
  }
  if (ts.isCatchClause(scope))
    return scope.variableDeclaration !== undefined && binds(scope.variableDeclaration.name, name);
  return false;
}

function statementDeclares(statement: ts.Statement, name: string): boolean {
  if (ts.isVariableStatement(statement)) {
    // `declare const process: ...` names the global itself.
    const ambient = statement.modifiers?.some(modifier => modifier.kind === ts.SyntaxKind.DeclareKeyword) ?? false;
    return !ambient && listDeclares(statement.declarationList, name);
  }
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) return statement.name?.text === name;
  if (!ts.isImportDeclaration(statement)) return false;
  const bindings = statement.importClause?.namedBindings;
  return bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.some(one => one.name.text === name);
}

function listDeclares(list: ts.VariableDeclarationList, name: string): boolean {
  return list.declarations.some(declaration => binds(declaration.name, name));
}

function binds(binding: ts.BindingName, name: string): boolean {
  if (ts.isIdentifier(binding)) return binding.text === name;
  return binding.elements.some(element => ts.isBindingElement(element) && binds(element.name, name));
}
