import { exitCodes } from '../exit-codes.ts';
import type { SchemaOptions } from '../options.ts';
import { schemaKinds } from '../schema-kinds.ts';
import { schemaText } from '../schemas.ts';
import { openTerminal } from '../terminal.ts';

/** JSON in any case: a schema has no other form. */
export async function schema(options: SchemaOptions): Promise<number> {
  const terminal = openTerminal(options);
  const kind = schemaKinds.find(known => known === options.of) ?? 'scenario';
  terminal.out(schemaText(kind));
  return exitCodes.passes;
}
