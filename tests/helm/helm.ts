import { execa } from 'execa';
import { tool } from '../support/engines.ts';

/** Helm 4 and Helm 3. */
export const HELMS = ['helm', 'helm3'] as const;

export interface Said {
  readonly ok: boolean;
  /** Manifests where it went well. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Rendering {
  readonly helm: (typeof HELMS)[number];
  readonly chart: string;
  readonly values: object;
  readonly release?: string;
  /** Such as `1.28`. */
  readonly kubernetes?: string;
}

/** Runs Helm with values on its standard input; it keeps nothing of its own outside of `home`. */
async function run(home: string, { helm, values }: Rendering, words: readonly string[]): Promise<Said> {
  const { exitCode, stdout, stderr } = await execa(tool(helm), [...words, '--values', '-'], {
    input: JSON.stringify(values),
    env: {
      HELM_CACHE_HOME: `${home}/cache`,
      HELM_CONFIG_HOME: `${home}/config`,
      HELM_DATA_HOME: `${home}/data`,
    },
    extendEnv: false,
    reject: false,
    timeout: 30_000,
  });
  return { ok: exitCode === 0, stdout, stderr };
}

export const render = (home: string, rendering: Rendering): Promise<Said> => {
  const { chart, release = 'shop', kubernetes = '1.28' } = rendering;
  return run(home, rendering, [
    'template',
    release,
    chart,
    '--namespace',
    'data',
    '--kube-version',
    kubernetes,
  ]);
};

export const lint = (home: string, rendering: Rendering): Promise<Said> =>
  run(home, rendering, [
    'lint',
    rendering.chart,
    '--strict',
    '--kube-version',
    rendering.kubernetes ?? '1.28',
  ]);
