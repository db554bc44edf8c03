import { certificateProblems } from '../certificates/problems.ts';
import { readCertificateTexts } from '../workspace/certificates.ts';
import { CA_CERTIFICATE } from '../workspace/paths.ts';
import { type Checker, judge, skipped } from './types.ts';

/** Do the certificates fit the nodes, and for how long? Where they are not, as in a fresh clone, there is nothing to see. */
export const certificates: Checker = {
  id: 'certificates',
  title: 'certificates fit the nodes and are valid',
  applies: (model) => model.spec.security.tls,
  run: async ({ system, root, model }) => {
    const texts = readCertificateTexts(system.files, root, model);
    if (texts.size === 0)
      return skipped(`there is no ${CA_CERTIFICATE} here; version control does not carry it`);
    return judge(certificateProblems(model, texts, new Date()), `${model.nodes.length} certificates`);
  },
};
