import { defineConfig } from 'vitest/config';
import { viteTemplates } from './build/templates-plugin.mjs';

export default defineConfig({
  plugins: [viteTemplates],
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          benchmark: { include: ['bench/**/*.bench.ts'] },
          include: ['tests/**/*.test.ts', 'templates/**/test/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.live.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: ['tests/**/*.live.test.ts', 'templates/**/test/**/*.live.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
          // Two cores: real servers beside more than two workers only measure the machine.
          maxWorkers: 2,
          // A machine that stalls for a second is not a defect; one that fails twice is looked at.
          retry: process.env.CI ? 1 : 0,
        },
      },
    ],
  },
});
