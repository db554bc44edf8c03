import { type Problem, warning } from '../../problem.ts';
import type { UpOptions } from '../native.ts';
import { complaint, composeCommand, type Project, type Service, say } from './project.ts';
import { missingImage } from './refusals.ts';

/** Profiles that a stack asks for in its spec; others are the user's own, and are switched on by hand. */
const PROFILES = ['monitoring', 'backup'];

/** Starts the services of the stack's optional profiles. What fails is a warning: the stack itself serves. */
export async function startOptional(
  project: Project,
  all: readonly Service[],
  { onProgress }: Pick<UpOptions, 'onProgress'>,
): Promise<readonly Problem[]> {
  const wanted = all.filter((one) => one.profiles.some((profile) => PROFILES.includes(profile)));
  const warnings: Problem[] = [];
  for (const image of new Set(wanted.map((one) => one.image))) {
    const group = wanted.filter((one) => one.image === image);
    onProgress(`starting ${group.map((one) => one.name).join(', ')}`);
    const names = group.map((one) => one.name);
    const profiles = [...new Set(group.flatMap((one) => one.profiles))].flatMap((name) => [
      '--profile',
      name,
    ]);
    const { code, stderr } = await say(
      composeCommand(project, [...profiles, 'up', '--detach', '--no-deps', ...names]),
    );
    if (code !== 0) warnings.push(notStarted(names, image, stderr));
  }
  return warnings;
}

/** Services that the user added to compose.yaml, without a profile. */
export async function startOthers(
  project: Project,
  all: readonly Service[],
  joiner: string,
): Promise<readonly Problem[]> {
  const ours = new Set([joiner, ...project.model.nodes.map((node) => node.name)]);
  const names = all.filter((one) => one.profiles.length === 0 && !ours.has(one.name)).map((one) => one.name);
  if (names.length === 0) return [];
  const { code, stderr } = await say(composeCommand(project, ['up', '--detach', '--no-deps', ...names]));
  return code === 0 ? [] : [notStarted(names, names.join(', '), stderr)];
}

function notStarted(names: readonly string[], image: string, stderr: string): Problem {
  const said = complaint(stderr);
  const noImage = missingImage(stderr, said, [image]) !== undefined;
  const failed = warning(
    noImage ? 'compose/no-optional-image' : 'compose/optional-failed',
    names.join(', '),
    noImage
      ? `Not started: the image ${image} is not here and cannot be pulled. The stack serves without.`
      : 'Not started. The stack serves without.',
    'Mend what it says, then run `up` again.',
  );
  return { ...failed, detail: [said] };
}
