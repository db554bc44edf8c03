import { type Cluster, moveSlots, type ShardWish } from '../../src/migrate/slots/index.ts';

/** A mover as a process of its own, which a test can kill: reads what to do, says how far it is, line by line. */
const { cluster, wishes } = JSON.parse(process.argv[2] ?? '{}') as {
  cluster: Cluster;
  wishes: readonly ShardWish[];
};
void moveSlots({ cluster, wishes, onProgress: ({ slots }) => process.stdout.write(`${slots.done}\n`) });
