import type {
  Address,
  ClusterStack,
  SentinelStack,
  StackDescription,
  StandaloneStack,
} from './description.js';
import type { Environment } from './environment.js';
import type { Link } from './link.js';

/** Where connections to a stack begin, for error messages, and what makes a set of them. */
export interface Reach {
  readonly addresses: readonly Address[];
  readonly createLink: () => Link;
}

/** Says how a stack is reached; throws `redis/bad-environment`. */
export type Reaching<Stack> = (stack: Stack, env: Environment) => Reach;

interface Way<Stack> {
  readonly reach: Reaching<Stack>;
}

/** How one client library reaches stacks of each kind; a module is loaded when a stack of its kind is met. */
export interface Ways {
  readonly standalone: () => Promise<Way<StandaloneStack>>;
  readonly sentinel: () => Promise<Way<SentinelStack>>;
  readonly cluster: () => Promise<Way<ClusterStack>>;
}

/** Rejects with `redis/bad-environment`. */
export async function reachBy(ways: Ways, stack: StackDescription, env: Environment): Promise<Reach> {
  switch (stack.kind) {
    case 'standalone':
      return (await ways.standalone()).reach(stack, env);
    case 'sentinel':
      return (await ways.sentinel()).reach(stack, env);
    case 'cluster':
      return (await ways.cluster()).reach(stack, env);
  }
}
