import { certificates } from './certificates.ts';
import { client } from './client.ts';
import { compose } from './compose.ts';
import { doctor } from './doctor.ts';
import { files } from './files.ts';
import { helm } from './helm.ts';
import { monitoring } from './monitoring.ts';
import { sentinel } from './sentinel.ts';
import { server } from './server.ts';
import type { Checker } from './types.ts';

export const CHECKERS: readonly Checker[] = [
  files,
  doctor,
  server,
  sentinel,
  certificates,
  compose,
  client,
  helm,
  monitoring,
];
