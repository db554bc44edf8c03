import schema from '../../docs/generated/redis-stack.schema.json' with { type: 'json' };

/** The JSON Schema of `redis-stack.yaml`, as printed from the code by `npm run docs`. */
export const specSchemaText = `${JSON.stringify(schema, null, 2)}\n`;
