import type { StackDescription } from '../../../templates/client/src/description.ts';
import type { StackModel } from '../../model/types.ts';
import { passwordEnv } from '../../model/users.ts';

/** What the client is told of the stack. */
export function stackDescription(model: StackModel): StackDescription {
  return {
    kind: model.client.variant,
    name: model.spec.name,
    keyPrefix: `${model.spec.name}:`,
    user: 'app',
    passwordEnv: passwordEnv('app'),
    ...(model.spec.security.tls ? { tls: true } : {}),
    ...(model.sentinel
      ? {
          primaryName: model.sentinel.primaryName,
          sentinelUser: 'app',
          sentinelPasswordEnv: passwordEnv('app'),
        }
      : {}),
    host: model.client.host,
    network: model.client.network,
  } as StackDescription;
}

/** stack.ts: the description as a literal that the compiler holds against the type that connect.ts expects. */
export function describeStack(model: StackModel): string {
  const description = stackDescription(model);
  const { kind } = description;
  const type = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}Stack`;
  return [
    `import type { ${type} } from './description.js';`,
    '',
    '/** Where this stack is and how to log in; printed from redis-stack.yaml. */',
    `export const stack = ${literal(description, 0)} as const satisfies ${type};`,
    '',
  ].join('\n');
}

/** Data as a TypeScript literal, one entry a line, so that edits merge line by line. */
function literal(value: unknown, depth: number): string {
  const pad = '  '.repeat(depth + 1);
  const end = '  '.repeat(depth);
  if (Array.isArray(value))
    return block(
      '[',
      value.map((item) => `${pad}${literal(item, depth + 1)},`),
      `${end}]`,
    );
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return block(
      '{',
      entries.map(([key, item]) => `${pad}${property(key)}: ${literal(item, depth + 1)},`),
      `${end}}`,
    );
  }
  return typeof value === 'string' ? quote(value) : String(value);
}

function block(open: string, lines: readonly string[], close: string): string {
  return lines.length === 0 ? `${open}${close.trim()}` : [open, ...lines, close].join('\n');
}

function property(key: string): string {
  return /^[a-zA-Z_$][\w$]*$/.test(key) ? key : quote(key);
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
