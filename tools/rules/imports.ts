/**
 * Who may import whom.
 *
 * I1 A room imports only the rooms and libraries that stand in its row.
 * I2 A relative import names its file with the extension, and the file is there.
 * I3 No module imports itself by way of others (imports of types alone don't count: they are gone when it runs).
 */
import { posix } from 'node:path';
import ts from 'typescript';
import { type SourceFile, type Violation, violation, visit } from './source-tree.ts';

interface Row {
  readonly rooms: readonly string[];
  /** Packages; `node:` stands for everything that Node brings, `*` for every package. */
  readonly packages: readonly string[];
}

const everyRoom = ['engine', 'sim', 'host', 'reports', 'cli', 'tools', 'test', 'bench'];
const browserSafe = ['@sqlite.org/sqlite-wasm', 'crc-32', 'seedrandom', 'xxhash-wasm', 'yaml', 'zod'];

const table: { readonly [room: string]: Row } = {
  engine: { rooms: ['engine'], packages: [] },
  sim: { rooms: ['engine', 'sim'], packages: browserSafe },
  host: { rooms: ['engine', 'sim', 'host'], packages: ['node:', '*'] },
  reports: { rooms: ['sim', 'reports'], packages: ['chalk'] },
  cli: { rooms: ['engine', 'sim', 'host', 'reports', 'cli'], packages: ['node:', '*'] },
  tools: { rooms: everyRoom, packages: ['node:', '*'] },
  bin: { rooms: ['bin', 'tools', 'dist'], packages: ['node:'] },
  test: { rooms: everyRoom, packages: ['node:', '*'] },
  bench: { rooms: everyRoom, packages: ['node:', '*'] },
};

interface Import {
  readonly node: ts.Node;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

export interface ImportReport {
  readonly modulesChecked: number;
  readonly importsChecked: number;
  readonly violations: readonly Violation[];
}

/** Checks every import; a checker that saw no module has checked nothing, so that is a violation too. */
export function checkImports(sources: readonly SourceFile[]): ImportReport {
  const paths = new Set(sources.map(source => source.path));
  const graph = new Map<string, string[]>();
  const violations: Violation[] = [];
  let importsChecked = 0;
  for (const source of sources) {
    const imports = importsOf(source);
    importsChecked += imports.length;
    for (const found of imports) violations.push(...checkImport(source, found, paths));
    const atRunTime = imports.filter(({ specifier, typeOnly }) => !typeOnly && specifier.startsWith('.'));
    graph.set(
      source.path,
      atRunTime.map(({ specifier }) => resolve(source.path, specifier)),
    );
  }
  for (const cycle of cycles(graph)) {
    violations.push({ file: cycle[0]!, line: 1, message: `imports itself: ${cycle.join(' -> ')}` });
  }
  if (sources.length === 0) violations.push({ file: '.', line: 1, message: 'no module was checked' });
  return { modulesChecked: sources.length, importsChecked, violations };
}

function checkImport(source: SourceFile, { node, specifier }: Import, paths: ReadonlySet<string>): Violation[] {
  const row = table[source.room];
  if (row === undefined) return [violation(source, node, `no row says what ${source.room}/ may import`)];
  if (!specifier.startsWith('.')) {
    if (mayUse(row, specifier)) return [];
    return [violation(source, node, `${source.room}/ may not import '${specifier}'`)];
  }
  const target = resolve(source.path, specifier);
  const room = target.split('/')[0]!;
  if (!row.rooms.includes(room)) return [violation(source, node, `${source.room}/ may not import ${room}/`)];
  // What is built is not among the sources; declarations of libraries stand beside who needs them.
  if (room === 'dist' || paths.has(target)) return [];
  return [violation(source, node, `there is no '${target}'`)];
}

function mayUse(row: Row, specifier: string): boolean {
  if (specifier.startsWith('node:')) return row.packages.includes('node:');
  // A built-in module without its prefix would slip through as a package.
  if (builtInNames.has(specifier.split('/')[0]!)) return false;
  return (
    row.packages.includes('*') || row.packages.some(name => specifier === name || specifier.startsWith(`${name}/`))
  );
}

const builtInNames = new Set(
  'assert async_hooks buffer child_process cluster console constants crypto dgram dns domain events fs http http2 https inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder sys timers tls tty url util v8 vm wasi worker_threads zlib'.split(
    ' ',
  ),
);

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

/** Static and dynamic imports, exports from, `import('...')` types, `require`. */
function importsOf(source: SourceFile): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) {
      found.push({ node, specifier: specifier.text, typeOnly });
    }
  };
  visit(source.tree, node => {
    if (ts.isImportDeclaration(node))
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node))
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    else if (ts.isCallExpression(node) && isImportCall(node)) add(node, node.arguments[0], false);
  });
  return found;
}

function isImportCall({ expression }: ts.CallExpression): boolean {
  if (expression.kind === ts.SyntaxKind.ImportKeyword) return true;
  return ts.isIdentifier(expression) && expression.text === 'require';
}

/** Each cycle once, found depth first. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string) => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) walk(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return found;
}
