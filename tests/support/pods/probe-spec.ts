import type { Fields } from './fields.ts';

export type Check =
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'http'; readonly port: number; readonly path: string };

/** A probe; times are seconds. */
export interface Probe {
  readonly check: Check;
  readonly initialDelay: number;
  readonly period: number;
  readonly timeout: number;
  readonly successes: number;
  readonly failures: number;
  /** Instead of the pod's own, where this probe ends the container. */
  readonly grace: number | undefined;
}

export function readProbe(fields: Fields, ports: ReadonlyMap<string, number>): Probe {
  return {
    check: readCheck(fields, ports),
    initialDelay: fields.number('initialDelaySeconds', 0),
    period: atLeastOne(fields, 'periodSeconds', 10),
    timeout: atLeastOne(fields, 'timeoutSeconds', 1),
    successes: atLeastOne(fields, 'successThreshold', 1),
    failures: atLeastOne(fields, 'failureThreshold', 3),
    grace: fields.maybeNumber('terminationGracePeriodSeconds'),
  };
}

function atLeastOne(fields: Fields, key: string, fallback: number): number {
  const found = fields.number(key, fallback);
  if (found < 1) fields.fail(key, 'it must be at least 1');
  return found;
}

function readCheck(fields: Fields, ports: ReadonlyMap<string, number>): Check {
  const exec = fields.child('exec', (e): Check => ({ kind: 'exec', command: e.texts('command') }));
  const tcp = fields.child('tcpSocket', (t): Check => ({ kind: 'tcp', port: readPort(t, ports) }));
  const http = fields.child('httpGet', (h): Check => {
    h.only('scheme', 'HTTP');
    return { kind: 'http', port: readPort(h, ports), path: h.text('path', '/') };
  });
  const found = [exec, tcp, http].filter((one) => one !== undefined);
  const [check] = found;
  if (!check || found.length > 1) fields.fail('', 'one of exec, tcpSocket and httpGet is expected');
  return check;
}

function readPort(fields: Fields, ports: ReadonlyMap<string, number>): number {
  const port = fields.any('port');
  if (typeof port === 'number') return port;
  return ports.get(String(port)) ?? fields.fail('port', `the container has no port '${String(port)}'`);
}
