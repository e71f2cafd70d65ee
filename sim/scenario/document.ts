/** docs/scenario.md: the schema as tables, one row for each key, between texts written by hand. */
import { AFTER_TABLES, INTRODUCTION, SECTION_TEXTS } from './document-text.ts';
import { DRIVE_MODELS } from './drive-models.ts';
import { type JsonSchema, wholeSchema } from './json-schema.ts';
import { EXAMPLE_FIELD, RANGE_FIELD, UNIT_FIELD } from './leaves.ts';
import { formatByteRate, formatSize, formatTime } from './units.ts';

/** A mapping of the format: where it stands, and its keys. */
interface Section {
  readonly path: string;
  readonly rows: readonly (readonly string[])[];
}

const COLUMNS = ['key', 'type', 'unit', 'default', 'range', 'example', 'what it says'];

export function scenarioDocument(): string {
  const sections = sectionsOf('', wholeSchema());
  const parts = sections.map(({ path, rows }) => {
    const title = path === '' ? 'The file' : `\`${path}\``;
    const text = SECTION_TEXTS[path];
    return [`## ${title}`, ...(text === undefined ? [] : [text]), table(COLUMNS, rows)].join('\n\n');
  });
  return `${[INTRODUCTION, ...parts, modelTable(), AFTER_TABLES].join('\n\n')}\n`;
}

/** Depth first: a mapping, then the mappings that are values of its keys. */
function sectionsOf(path: string, schema: JsonSchema): Section[] {
  if (Array.isArray(schema.oneOf)) return kindsOf(path, schema.oneOf as JsonSchema[]);
  if (Array.isArray(schema.anyOf)) return branchesOf(path, schema.anyOf as JsonSchema[]);
  if (schema.type === 'array')
    return typeof schema.items === 'object' ? sectionsOf(`${path}[]`, schema.items as JsonSchema) : [];
  if (typeof schema.additionalProperties === 'object')
    return sectionsOf(`${path}.<name>`, schema.additionalProperties as JsonSchema);
  const properties = propertiesOf(schema);
  if (properties.length === 0) return [];
  const below = properties.flatMap(([key, property]) => sectionsOf(path === '' ? key : `${path}.${key}`, property));
  return [{ path, rows: rowsOf(schema, properties) }, ...below];
}

/** Of several mappings each is told by its first key. */
function branchesOf(path: string, branches: readonly JsonSchema[]): Section[] {
  const mappings = branches.filter(branch => propertiesOf(branch).length > 0);
  if (mappings.length < 2) return branches.flatMap(branch => sectionsOf(path, branch));
  return mappings.flatMap(branch => sectionsOf(`${path} ${propertiesOf(branch)[0]![0]}`, branch));
}

/** What all kinds have, then what is each one's own. */
function kindsOf(path: string, kinds: readonly JsonSchema[]): Section[] {
  const named = kinds.flatMap(kind => {
    const tag = propertiesOf(kind).find(([, { const: only }]) => only !== undefined);
    return tag === undefined ? [] : [{ kind, tag: tag[0], value: String(tag[1].const) }];
  });
  const same = (key: string, property: JsonSchema): boolean => {
    return named.every(
      ({ kind }) =>
        JSON.stringify(propertiesOf(kind).find(([other]) => other === key)?.[1]) === JSON.stringify(property),
    );
  };
  const first = kinds[0]!;
  const common = propertiesOf(first).filter(([key, property]) => same(key, property));
  const general: Section[] = [{ path, rows: [...tagRows(named), ...rowsOf(first, common)] }];
  const own = named.map(({ kind, tag, value }): Section => {
    const properties = propertiesOf(kind).filter(([key, property]) => key !== tag && !same(key, property));
    return { path: `${path} ${tag}: ${value}`, rows: rowsOf(kind, properties) };
  });
  const nested = new Map<string, Section>();
  for (const { kind } of named) {
    for (const [key, property] of propertiesOf(kind)) {
      for (const section of sectionsOf(`${path}.${key}`, property)) nested.set(JSON.stringify(section), section);
    }
  }
  return [...general, ...own, ...nested.values()];
}

/** The key that tells the kinds apart, with all of its words. */
function tagRows(
  named: readonly { readonly kind: JsonSchema; readonly tag: string; readonly value: string }[],
): string[][] {
  const [first] = named;
  if (first === undefined) return [];
  const property = propertiesOf(first.kind).find(([key]) => key === first.tag)![1];
  const words = { ...property, const: undefined, enum: named.map(({ value }) => value) };
  return rowsOf({ required: [first.tag] }, [[first.tag, words]]);
}

function rowsOf(schema: JsonSchema, properties: readonly (readonly [string, JsonSchema])[]): string[][] {
  const required = (schema.required ?? []) as readonly string[];
  return properties.map(([key, property]) => [
    `\`${key}\``,
    typeOf(property),
    unitOf(property),
    defaultOf(property, required.includes(key)),
    rangeOf(property),
    property[EXAMPLE_FIELD] === undefined ? '' : code(String(property[EXAMPLE_FIELD])),
    String(property.description ?? ''),
  ]);
}

function defaultOf({ default: value }: JsonSchema, isRequired: boolean): string {
  if (value === undefined) return isRequired ? '(must be given)' : '';
  if (typeof value === 'string') return code(value);
  const text = JSON.stringify(value);
  return text === '{}' ? '' : code(text);
}

function typeOf(property: JsonSchema): string {
  const branches = [...((property.anyOf ?? []) as JsonSchema[]), ...((property.oneOf ?? []) as JsonSchema[])];
  if (branches.length > 0) return [...new Set(branches.map(typeOf))].filter(type => type !== 'nothing').join(' or ');
  if (property.enum !== undefined || property.const !== undefined) return 'word';
  if (typeof property[UNIT_FIELD] === 'string') return TYPES_BY_UNIT[property[UNIT_FIELD]] ?? 'size or part';
  const types = Array.isArray(property.type) ? property.type : [property.type];
  return types.map(type => TYPES[String(type)] ?? 'text').join(' or ');
}

const TYPES: { readonly [type: string]: string } = {
  array: 'list',
  boolean: '`true` or `false`',
  integer: 'number',
  null: 'nothing',
  object: 'mapping',
  string: 'text',
};

const TYPES_BY_UNIT: { readonly [unit: string]: string } = {
  size: 'size',
  time: 'time',
  rate: 'rate',
  'bytes a second': 'rate',
  path: 'path',
  'path with *': 'pattern',
  sectors: 'range',
};

const UNITS: { readonly [unit: string]: string } = {
  size: 'B, KiB, MiB, GiB, TiB',
  time: 'us, ms, s, min, h',
  rate: '/s, /min, /h',
  'bytes a second': 'KiB/s, MiB/s',
  path: '',
  'path with *': '',
  sectors: 'sectors',
};

function unitOf(property: JsonSchema): string {
  const unit = property[UNIT_FIELD];
  return typeof unit === 'string' ? (UNITS[unit] ?? unit) : '';
}

function rangeOf(property: JsonSchema): string {
  if (property[RANGE_FIELD] !== undefined) return String(property[RANGE_FIELD]);
  const branches = [...((property.anyOf ?? []) as JsonSchema[])];
  const words = [property, ...branches].flatMap(one => (Array.isArray(one.enum) ? one.enum : []));
  if (words.length > 0) return words.map(word => code(String(word))).join(', ');
  if (property.const !== undefined) return code(String(property.const));
  const { minimum, maximum, minItems } = property;
  if (minItems !== undefined) return 'not empty';
  if (minimum === undefined) return '';
  return maximum === Number.MAX_SAFE_INTEGER ? `${minimum} to 2^53 - 1` : `${minimum} to ${maximum}`;
}

function modelTable(): string {
  const columns = [
    'model',
    'seek',
    'stroke',
    'turn',
    'transfer',
    'command',
    'flush',
    'queue depth',
    'channels',
    'write cache',
  ];
  const rows = Object.entries(DRIVE_MODELS).map(([name, model]) => [
    code(name),
    model.seekMaxNs === 0 ? '' : `${formatTime(model.seekMinNs)} to ${formatTime(model.seekMaxNs)}`,
    model.seekMaxNs === 0 ? '' : formatSize(model.strokeBytes),
    model.rotationNs === 0 ? '' : formatTime(model.rotationNs),
    formatByteRate(model.transferBytesPerSecond),
    formatTime(model.commandNs),
    formatTime(model.flushNs),
    String(model.queueDepth),
    String(model.channels),
    `${formatSize(model.writeCacheBytes)}, ${model.writeCacheDefault ? 'on' : 'off'}`,
  ]);
  return `## Drive models\n\n${table(columns, rows)}`;
}

function propertiesOf(schema: JsonSchema): (readonly [string, JsonSchema])[] {
  return Object.entries((schema.properties ?? {}) as { readonly [key: string]: JsonSchema });
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
