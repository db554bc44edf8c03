import { TLS_SECRETS } from '../../model/environment.ts';
import type { StackModel, StackNode } from '../../model/types.ts';

const FOLDER = './.secrets/tls';

/** What a container mounts under another name than the project knows it by. */
interface Mounted {
  readonly source: string;
  readonly target: string;
}

const certificateOf = (node: StackNode): string => `tls-${node.name}.crt`;
const keyOf = (node: StackNode): string => `tls-${node.name}.key`;

/** Whom to trust: for every container that calls a server. No secrets where the stack does not speak TLS. */
export function trustSecrets({ spec }: StackModel): readonly string[] {
  return spec.security.tls ? [TLS_SECRETS.ca] : [];
}

/** What a node needs to speak TLS: its own pair, and never that of another. */
export function nodeTlsSecrets(model: StackModel, node: StackNode): readonly (string | Mounted)[] {
  if (!model.spec.security.tls) return [];
  return [
    TLS_SECRETS.ca,
    { source: certificateOf(node), target: TLS_SECRETS.certificate },
    { source: keyOf(node), target: TLS_SECRETS.key },
  ];
}

/** Where all of them are on this machine; the key of the authority is not among them. */
export function tlsSecretFiles({
  spec,
  nodes,
}: StackModel): Readonly<Record<string, { readonly file: string }>> {
  if (!spec.security.tls) return {};
  const pairs = nodes.flatMap((node) => [
    [certificateOf(node), { file: `${FOLDER}/${node.name}.crt` }] as const,
    [keyOf(node), { file: `${FOLDER}/${node.name}.key` }] as const,
  ]);
  return { [TLS_SECRETS.ca]: { file: `${FOLDER}/ca.crt` }, ...Object.fromEntries(pairs) };
}
