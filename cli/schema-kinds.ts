/** The words of `otm schema --of`: here alone, so that help is there before the schemas are. */
export const schemaKinds = [
  ...(['scenario', 'result', 'suite', 'error'] as const),
  ...(['backup', 'verify', 'restore', 'generations'] as const),
] as const;

export type SchemaKind = (typeof schemaKinds)[number];
