/**
 * JSON Schema of a scenario file, for editors and other tools: schema/scenario.json. A file that extends another, or is
 * only extended, may lack any key and remove one by `null`; so there are two forms of the same schema.
 */
import { parse } from 'yaml';
import { z } from 'zod';
import { EXAMPLE_FIELD } from './leaves.ts';
import { scenarioFile } from './schema.ts';

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

let whole: JsonSchema | null = null;

/** Of one file without `extends`, as the documentation and the paths of `--set` go through it. Made once: it takes a while. */
export function wholeSchema(): JsonSchema {
  whole ??= makeWholeSchema();
  return whole;
}

function makeWholeSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(scenarioFile, {
    io: 'input',
    override: ({ jsonSchema }) => {
      const example = jsonSchema[EXAMPLE_FIELD];
      if (example !== undefined) jsonSchema.examples = [parse(String(example))];
    },
  }) as JsonSchema;
  return schema;
}

export function scenarioJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'otm-sim scenario',
    description: 'A world, what lives in it, who makes backups, what goes wrong, what is expected.',
    if: { anyOf: [{ required: ['extends'] }, { properties: { template: { const: true } }, required: ['template'] }] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { $ref: '#/$defs/part' },
    else: { $ref: '#/$defs/whole' },
    $defs: { whole: wholeSchema(), part: relaxed(wholeSchema(), true) },
  };
}

/** schema/scenario.json */
export function scenarioJsonSchemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 1)}\n`;
}

/** Nothing is required, and every value may be null. */
function relaxed(schema: JsonSchema, isRoot = false): JsonSchema {
  const result: { [keyword: string]: unknown } = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'required') continue;
    if (keyword === 'oneOf' || keyword === 'anyOf') {
      result.anyOf = [...(value as JsonSchema[]).map(branch => relaxed(branch)), { type: 'null' }];
    } else if (keyword === 'properties') {
      const entries = Object.entries(value as { [key: string]: JsonSchema });
      result.properties = Object.fromEntries(entries.map(([key, property]) => [key, relaxed(property)]));
    } else if (keyword === 'additionalProperties' || keyword === 'items') {
      result[keyword] = typeof value === 'object' ? relaxed(value as JsonSchema) : value;
    } else if (keyword === 'type' && !isRoot) {
      result.type = [...new Set([...(Array.isArray(value) ? value : [value]), 'null'])];
    } else if (keyword === 'enum') {
      result.enum = [...(value as unknown[]), null];
    } else {
      result[keyword] = value;
    }
  }
  return result;
}
