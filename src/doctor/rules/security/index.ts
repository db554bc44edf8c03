import type { Rule } from '../../types.ts';
import { aclDenials } from './acl-denials.ts';
import { commandGuardsOff } from './command-guards-off.ts';
import { dangerousCommands } from './dangerous-commands.ts';
import { defaultUserForAll } from './default-user-for-all.ts';
import { defaultUserOpen } from './default-user-open.ts';
import { noTls } from './no-tls.ts';
import { releaseKnownHoles } from './release-known-holes.ts';
import { releaseOutOfSupport } from './release-out-of-support.ts';
import { replicationUser } from './replication-user-too-strong.ts';
import { sentinelOpen } from './sentinel-open.ts';
import { sharedPassword } from './shared-password.ts';
import { unknownRelease } from './unknown-release.ts';
import { weakPassword } from './weak-password.ts';

/** A new rule is one file and one entry. */
export const SECURITY: readonly Rule[] = [
  defaultUserOpen,
  sentinelOpen,
  weakPassword,
  sharedPassword,
  noTls,
  dangerousCommands,
  commandGuardsOff,
  replicationUser,
  defaultUserForAll,
  aclDenials,
  releaseKnownHoles,
  releaseOutOfSupport,
  unknownRelease,
];
