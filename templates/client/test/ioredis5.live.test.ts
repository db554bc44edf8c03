import { vi } from 'vitest';
import { ioredis5 } from './contract/libraries.ts';
import { holdThroughFailovers } from './failovers.ts';
import { holdThroughResharding } from './resharding.ts';

// The same sources with the version before.
vi.mock('ioredis', () => import('ioredis5'));

holdThroughFailovers(ioredis5);
holdThroughResharding(ioredis5);
