import { z } from 'zod';
import { errorSchema, resultSchema, suiteSchema } from '../../sim/result-schema.ts';
import { scenarioJsonSchema } from '../../sim/scenario/json-schema.ts';
import { exitCodes } from '../exit-codes.ts';
import type { SchemaOptions } from '../program.ts';
import { openTerminal } from '../terminal.ts';

/** JSON in any case: a schema has no other form. */
export async function schema(options: SchemaOptions): Promise<number> {
  const terminal = openTerminal(options);
  terminal.out(`${JSON.stringify(schemaOf(options.of), null, 2)}\n`);
  return exitCodes.passes;
}

function schemaOf(of: string): unknown {
  if (of === 'result') return z.toJSONSchema(resultSchema);
  if (of === 'suite') return z.toJSONSchema(suiteSchema);
  if (of === 'error') return z.toJSONSchema(errorSchema);
  return scenarioJsonSchema();
}
