import { colors } from '../colors.ts';
import { type Intention, planRotation, type Rotated, rotate, type Session } from '../local/rotate/index.ts';
import type { System } from '../system.ts';
import { withProgress } from './progress.ts';
import { printNotes } from './report.ts';
import { rotateCertificates } from './rotate-certificates.ts';
import { rotateConfirmed } from './rotate-confirmed.ts';
import { expectNoMigration, openStack } from './stack.ts';

export interface RotateArguments {
  readonly dir: string;
  readonly users: readonly string[] | undefined;
  readonly graceSeconds: number;
  readonly force: boolean;
  /** Certificates instead of passwords. */
  readonly certificates: boolean;
  readonly timeoutSeconds: number;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/** Changes passwords on a running stack. Exit code 1 when clients have not moved, so that both passwords stay valid. */
export async function rotateCommand(system: System, args: RotateArguments): Promise<number> {
  const { root, model } = openStack(system, args.dir);
  expectNoMigration(system, root, args.dir);
  if (args.certificates) return rotateCertificates(system, args, { root, model });
  const options = { ...args, onProgress: () => undefined };
  const intention = await planRotation(system, root, model, options);
  if (args.dryRun || !args.json) system.out(args.json ? toJson(intention) : describe(intention, args));
  if (args.dryRun) return 0;
  if (!(await rotateConfirmed(system, args))) {
    system.out('Nothing was changed.\n');
    return 0;
  }
  const rotated = await withProgress(system, args.json, (onProgress) =>
    rotate(system, root, model, { ...args, onProgress }),
  );
  printNotes(system, rotated.warnings, args.json);
  system.out(args.json ? toJson(rotated) : report(rotated, args));
  return rotated.outcome === 'done' ? 0 : 1;
}

function describe({ nodes, fresh, resumed, mended }: Intention, args: RotateArguments): string {
  const users = fresh.length > 0 ? fresh : resumed;
  const title =
    fresh.length > 0
      ? `New passwords for ${users.join(', ')}, on ${nodes.length} running node${nodes.length === 1 ? '' : 's'}:`
      : `A rotation is under way for ${users.join(', ')}; it is brought to its end:`;
  const late = args.force ? 'is ended' : 'keeps the old password valid, and this stops there';
  const steps = [
    ...mended.map((file) => `${file} is brought in line with what the servers accept`),
    'every node accepts the new password beside the old one',
    'the new one goes into .env and .secrets/; replicas and Sentinels use it from then on',
    `clients get ${args.graceSeconds} s to move; one that has not moved ${late}`,
    'the old one is withdrawn everywhere',
    'what is left of old sessions is ended, the links of replicas one by one',
  ];
  return [colors.bold(title), ...steps.map((step, i) => `  ${i + 1}. ${step}`), ''].join('\n');
}

function report(rotated: Rotated, { dir }: RotateArguments): string {
  const users = [...rotated.fresh, ...rotated.resumed].join(', ');
  if (rotated.outcome === 'done')
    return `${colors.green('Done.')} Only the new passwords of ${users} are accepted; they are in .env and .secrets/.${ends(rotated.ended)}\n`;
  const again = `create-redis-stack rotate${dir === '.' ? '' : ` ${dir}`}`;
  return [
    `${colors.yellow('Both passwords are still accepted:')} these clients have not moved to the new one.`,
    ...rotated.staying.map(
      ({ user, name, address, node, ageSeconds }) =>
        `  ${user}${name ? ` (${name})` : ''} from ${address}, on ${node.name} for ${ageSeconds} s`,
    ),
    'Restart them, or have them read the password from its file (client/README.md). Then go on:',
    `  ${again}`,
    `  ${again} --force     ${colors.dim('ends the connections that are left')}`,
    '',
  ].join('\n');
}

function ends(ended: readonly Session[]): string {
  const links = ended.filter(({ isReplica }) => isReplica).length;
  const others = ended.length - links;
  const parts = [
    ...(links > 0 ? [`${links} replica link${links === 1 ? '' : 's'} logged in anew`] : []),
    ...(others > 0 ? [`${others} old connection${others === 1 ? ' was' : 's were'} ended`] : []),
  ];
  return parts.length === 0
    ? ''
    : ` ${parts.join('; ')}.`.replace(/^ (\w)/, (_, c: string) => ` ${c.toUpperCase()}`);
}

function toJson(result: Intention | Rotated): string {
  const shown =
    'staying' in result ? { staying: result.staying.map(plain), ended: result.ended.map(plain) } : {};
  return `${JSON.stringify({ ...result, ...shown }, null, 2)}\n`;
}

const plain = ({ node, ...session }: Session) => ({ node: node.name, ...session });
