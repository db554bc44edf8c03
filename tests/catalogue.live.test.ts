import { describe, expect, it } from 'vitest';
import { directiveFacts } from '../src/engines/catalogue.ts';
import { ALIASES, DIRECTIVES } from '../src/engines/directives.ts';
import type { DirectiveFacts } from '../src/engines/types.ts';
import { parsePairs } from '../src/redis/replies.ts';
import { engines } from './support/engines.ts';
import { type Server, startServer } from './support/servers.ts';

/** Known only to builds with a certain option (TLS, other allocators), or to modules of the full image. */
const BUILD =
  /^(tls-|rdma-|active-defrag|activedefrag|jemalloc|search-|ts-|bf-|cf-|req-res-logfile|client-default-resp)/;

const served = async (server: Server, pattern: string): Promise<Readonly<Record<string, string>>> =>
  parsePairs((await server.cli('CONFIG', 'GET', pattern)).split('\n'));

/** Whether CONFIG SET takes the value; refusals for other reasons than being fixed or unknown count as taken. */
async function takes(server: Server, name: string, value: string): Promise<boolean> {
  try {
    await server.cli('CONFIG', 'SET', name, value);
    return true;
  } catch (error) {
    return !/immutable|Unknown|invalid/i.test((error as Error).message);
  }
}

describe.each(engines().map((engine) => ({ engine, title: `${engine.name} ${engine.version}` })))(
  '$title',
  ({ engine }) => {
    const release = { name: engine.name, version: engine.line };

    it('has exactly the directives of the catalogue', async () => {
      await using server = await startServer({ engine });
      const shown = Object.keys(await served(server, '*'));
      expect(shown.length).toBeGreaterThan(150);
      expect(shown.filter((name) => !directiveFacts(release, name))).toEqual([]);
      const known = [...new Set(DIRECTIVES.map(([name]) => name))].filter(
        (name) => directiveFacts(release, name)?.name === name,
      );
      // Some are hidden from a pattern and shown to who knows their name.
      const absent: string[] = [];
      for (const name of known.filter((n) => !shown.includes(n) && !BUILD.test(n))) {
        if (Object.keys(await served(server, name)).length === 0) absent.push(name);
      }
      expect(absent).toEqual([]);
    });

    it('takes every value that the catalogue lists, and every live directive back as it is', async () => {
      await using server = await startServer({ engine });
      const wrong: string[] = [];
      for (const [name, present] of Object.entries(await served(server, '*'))) {
        for (const { value, live } of trials(directiveFacts(release, name), name, present)) {
          if ((await takes(server, name, value)) !== live) wrong.push(`${name} ${value}`);
        }
      }
      expect(wrong).toEqual([]);
    });
  },
);

/** Every listed value of a live enum, otherwise the present one. */
function trials(facts: DirectiveFacts | undefined, name: string, present: string) {
  if (!facts || ALIASES[name] || BUILD.test(name) || facts.kind === 'special') return [];
  const live = facts.effect === 'live';
  return (live && facts.kind === 'enum' ? facts.values : [present]).map((value) => ({ value, live }));
}
