import type { StackModel } from '../../model/types.ts';

export const WORKFLOW_PATH = '.github/workflows/redis-stack.yml';

/**
 * The workflow as data. The server comes out of the stack's own image, so that it is the release that will run; the
 * tool is the one that wrote the stack, so that a newer one does not look like drift.
 */
export function workflow({ engine, spec }: StackModel) {
  const client = (spec.targets as readonly string[]).includes('client');
  return {
    name: `${spec.name} stack`,
    on: { pull_request: {}, push: { branches: ['main'] } },
    permissions: { contents: 'read', 'security-events': 'write' },
    env: { STACK: '.' },
    jobs: {
      check: {
        'runs-on': 'ubuntu-latest',
        'timeout-minutes': 15,
        steps: [
          { uses: 'actions/checkout@v6', with: { 'persist-credentials': false } },
          { uses: 'actions/setup-node@v6', with: { 'node-version': 22 } },
          { name: 'The server programs of the image that will run', run: serverPrograms(engine.image) },
          ...(client ? [{ name: 'The packages of the client', run: CLIENT_PACKAGES }] : []),
          { name: 'Check', run: CHECK },
          {
            name: 'Show what was found',
            // A pull request from a fork may not write, and a private repository may have no code scanning.
            if: "always() && hashFiles('redis-stack.sarif') != ''",
            'continue-on-error': true,
            uses: 'github/codeql-action/upload-sarif@v4',
            with: { sarif_file: 'redis-stack.sarif', category: 'redis-stack' },
          },
        ],
      },
    },
  };
}

function serverPrograms(image: string): string {
  return [
    `container=$(docker create ${image})`,
    'mkdir -p "$RUNNER_TEMP/server"',
    'docker cp "$container:/usr/local/bin/." "$RUNNER_TEMP/server/"',
    'docker rm "$container"',
    'echo "$RUNNER_TEMP/server" >> "$GITHUB_PATH"',
    '',
  ].join('\n');
}

const CLIENT_PACKAGES = 'npm install --prefix "$STACK/client" --no-audit --no-fund --ignore-scripts\n';

/** The findings go to the log and, as SARIF, to the next step; the exit code is that of the check. */
const CHECK = [
  'tool=$(jq -r .tool "$STACK/.redis-stack/state.json")',
  'code=0',
  'npx --yes "create-redis-stack@$tool" check "$STACK" --strict --format sarif > redis-stack.sarif || code=$?',
  "jq -r '.runs[].results[].message.text' redis-stack.sarif",
  'exit "$code"',
  '',
].join('\n');
