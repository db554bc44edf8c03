import type { StackNode } from '../model/types.ts';

/** What a certificate is made out to. */
export interface CertificateNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

/** Under which names a node is called: by its peers, inside the Compose network, and on this machine. */
export function certificateNames(node: Pick<StackNode, 'name' | 'hostname' | 'ip'>): CertificateNames {
  return {
    dns: [...new Set([node.name, node.hostname ?? node.name, 'localhost'])],
    ip: [...new Set([node.ip, '127.0.0.1', '::1'])],
  };
}
