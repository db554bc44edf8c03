import { credentialsOf } from '../local/credentials.ts';
import type { RunningStack } from '../local/running.ts';
import type { StackModel } from '../model/types.ts';
import { passwordEnv } from '../model/users.ts';
import type { Files } from '../system.ts';
import { CA_CERTIFICATE, inside } from '../workspace/paths.ts';

/** What an application on this machine would have in its environment to reach the running stack. */
export function clientEnvironment(
  files: Files,
  root: string,
  model: StackModel,
  { kind, placed }: RunningStack,
): Readonly<Record<string, string>> {
  const entries = placed.nodes.filter((node) => (placed.sentinel ? node.role === 'sentinel' : true));
  const native = { REDIS_ADDRESSES: entries.map(({ ip, port }) => `${ip}:${port}`).join(',') };
  return {
    [passwordEnv('app')]: credentialsOf(files, root, 'app', model).password,
    ...(kind === 'native' ? native : { REDIS_VIEW: 'host' }),
    ...(model.spec.security.tls ? { REDIS_TLS_CA: inside(root, CA_CERTIFICATE) } : {}),
  };
}
