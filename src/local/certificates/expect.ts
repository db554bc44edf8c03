import { certificateProblems } from '../../certificates/problems.ts';
import type { StackModel } from '../../model/types.ts';
import { isError, type Problem, ProblemError } from '../../problem.ts';
import type { Files } from '../../system.ts';
import { readCertificateTexts } from '../../workspace/certificates.ts';
import { finishRenewal } from './pairs.ts';

/**
 * Throws before anything starts where a certificate cannot work, an expired one among them; gives warnings of those that
 * will expire soon. Completes a renewal that was killed while it wrote.
 */
export function expectCertificates(
  files: Files,
  root: string,
  model: StackModel,
  now = new Date(),
): readonly Problem[] {
  if (!model.spec.security.tls) return [];
  finishRenewal(files, root, model.nodes);
  const found = certificateProblems(model, readCertificateTexts(files, root, model), now);
  const errors = found.filter(isError);
  if (errors.length > 0) throw new ProblemError(...errors);
  return found;
}
