/** The published schemas, by the word of `otm schema --of`. */
import { z } from 'zod';
import { errorSchema, resultSchema, suiteSchema } from '../sim/result-schema.ts';
import { scenarioJsonSchemaText } from '../sim/scenario/json-schema.ts';

export const schemaKinds = ['scenario', 'result', 'suite', 'error'] as const;
export type SchemaKind = (typeof schemaKinds)[number];

export function schemaText(of: SchemaKind): string {
  if (of === 'scenario') return scenarioJsonSchemaText();
  const schemas = { result: resultSchema, suite: suiteSchema, error: errorSchema };
  return `${JSON.stringify(z.toJSONSchema(schemas[of]), null, 2)}\n`;
}
