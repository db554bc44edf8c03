import type { Address } from '../../../src/model/types.ts';
import { withHolders } from './holders.ts';
import type { Redeployment } from './journey.ts';
import type { JournalView, Stage } from './stage.ts';
import type { PlainTarget } from './types.ts';

/** The moment at which the command waits for clients that cannot follow by themselves. */
const clientsMove = ({ begun, done }: JournalView): boolean =>
  begun === 'clients' || done.includes('clients');

const common = ({ driver, login }: PlainTarget) => ({ driver, login });

/** One of the present servers is a cluster of one by now. */
export const asCluster: Redeployment = {
  when: clientsMove,
  as: async (before, stage) => ({
    ...common(before),
    kind: 'cluster',
    seeds: [await servingAmong(before, stage)],
  }),
};

/** Another server has the place of the one that had all slots. */
export const asStandalone: Redeployment = {
  when: clientsMove,
  as: async (before, stage) => ({
    ...common(before),
    kind: 'standalone',
    at: await servingAmong(before, stage),
  }),
};

/** The one server that takes writes, of those where the old ones were. */
async function servingAmong(before: PlainTarget, stage: Stage): Promise<Address> {
  const port = stage.journal()?.facts['swap.port'];
  if (port !== undefined) return { host: '127.0.0.1', port: Number(port) };
  if (before.kind === 'standalone') return before.at;
  return withHolders(await stage.dataNodes(), stage.admin, async ([first]) => {
    if (first === undefined) throw new Error('nobody serves');
    return first.at;
  });
}
