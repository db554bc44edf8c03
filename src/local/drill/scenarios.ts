import type { StackNode } from '../../model/types.ts';
import {
  everyNodeStops,
  isReplicated,
  nothing,
  plannedStop,
  primaryFrozen,
  primaryLost,
} from './promises.ts';
import type { Circumstances, Scenario, Strike } from './types.ts';

/** How long a lost node stays away when nothing has to be waited for. */
const AWAY_MS = 3000;

const suitsAll = () => undefined;
const needsReplicas = ({ model }: Circumstances) =>
  isReplicated(model) ? undefined : 'the stack has no replicas';
const needsSentinels = ({ model }: Circumstances) =>
  model.sentinel ? undefined : 'the stack has no Sentinels';

/** Every failure that can be practised. The order is that of the drill: gentle ones first. */
export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'stop',
    title: 'planned stop of a primary',
    does: 'stops a primary in order, and starts it again',
    lacks: suitsAll,
    promised: plannedStop,
    strike: async (on) => {
      const primary = await on.find('primary');
      on.say(`stopping ${primary.name}`);
      await on.stack.stop(primary);
      await on.rest(AWAY_MS);
      on.givingBack();
      await on.stack.start(primary);
    },
  },
  {
    id: 'kill-sentinel',
    title: 'a Sentinel dies',
    does: 'kills a Sentinel, and starts it again',
    lacks: needsSentinels,
    promised: () => nothing('Sentinels are not asked for data'),
    strike: (on) => killAndReturn(on, 'sentinel'),
  },
  {
    id: 'replica-kill',
    title: 'a replica dies',
    does: 'kills a replica, and starts it again',
    lacks: needsReplicas,
    promised: () => nothing('the primary goes on'),
    strike: (on) => killAndReturn(on, 'replica'),
  },
  {
    id: 'restart-all',
    title: 'planned restart of every node in turn',
    does: 'stops each node in order and starts it again, one after the other, each when the stack is ready',
    lacks: suitsAll,
    promised: plannedStop,
    strike: restartAll,
  },
  {
    id: 'kill',
    title: 'a primary dies',
    does: 'kills a primary with SIGKILL, and starts it again when another one has taken over',
    lacks: suitsAll,
    promised: primaryLost,
    strike: async (on) => {
      const primary = await on.find('primary');
      on.say(`killing ${primary.name}`);
      await on.stack.kill(primary);
      await takenOver(on, primary);
      on.givingBack();
      await on.stack.start(primary);
    },
  },
  {
    id: 'freeze',
    title: 'a primary hangs',
    does: 'freezes a primary, and thaws it when another one has taken over; it must come back as a replica',
    lacks: suitsAll,
    promised: primaryFrozen,
    strike: async (on) => {
      const primary = await on.find('primary');
      on.say(`freezing ${primary.name}`);
      await on.stack.freeze(primary);
      await takenOver(on, primary);
      on.givingBack();
      await on.stack.thaw(primary);
    },
  },
  {
    id: 'partition',
    title: 'a primary is cut off',
    does: 'takes a primary off the network, and joins it again when another one has taken over',
    lacks: (of) =>
      needsReplicas(of) ?? (of.cuts ? undefined : 'plain processes share one network, or docker is missing'),
    promised: primaryFrozen,
    strike: async (on) => {
      const primary = await on.find('primary');
      on.say(`cutting ${primary.name} off`);
      await on.stack.network?.cut(primary);
      await takenOver(on, primary);
      on.givingBack();
      await on.stack.network?.join(primary);
    },
  },
  {
    id: 'recreate',
    title: 'everything at once',
    does: 'recreates all containers at once; natively, ends all nodes and starts them again',
    lacks: suitsAll,
    promised: everyNodeStops,
    readyWithinMs: 30_000,
    strike: async (on) => {
      on.say('recreating every node');
      await on.recreate();
    },
  },
];

async function killAndReturn(on: Strike, role: 'sentinel' | 'replica'): Promise<void> {
  const node = await on.find(role);
  on.say(`killing ${node.name}`);
  await on.stack.kill(node);
  await on.rest(AWAY_MS);
  on.givingBack();
  await on.stack.start(node);
}

async function restartAll(on: Strike): Promise<void> {
  for (const node of on.model.nodes) {
    on.say(`restarting ${node.name}`);
    await on.stack.stop(node);
    on.givingBack();
    await on.stack.start(node);
    await on.until('the stack is ready', async () => (await on.look()).missing.length === 0);
  }
}

/** Waits until another node of the shard is its primary; without a replica there is nothing to wait for. */
async function takenOver(on: Strike, lost: StackNode): Promise<void> {
  const siblings = on.model.nodes.filter(
    (node) => node.shard === lost.shard && node.role !== 'sentinel' && node.name !== lost.name,
  );
  if (siblings.length === 0) return on.rest(AWAY_MS);
  on.say('waiting until a replica has taken over');
  const names = new Set(siblings.map(({ name }) => name));
  await on.until(`a replica has taken over from ${lost.name}`, async () =>
    (await on.look()).nodes.some(
      (node) => names.has(node.name) && node.role === 'primary' && node.state === 'up',
    ),
  );
  // Long enough that clients have found it and the account includes what it then takes.
  await on.rest(1000);
}
