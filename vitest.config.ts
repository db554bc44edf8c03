import { defineConfig } from 'vitest/config';
import { viteTemplates } from './build/templates-plugin.mjs';
import { LongestFirst } from './tests/support/sequencer.ts';

/**
 * The same contracts over again for each topology, library and engine, and the same failures on each stack. How many of the
 * combinations, here and in loops of other tests, is for tests/support/matrix.ts.
 */
const MATRIX = [
  '**/contract.*.live.test.ts',
  'tests/live/drill.live.test.ts',
  'tests/live/alerts-*.live.test.ts',
  'tests/live/migrate-killed.live.test.ts',
  'templates/client/test/ioredis5.live.test.ts',
  'templates/client/test/moves.ioredis.live.test.ts',
];

const LIVE = {
  // What takes a minute here takes two on a machine that is busy.
  testTimeout: 180_000,
  hookTimeout: 120_000,
  // Two cores: real servers beside more than two workers only measure the machine.
  maxWorkers: 2,
  // A machine that stalls for a second is not a defect; one that fails twice is looked at.
  retry: process.env.CI ? 1 : 0,
};

export default defineConfig({
  plugins: [viteTemplates],
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          benchmark: { include: ['bench/**/*.bench.ts'] },
          include: ['tests/**/*.test.ts', 'templates/**/test/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.live.test.ts', '**/*.docker.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: ['tests/**/*.live.test.ts', 'templates/**/test/**/*.live.test.ts'],
          exclude: ['**/node_modules/**', ...MATRIX],
          ...LIVE,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'matrix',
          include: MATRIX,
          exclude: ['**/node_modules/**'],
          ...LIVE,
          // Together with the others: whoever is done with those begins with these.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'docker',
          include: ['tests/docker/**/*.docker.test.ts'],
          // An engine, and images of the servers.
          globalSetup: ['tests/docker/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: 2 },
          // Names, subnets and ports are by chance, so that two files do not meet; most of their time they wait.
          maxWorkers: 2,
          retry: process.env.CI ? 1 : 0,
        },
      },
    ],
  },
});
