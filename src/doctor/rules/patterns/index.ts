import type { Rule } from '../../types.ts';
import { cacheMisses } from './cache-misses.ts';
import { clientsCutOff } from './clients-cut-off.ts';
import { connectionLimit } from './connection-limit.ts';
import { endlessBlocking } from './endless-blocking.ts';
import { scriptTexts } from './eval-instead-of-evalsha.ts';
import { keysCommand } from './keys-command.ts';
import { keyspaceNotifications } from './keyspace-notifications.ts';
import { latencyEvents } from './latency-events.ts';
import { locksWithSetnx } from './locks-with-setnx.ts';
import { monitorInUse } from './monitor-in-use.ts';
import { numberedDatabases } from './numbered-databases.ts';
import { onCommands } from './o-n-commands.ts';
import { pollingQueues } from './polling-queues.ts';
import { pubsubUnheard } from './pubsub-unheard.ts';
import { reconnects } from './reconnects.ts';
import { refusedCommands } from './refused-commands.ts';
import { roundTrips } from './round-trips.ts';
import { saveCommand } from './save-command.ts';
import { slowCommands } from './slow-commands.ts';
import { slowScripts } from './slow-scripts.ts';

/** A new rule is one file and one entry. */
export const PATTERNS: readonly Rule[] = [
  keysCommand,
  onCommands,
  slowCommands,
  slowScripts,
  scriptTexts,
  saveCommand,
  monitorInUse,
  latencyEvents,
  refusedCommands,
  reconnects,
  connectionLimit,
  endlessBlocking,
  roundTrips,
  pollingQueues,
  pubsubUnheard,
  clientsCutOff,
  keyspaceNotifications,
  cacheMisses,
  numberedDatabases,
  locksWithSetnx,
];
