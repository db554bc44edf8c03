import { vi } from 'vitest';
import { contracts } from './contract/contracts.ts';
import { holdContracts } from './contract/ground.ts';
import { ioredis5 } from './contract/libraries.ts';

// The same sources with the version before.
vi.mock('ioredis', () => import('ioredis5'));

holdContracts('cluster', ioredis5, contracts);
