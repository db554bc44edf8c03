import { expect } from 'vitest';
import type { RedisErrorCode } from '../../src/errors.js';

/** Expects a promise, and no exception of its caller, to say so. */
export async function expectCode(code: RedisErrorCode, ask: () => Promise<unknown>): Promise<void> {
  await expect(ask()).rejects.toMatchObject({ name: 'RedisError', code });
}
