import { credentialsOf } from '../local/credentials.ts';
import { drill as practiseAll } from '../local/drill/drill.ts';
import { beginJournal } from '../local/drill/journal.ts';
import { mendLeftovers } from '../local/drill/mend.ts';
import { type DrillStack, withNetwork } from '../local/drill/network.ts';
import { recreate } from '../local/drill/recreate.ts';
import type { Circumstances, ScenarioResult } from '../local/drill/types.ts';
import { waitingWith } from '../local/drill/waiting.ts';
import { findRunning, notRunning } from '../local/running.ts';
import type { StackModel } from '../model/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { System } from '../system.ts';
import { stackDescription } from '../targets/client/description.ts';
import { clientEnvironment } from './client-environment.ts';
import { confirmed } from './confirmed.ts';
import { type Choice, chooseScenarios } from './drill-choice.ts';
import { closingWords, drillTable, intention, scenarioTable } from './drill-words.ts';
import { withProgress } from './progress.ts';
import { expectNoMigration, openStack } from './stack.ts';
import { untilInterrupted } from './until-interrupted.ts';

export interface DrillArguments {
  readonly dir: string;
  readonly only: readonly string[] | undefined;
  readonly waitReplicas: number;
  /** Writes a second, and as many reads. */
  readonly rate: number;
  readonly timeoutSeconds: number;
  readonly yes: boolean;
  readonly list: boolean;
  readonly mend: boolean;
  readonly json: boolean;
}

const INTERRUPTED = 130;

/**
 * Lets failures happen to a running stack under the traffic of an application, and prints what they cost. Exit code 1
 * when a promise was broken.
 */
export async function drill(system: System, args: DrillArguments): Promise<number> {
  const { root, model } = openStack(system, args.dir);
  expectNoMigration(system, root, args.dir);
  const mended = args.list ? [] : await mendLeftovers(system, root, model);
  if (mended.length > 0 && !args.json)
    system.err(`An earlier drill was cut off; given back: ${mended.join(', ')}.\n`);
  if (args.mend) return sayMended(system, mended, args.json);
  const stack = await findDrillStack(system, root, model);
  const { waitReplicas } = args;
  if (args.list) return list(system, { model, cuts: stack?.network !== undefined, waitReplicas }, args.json);
  if (stack === undefined) throw new ProblemError(notRunning(args.dir));
  const of: Circumstances = { model, cuts: stack.network !== undefined, waitReplicas };
  expectReplicas(of);
  const choice = chooseScenarios(args.only, of);
  if (!(await mayBegin(system, args, { of, stack, choice }))) {
    system.out('Nothing was done.\n');
    return 0;
  }
  return carryOut(system, args, { root, stack, of, choice, wasMended: mended.length > 0 });
}

async function findDrillStack(
  system: System,
  root: string,
  model: StackModel,
): Promise<DrillStack | undefined> {
  const stack = await findRunning(system, root, model);
  return stack && withNetwork(system, root, model, stack);
}

function sayMended(system: System, mended: readonly string[], json: boolean): number {
  if (json) system.out(`${JSON.stringify({ mended }, null, 2)}\n`);
  else if (mended.length === 0) system.out('Nothing to mend.\n');
  return 0;
}

function list(system: System, of: Circumstances, json: boolean): number {
  system.out(scenarioTable(of, json));
  return 0;
}

interface Chosen {
  readonly stack: DrillStack;
  readonly of: Circumstances;
  readonly choice: Choice;
}

/** Says what will be done to which stack, and asks. */
async function mayBegin(
  system: System,
  args: DrillArguments,
  { of, stack, choice }: Chosen,
): Promise<boolean> {
  if (!args.json) system.out(intention(of.model, choice, { ...args, kind: stack.kind }));
  return confirmed(system, args, 'Begin?', notConfirmed());
}

interface Work extends Chosen {
  readonly wasMended: boolean;
  readonly root: string;
}

async function carryOut(system: System, args: DrillArguments, work: Work): Promise<number> {
  const { root, stack, of, choice, wasMended } = work;
  const { model } = of;
  const { timeoutSeconds } = args;
  const journal = await beginJournal(system.files, root, stack.kind);
  const results: ScenarioResult[] = [];
  const stopped = await untilInterrupted((signal) =>
    withProgress(system, args.json, (say) =>
      practiseAll(
        {
          stack,
          journal,
          credentials: credentialsOf(system.files, root, 'admin', model),
          description: stackDescription(model),
          library: model.spec.client.library,
          clientEnv: clientEnvironment(system.files, root, model, stack),
          circumstances: of,
          rate: args.rate,
          waiting: waitingWith(signal, timeoutSeconds * 1000),
          signal,
          wasMended,
          say,
          recreate: (givingBack) =>
            recreate({ system, root, model, kind: stack.kind, timeoutSeconds }, givingBack),
        },
        choice.chosen,
        system.randomBytes(4).toString('hex'),
        (result) => results.push(result),
      ),
    ),
  );
  return report(system, args, { choice, results, stopped });
}

interface Outcome {
  readonly choice: Choice;
  readonly results: readonly ScenarioResult[];
  readonly stopped: boolean;
}

function report(system: System, args: DrillArguments, { choice, results, stopped }: Outcome): number {
  const done = new Set(results.map(({ scenario }) => scenario));
  const notRun = choice.chosen.map(({ id }) => id).filter((id) => !done.has(id));
  const kept = results.every((result) => result.kept);
  if (args.json) system.out(`${JSON.stringify({ kept, stopped, scenarios: results, notRun }, null, 2)}\n`);
  else
    system.out(
      `${results.length > 0 ? `${drillTable(results)}\n` : ''}\n${closingWords({ kept, stopped, notRun })}\n`,
    );
  if (stopped) return INTERRUPTED;
  return kept ? 0 : 1;
}

/** WAIT for more replicas than there are would wait for ever. */
function expectReplicas({ model, waitReplicas }: Circumstances): void {
  const most = replicasOfShard(model);
  if (waitReplicas <= most) return;
  throw new ProblemError(
    problem(
      'drill/too-few-replicas',
      '--wait-replicas',
      `A primary of this stack has ${most === 0 ? 'no replica' : `${most} replica${most === 1 ? '' : 's'}`}.`,
      most === 0 ? 'Leave it out.' : `Give ${most} at most.`,
    ),
  );
}

function replicasOfShard({ nodes }: StackModel): number {
  const counts = nodes
    .filter((node) => node.role === 'primary')
    .map(({ shard }) => nodes.filter((node) => node.role === 'replica' && node.shard === shard).length);
  return Math.min(...counts);
}

const notConfirmed = () =>
  problem(
    'drill/not-confirmed',
    'drill',
    'A drill does harm to a running stack, and nobody is here to be asked.',
    'Add --yes.',
  );
