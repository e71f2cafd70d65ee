/** The published schemas, by the word of `otm schema --of`. */
import { z } from 'zod';
import { errorSchema, resultSchema, suiteSchema } from '../sim/result-schema.ts';
import { scenarioJsonSchemaText } from '../sim/scenario/json-schema.ts';
import { backupSchema, generationsSchema, restoreSchema, verifySchema } from './disk-schemas.ts';
import type { SchemaKind } from './schema-kinds.ts';

const schemas = {
  result: resultSchema,
  suite: suiteSchema,
  error: errorSchema,
  backup: backupSchema,
  verify: verifySchema,
  restore: restoreSchema,
  generations: generationsSchema,
};

export function schemaText(of: SchemaKind): string {
  if (of === 'scenario') return scenarioJsonSchemaText();
  return `${JSON.stringify(z.toJSONSchema(schemas[of]), null, 2)}\n`;
}
