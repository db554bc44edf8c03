import { colors } from '../colors.ts';
import { type Renewed, renewCertificates } from '../local/certificates/renew.ts';
import { findRunning } from '../local/running.ts';
import type { StackModel } from '../model/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { takeLock } from '../workspace/lock.ts';
import { withProgress } from './progress.ts';
import { rotateConfirmed } from './rotate-confirmed.ts';

interface CertificateArguments {
  readonly timeoutSeconds: number;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/** Gives every node a new certificate, on a running stack without a restart of data nodes. */
export async function rotateCertificates(
  system: System,
  args: CertificateArguments,
  { root, model }: { readonly root: string; readonly model: StackModel },
): Promise<number> {
  if (!model.spec.security.tls) throw new ProblemError(noTls());
  const names = model.nodes.map(({ name }) => name);
  if (args.dryRun || !args.json) system.out(args.json ? plan(names) : describe(names));
  if (args.dryRun) return 0;
  if (!(await rotateConfirmed(system, args))) {
    system.out('Nothing was changed.\n');
    return 0;
  }
  const release = takeLock(system.files, root);
  try {
    const running = await findRunning(system, root, model);
    const renewed = await withProgress(system, args.json, (onProgress) =>
      renewCertificates(system, root, model, running, { timeoutSeconds: args.timeoutSeconds, onProgress }),
    );
    system.out(args.json ? `${JSON.stringify({ renewed }, null, 2)}\n` : report(renewed));
    return 0;
  } finally {
    release();
  }
}

const plan = (nodes: readonly string[]): string => `${JSON.stringify({ nodes }, null, 2)}\n`;

function describe(names: readonly string[]): string {
  return [
    colors.bold(`New certificates for ${names.join(', ')}, by the authority that the stack has:`),
    '  1. every node gets a new key and certificate in .secrets/tls/',
    '  2. data nodes read them while they run; connections stay',
    '  3. Sentinels, which cannot, are restarted one by one',
    '',
  ].join('\n');
}

function report(renewed: readonly Renewed[]): string {
  const how = { reloaded: 'read', restarted: 'restarted', 'at-next-start': 'at its next start' };
  const width = Math.max(...renewed.map(({ node }) => node.length));
  const lines = renewed.map((one) => `  ${one.node.padEnd(width)}  ${how[one.how]}, valid to ${one.validTo}`);
  return [`${colors.green('Done.')} New certificates:`, ...lines, ''].join('\n');
}

function noTls() {
  return problem(
    'rotate/no-tls',
    'security.tls',
    'This stack speaks no TLS, so it has no certificates.',
    'Leave --certificates out to change passwords; `update --tls` gives a stack certificates.',
  );
}
