import type Generator from 'yeoman-generator';
import type { SpecArguments } from '../src/commands/arguments.ts';
import { SHORT_FLAGS, type ShortFlag, SWITCHES } from '../src/spec/short-flags.ts';

/** The flags of the command, for Yeoman. */
export function declareOptions(generator: Generator): void {
  generator.option('yes', { type: Boolean, default: false, description: 'take every default, ask nothing' });
  generator.option('spec', { type: String, description: 'read the answers from a redis-stack.yaml' });
  generator.option('set', {
    type: (value: unknown) => value,
    description: 'path=value, any key of the spec',
  } as never);
  for (const flag of Object.keys(SHORT_FLAGS) as ShortFlag[]) {
    const type = SWITCHES.includes(flag) ? Boolean : String;
    // Yeoman has a `name` of its own to pass on; ours goes by --set name=value there.
    if (flag !== 'name') generator.option(flag, { type, description: `sets ${SHORT_FLAGS[flag]}` });
  }
}

/** The options and named arguments as they came. */
export function given(generator: Generator): Readonly<Record<string, unknown>> {
  return generator.options as unknown as Record<string, unknown>;
}

export function specArguments(options: Readonly<Record<string, unknown>>): SpecArguments {
  const set = options.set === undefined ? [] : [options.set].flat().map(String);
  const given = Object.keys(SHORT_FLAGS).filter(
    (flag) => flag !== 'name' && ['string', 'boolean'].includes(typeof options[flag]),
  );
  return {
    spec: typeof options.spec === 'string' ? options.spec : undefined,
    set,
    short: Object.fromEntries(given.map((flag) => [flag, String(options[flag])])),
  };
}
