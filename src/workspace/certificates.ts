import type { CertificateTexts } from '../certificates/plan.ts';
import type { StackModel } from '../model/types.ts';
import type { Change } from '../plan/types.ts';
import type { System } from '../system.ts';
import { CA_CERTIFICATE, CA_KEY, inside, pairPaths } from './paths.ts';

/** The certificates that a plan has to write; none where the stack does not speak TLS. */
export async function planCertificates(
  { files, randomBytes }: Pick<System, 'files' | 'randomBytes'>,
  root: string,
  model: StackModel,
  now = new Date(),
): Promise<readonly Change[]> {
  if (!model.spec.security.tls) return [];
  const { decideCertificates } = await import('../certificates/index.ts');
  return decideCertificates(model, readCertificateTexts(files, root, model), { now, randomBytes });
}

/** Every certificate and key of the stack that is there, by its path. */
export function readCertificateTexts(
  files: System['files'],
  root: string,
  { nodes }: Pick<StackModel, 'nodes'>,
): CertificateTexts {
  const paths = nodes.flatMap(({ name }) => Object.values(pairPaths(name)));
  const texts = [CA_CERTIFICATE, CA_KEY, ...paths].map(
    (path) => [path, files.read(inside(root, path))] as const,
  );
  return new Map(texts.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}
