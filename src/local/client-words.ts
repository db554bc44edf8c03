import type { StackModel, StackNode } from '../model/types.ts';

/** A call of the engine's command line client against a node. */
export interface ClientCall {
  readonly user: string;
  readonly args: readonly string[];
  /** False where no terminal is attached. */
  readonly terminal: boolean;
}

interface Reached {
  readonly node: Pick<StackNode, 'ip' | 'port' | 'role'>;
  /** Where the client finds the certificate of the stack's own authority, if it has one. */
  readonly caPath: string;
}

/** Address, user, encryption and cluster mode as words of redis-cli; the password goes through its environment. */
export function clientWords(
  model: StackModel,
  { node, caPath }: Reached,
  { user, args }: ClientCall,
): readonly string[] {
  return [
    ...['-h', node.ip, '-p', String(node.port), '--user', user, '--no-auth-warning'],
    ...(model.spec.security.tls ? ['--tls', '--cacert', caPath] : []),
    ...(model.joins ? ['-c'] : []),
    ...args,
  ];
}
