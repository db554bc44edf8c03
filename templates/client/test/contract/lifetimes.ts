import { expect } from 'vitest';
import type { Ground } from './ground.ts';

type Cli = Pick<Ground, 'cli'>;

const left = async ({ cli }: Cli, key: string) => Number(await cli(key, 'PTTL', key));

/** Expects a key to end within its lifetime of a minute. */
export async function expectMinute(ground: Cli, key: string): Promise<void> {
  const ms = await left(ground, key);
  expect(ms).toBeGreaterThan(30_000);
  expect(ms).toBeLessThanOrEqual(60_000);
}

/** Expects a write to leave the lifetime that a key has. */
export async function expectLeft(ground: Cli, key: string, write: () => Promise<unknown>): Promise<void> {
  await ground.cli(key, 'PEXPIRE', key, '20000');
  await write();
  const ms = await left(ground, key);
  expect(ms).toBeGreaterThan(0);
  expect(ms).toBeLessThanOrEqual(20_000);
}

/** Expects a write to begin the lifetime of a minute anew. */
export async function expectProlonged(
  ground: Cli,
  key: string,
  write: () => Promise<unknown>,
): Promise<void> {
  await ground.cli(key, 'PEXPIRE', key, '20000');
  await write();
  await expectMinute(ground, key);
}

/** Expects a write to give a lifetime back to a key that has lost it. */
export async function expectHealed(ground: Cli, key: string, write: () => Promise<unknown>): Promise<void> {
  await ground.cli(key, 'PERSIST', key);
  expect(await left(ground, key)).toBe(-1);
  await write();
  await expectMinute(ground, key);
}

/** Expects a write to take the lifetime off a key that is to stay. */
export async function expectDurable(ground: Cli, key: string, write: () => Promise<unknown>): Promise<void> {
  await write();
  expect(await left(ground, key)).toBe(-1);
  await ground.cli(key, 'PEXPIRE', key, '20000');
  await write();
  expect(await left(ground, key)).toBe(-1);
}
