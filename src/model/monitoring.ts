import type { StackModel, StackNode } from './types.ts';

/** Where exporters answer, the port that is registered for them. */
export const EXPORTER_PORT = 9121;

/** The ACL user that exporters log in as, on data nodes and on Sentinels. */
export const EXPORTER_USER = 'exporter';

/** The password of the exporter as it wants it: a map from address to password. Its name can be no user's. */
export const EXPORTER_PASSWORDS = 'exporter.json';

/** Who may change dashboards. Its file in `.secrets/` can be no user's. */
export const GRAFANA_ADMIN = { name: 'grafana.password', passwordEnv: 'GRAFANA_ADMIN_PASSWORD' } as const;

export function isMonitored(model: StackModel): boolean {
  return model.spec.targets.includes('monitoring');
}

/**
 * What an exporter is told to look at. Without a scheme where it need not be: with one it tries a second way after a
 * failed login, and reports that error instead of the one that matters.
 */
export function exporterAddress(
  model: StackModel,
  { host, port }: { readonly host: string; readonly port: number },
) {
  return `${model.spec.security.tls ? 'rediss://' : ''}${host}:${port}`;
}

/**
 * `.secrets/exporter.json`: the same password for every address, under the names that older exporters (without the
 * user) and newer ones look it up by.
 */
export function exporterPasswords(
  model: StackModel,
  password: string,
  hostOf: (node: StackNode) => string = (node) => node.name,
): string {
  const scheme = model.spec.security.tls ? 'rediss' : 'redis';
  const entries = model.nodes.flatMap((node) =>
    ['', `${EXPORTER_USER}@`].map(
      (user) => [`${scheme}://${user}${hostOf(node)}:${node.port}`, password] as const,
    ),
  );
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
