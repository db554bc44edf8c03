import type { StackDescription } from '../../templates/client/src/description.ts';
import type { Address, StackModel, StackNode } from '../model/types.ts';
import type { Connection } from '../redis/connection.ts';
import { stackDescription } from '../targets/client/description.ts';
import type { Context } from './step.ts';

/** How long an application that starts with old code still learns where the stack is. */
const KEPT_SECONDS = 30 * 24 * 3600;

/** The key that the emitted client looks at; below the stack's prefix, so that its user may read it. */
export const announcementKey = ({ spec }: StackModel): string => `${spec.name}:stack:moved`;

/**
 * Says where the stack is from now on. Running clients find it on the server they speak to: the key is copied to
 * replicas like any other.
 */
export async function announce(
  ctx: Pick<Context, 'randomId'>,
  c: Connection,
  model: StackModel,
  stack: StackDescription,
): Promise<void> {
  const text = JSON.stringify({ format: 1, id: ctx.randomId(), stack });
  await c.call('SET', announcementKey(model), text, 'EX', String(KEPT_SECONDS));
}

/**
 * The stack as clients find it at this moment: the nodes that are there, at the ports they have now. `model` has the
 * addresses of the servers among themselves, `at` says where this machine reaches a node.
 */
export function describe(
  model: StackModel,
  present: readonly StackNode[],
  at: (node: StackNode) => Address,
): StackDescription {
  // Before the Sentinels are there, clients speak to the primary itself.
  if (model.sentinel && !present.some(({ role }) => role === 'sentinel'))
    return describe(
      { ...model, sentinel: undefined, client: { ...model.client, variant: 'standalone' } },
      present,
      at,
    );
  const entries = model.nodes.filter((node) => isEntry(model, node) && present.includes(node));
  const all = model.nodes.flatMap((node) =>
    [node.ip, node.hostname ?? node.name].map((host) => [`${host}:${node.port}`, at(node)] as const),
  );
  return {
    ...stackDescription(model),
    host: {
      addresses: entries.map(at),
      addressMap: model.nodes.length === 1 ? {} : Object.fromEntries(all),
    },
    network: { addresses: entries.map(({ ip, port }) => ({ host: ip, port })), addressMap: {} },
  };
}

/** Where a client begins: the Sentinels where there are any, else the nodes with data. */
function isEntry({ sentinel, joins }: StackModel, { role }: StackNode): boolean {
  if (sentinel) return role === 'sentinel';
  return joins || role === 'primary';
}
