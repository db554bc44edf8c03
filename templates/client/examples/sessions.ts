import { defineKeyspaces, type Redis, sessions } from '../src/index.js';

interface Login {
  readonly user: string | null;
  readonly cart: readonly string[];
}

export const keyspaces = defineKeyspaces({
  // Half an hour after the last touch, and after twelve hours in any case.
  login: sessions<Login>({ name: 'login', ttlMs: 30 * 60_000, maxLifetimeMs: 12 * 60 * 60_000 }),
});

/** Gives the id for the cookie, or nothing where the session is over. */
export async function example(redis: Redis, cookie: string): Promise<string | undefined> {
  const { login } = await redis.open(keyspaces);
  const session = (await login.read(cookie)) ?? (await login.create({ user: null, cart: [] }));
  // Two requests at once both get their book into the cart.
  const changed = await login.update(session.id, (data) => ({ ...data, cart: [...data.cart, 'a book'] }));
  if (changed === null) return undefined;
  // At a login, the id that was known before it must be worth nothing.
  const renewed = await login.regenerate(changed, { ...changed.data, user: 'ada' });
  // At a logout: `await login.destroy(id)`, which no request under way undoes.
  return renewed?.id;
}
