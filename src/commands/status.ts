import { credentialsOf } from '../local/credentials.ts';
import { observe } from '../local/observe.ts';
import { placeOnLoopback } from '../local/place.ts';
import { readRecord } from '../local/record.ts';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { openStack } from './stack.ts';
import { statusTable } from './status-table.ts';

export interface StatusArguments {
  readonly dir: string;
  readonly json: boolean;
}

/** What every node says of itself. Exit code 1 when the stack is not as it should be. */
export async function status(system: System, { dir, json }: StatusArguments): Promise<number> {
  const { root, model } = openStack(system, dir);
  const record = readRecord(system.files, root);
  if (!record) {
    throw new ProblemError(
      problem(
        'local/not-started',
        dir,
        'Nothing of this stack was started here.',
        `Run create-redis-stack up ${dir === '.' ? '' : `${dir} `}--native first.`,
      ),
    );
  }
  const placed = placeOnLoopback(model, new Map(record.map((node) => [node.name, node])));
  const observed = await observe({ model: placed, credentials: credentialsOf(system.files, root, 'admin') });
  const ready = observed.missing.length === 0;
  if (json)
    system.out(
      `${JSON.stringify({ topology: model.spec.topology.kind, ready, nodes: observed.nodes, missing: observed.missing }, null, 2)}\n`,
    );
  else
    system.out(
      `${statusTable(observed.nodes)}\n${ready ? '' : `\nNot ready until ${observed.missing.join('; ')}.\n`}`,
    );
  return ready ? 0 : 1;
}
