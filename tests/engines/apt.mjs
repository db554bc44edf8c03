import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.mjs';

/** The distribution this machine runs: its id ('debian', 'ubuntu', ...) and code name; empty where unknown. */
export async function distribution() {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (/** @type {string} */ name) =>
    text.match(new RegExp(`^${name}="?([^"\n]*)`, 'm'))?.[1] ?? '';
  return { id: field('ID'), codename: field('VERSION_CODENAME') };
}

/**
 * Where this machine gets its distribution's main archive, from its own apt configuration.
 * @param {string} codename
 */
export async function mainArchive(codename) {
  const format = '$(CREATED_BY) $(COMPONENT) $(RELEASE) $(REPO_URI)';
  const rows = (await run('apt-get', ['indextargets', '--format', format])).trim().split('\n');
  const entries = rows
    .map((row) => row.split(' '))
    .filter(([kind, component]) => kind === 'Packages' && component === 'main')
    .map(([, , release = '', uri = '']) => ({ release, uri }));
  const own = entries.filter(({ release }) =>
    [codename, 'stable', 'testing', 'unstable', 'sid'].includes(release),
  );
  // Vendors name their suites after the code name as well; only the distribution serves the updates beside it.
  const servesUpdates = (/** @type {string} */ uri) =>
    entries.some((entry) => entry.uri === uri && entry.release.endsWith('-updates'));
  const chosen = own.find(({ uri }) => servesUpdates(uri)) ?? own[0];
  if (!chosen)
    throw new Error(`apt sources: no main archive for '${codename}'; add the distribution's own archive.`);
  return chosen.uri;
}

/**
 * Reads one suite into an apt state of its own; nothing of the system's apt is touched.
 * Gives the arguments that make apt-get use that state.
 * @param {{ folder: string, uri: string, suite: import('./wanted.mjs').Suite, keyring: string, components: string }} options
 * @returns {Promise<readonly string[]>}
 */
export async function openSuite({ folder, uri, suite, keyring, components }) {
  await mkdir(join(folder, 'lists/partial'), { recursive: true });
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  const architecture = (await run('dpkg', ['--print-architecture'])).trim();
  await writeFile(
    join(folder, 'archive.sources'),
    [
      'Types: deb',
      `URIs: ${uri}`,
      `Suites: ${[suite.base, suite.name].filter(Boolean).join(' ')}`,
      `Components: ${components}`,
      `Architectures: ${architecture}`,
      'Targets: Packages',
      `Signed-By: ${keyring}`,
      '',
    ].join('\n'),
  );
  await writeFile(join(folder, 'apt.conf'), aptConf(folder, suite.mayBeStale === true));
  const using = ['-c', join(folder, 'apt.conf'), '-t', suite.name];
  await run('apt-get', [...using, 'update', '--error-on=any']);
  return using;
}

/** Read after the machine's own apt.conf.d, so that a proxy set there still holds while its hooks do not. */
function aptConf(/** @type {string} */ folder, /** @type {boolean} */ mayBeStale) {
  return [
    '#clear APT::Update;',
    '#clear DPkg;',
    `Dir::State "${folder}";`,
    `Dir::State::lists "${folder}/lists";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}/cache";`,
    `Dir::Etc::sourcelist "${folder}/archive.sources";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    // As root apt would fetch as another user, who may not write here.
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "20";',
    'Acquire::https::Timeout "20";',
    ...(mayBeStale ? ['Acquire::Check-Valid-Until "false";'] : []),
    '',
  ].join('\n');
}

/**
 * The packages a fresh machine would install for these, as { name, version }.
 * @param {readonly string[]} using
 * @param {readonly string[]} packages
 */
export async function closure(using, packages) {
  const text = await run('apt-get', [...using, '-s', 'install', '--no-install-recommends', ...packages]);
  return [...text.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name = '', version = '']) => ({
    name,
    version,
  }));
}

/**
 * Downloads packages and unpacks them into `root`.
 * @param {readonly string[]} using
 * @param {readonly { name: string, version: string }[]} packages
 * @param {string} root
 */
export async function unpack(using, packages, root) {
  const debs = `${root}.debs`;
  await mkdir(debs, { recursive: true });
  await mkdir(root, { recursive: true });
  const exact = packages.map(({ name, version }) => `${name}=${version}`);
  await run('apt-get', [...using, 'download', ...exact], { cwd: debs, timeoutMs: 180_000 });
  for (const deb of await readdir(debs)) await run('dpkg', ['-x', join(debs, deb), root]);
}
