import { Ajv } from 'ajv';
import { execa } from 'execa';
import { parseDocument } from 'yaml';
import composeSchema from '../../node_modules/dclint/schemas/compose.schema.json' with { type: 'json' };
import { type Problem, problem } from '../problem.ts';
import { inside } from '../workspace/paths.ts';
import { type CheckContext, type Checker, type CheckResult, judge } from './types.ts';

const FILE = 'compose.yaml';

/** Holds compose.yaml against the Compose schema, and against Docker Compose itself where it is installed. */
export const compose: Checker = {
  id: 'compose',
  title: 'Compose takes compose.yaml',
  applies: (model) => model.spec.targets.includes('compose'),
  run: checkCompose,
};

async function checkCompose(context: CheckContext): Promise<CheckResult> {
  const text = context.system.files.read(inside(context.root, FILE));
  if (text === undefined)
    return judge(
      [
        problem(
          'compose/missing',
          FILE,
          'The file is not there.',
          'Write the stack again, or take compose out of targets.',
        ),
      ],
      'no file',
    );
  const doc = parseDocument(text, { version: '1.1' });
  const [error] = doc.errors;
  if (error)
    return judge(
      [problem('compose/not-yaml', FILE, error.message.split('\n')[0] ?? '', 'Mend the YAML.')],
      'not YAML',
    );
  const bySchema = checkSchema(doc.toJS({ maxAliasCount: -1 }));
  const byProgram = await askCompose(context);
  return judge(
    [...bySchema, ...byProgram.findings],
    byProgram.asked ? 'by schema and by Docker Compose' : 'by schema; Docker Compose is not installed here',
  );
}

function checkSchema(data: unknown): readonly Problem[] {
  const formats = { duration: true, ports: true, expose: true, subnet_ip_address: true, uri: true } as const;
  const ajv = new Ajv({ strict: false, allErrors: true, formats });
  const validate = ajv.compile({ ...composeSchema, $schema: 'http://json-schema.org/draft-07/schema#' });
  if (validate(data)) return [];
  return (validate.errors ?? []).slice(0, 10).map((e) => {
    const extra = e.keyword === 'additionalProperties' ? `: '${String(e.params.additionalProperty)}'` : '';
    return problem(
      'compose/schema',
      `${FILE} at ${e.instancePath.slice(1).replaceAll('/', '.') || 'top level'}`,
      `It ${e.message ?? 'does not fit'}${extra}.`,
      'Mend it, or take back the edit.',
    );
  });
}

interface Asked {
  readonly asked: boolean;
  readonly findings: readonly Problem[];
}

/** `config` resolves the whole file without an engine. */
async function askCompose({ system, root }: CheckContext): Promise<Asked> {
  const commands = [['docker-compose'], ['docker', 'compose']] as const;
  for (const [file, ...first] of commands) {
    const options = {
      env: { PATH: system.env.PATH, HOME: system.env.HOME },
      extendEnv: false,
      reject: false,
      timeout: 30_000,
    };
    const version = await execa(file, [...first, 'version'], options);
    if (version.exitCode !== 0) continue;
    const result = await execa(file, [...first, '-f', inside(root, FILE), 'config', '--quiet'], options);
    if (result.exitCode === 0) return { asked: true, findings: [] };
    const refused = problem(
      'compose/refused',
      FILE,
      'Docker Compose does not take the file.',
      'Mend what it names.',
    );
    return {
      asked: true,
      findings: [{ ...refused, detail: String(result.stderr).trim().split('\n').slice(-5) }],
    };
  }
  return { asked: false, findings: [] };
}
