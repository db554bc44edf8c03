import { FAMILIES } from '../engines/releases.ts';
import type { EngineName } from '../engines/types.ts';
import { type FoundEngine, findEngine } from '../local/engine.ts';
import { isProblemError } from '../problem.ts';
import type { Use } from '../structures/types.ts';
import type { System } from '../system.ts';
import { measureHere, type Outcome } from './here.ts';
import { AMPLE, type Wanted } from './measure.ts';
import { withScratchServer } from './scratch.ts';
import { askServer } from './server.ts';

/** The server program of an engine on the PATH, whichever release it is. */
export async function engineAtHand(
  { env }: Pick<System, 'env'>,
  name: EngineName,
): Promise<FoundEngine | undefined> {
  const { title, image, licence, lines } = FAMILIES[name];
  const version = lines[0] ?? '';
  const oldest = { name, title, image, licence: licence(version), version, known: true };
  try {
    return await findEngine({ ...oldest, server: `${name}-server`, cli: `${name}-cli` }, env);
  } catch (error) {
    if (isProblemError(error)) return undefined;
    throw error;
  }
}

/** Measures on a server of this program that runs for that alone. */
export async function measureBeside(
  system: Pick<System, 'env' | 'randomBytes'>,
  server: string,
  uses: readonly Use[],
  wanted: Wanted,
): Promise<Outcome> {
  const outcome = await withScratchServer(system, server, async (connection) => {
    const facts = await askServer(connection, 'scratch');
    const where = `a scratch server of ${facts.ground.title} ${facts.version}`;
    const { randomBytes } = system;
    return measureHere({ connection, facts, where, bounds: AMPLE, randomBytes }, uses, wanted);
  });
  return outcome ?? { ok: false, why: `${server} did not start` };
}
