import { type Fields, read } from './fields.ts';

/** What a container may, as far as its manifest says so itself. */
export interface Security {
  readonly user: number | undefined;
  readonly group: number | undefined;
  readonly nonRoot: boolean | undefined;
  readonly readOnlyRoot: boolean;
  readonly escalation: boolean;
  readonly drop: readonly string[];
  readonly add: readonly string[];
}

/** The same for all containers of a pod. */
export interface PodSecurity extends Pick<Security, 'user' | 'group' | 'nonRoot'> {
  readonly fsGroup: number | undefined;
  /** Leave a volume alone whose root has the right owner already. */
  readonly onRootMismatch: boolean;
  readonly supplementalGroups: readonly number[];
}

function readIdentity(fields: Fields): Pick<Security, 'user' | 'group' | 'nonRoot'> {
  fields.child('seccompProfile', (profile) => profile.only('type', 'RuntimeDefault'));
  return {
    user: fields.maybeNumber('runAsUser'),
    group: fields.maybeNumber('runAsGroup'),
    nonRoot: fields.has('runAsNonRoot') ? fields.flag('runAsNonRoot', false) : undefined,
  };
}

export function readSecurity(container: Fields): Security {
  return read(container.any('securityContext') ?? {}, `${container.at}.securityContext`, (fields) => {
    fields.only('privileged', false);
    const capabilities = fields.child('capabilities', (c) => ({
      drop: c.texts('drop'),
      add: c.texts('add'),
    }));
    return {
      ...readIdentity(fields),
      readOnlyRoot: fields.flag('readOnlyRootFilesystem', false),
      escalation: fields.flag('allowPrivilegeEscalation', true),
      drop: capabilities?.drop ?? [],
      add: capabilities?.add ?? [],
    };
  });
}

export function readPodSecurity(pod: Fields): PodSecurity {
  return read(pod.any('securityContext') ?? {}, `${pod.at}.securityContext`, (fields) => {
    const groups = fields.any('supplementalGroups');
    return {
      ...readIdentity(fields),
      fsGroup: fields.maybeNumber('fsGroup'),
      onRootMismatch:
        fields.oneOf('fsGroupChangePolicy', ['Always', 'OnRootMismatch'], 'Always') === 'OnRootMismatch',
      supplementalGroups: Array.isArray(groups) ? groups.map(Number) : [],
    };
  });
}
