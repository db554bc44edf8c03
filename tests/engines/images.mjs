import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { distribution, mainArchive } from './apt.mjs';
import { cacheFolder, readCatalog } from './catalog.mjs';
import { reason, run } from './run.mjs';
import { DISTRIBUTIONS } from './wanted.mjs';

/**
 * An image of a public name, and how to make one like it from Debian's packages where no registry can be reached.
 *
 * @typedef {object} WantedImage
 * @property {string} image     its public name, `redis:8.0`
 * @property {string} suite     the suite whose packages make one like it
 * @property {readonly string[]} packages
 * @property {readonly string[]} dockerfile  lines below FROM
 * @property {string} [program]  a file that these lines copy
 * @property {readonly string[]} [proof]  a command in the image, whose answer has to match `says`
 * @property {RegExp} [says]
 */

const PULL_MS = 300_000;
const BUILD_MS = 600_000;

/** Suites of one archive alone, which mmdebstrap takes without more. */
const SUITES = ['bookworm', 'trixie', 'sid'];

/** The images of every engine that the archive has, by the release line that its server tells. */
export async function engineImages() {
  const { catalog } = await readCatalog(cacheFolder());
  return catalog.engines.flatMap((engine) => {
    const suite = engine.base ?? engine.from;
    return SUITES.includes(suite) ? [engineImage(engine, suite)] : [];
  });
}

/** @param {import('./catalog.mjs').Engine} engine @param {string} suite @returns {WantedImage} */
function engineImage({ name, line, bin, base }, suite) {
  const program = join(dirname(bin), 'root/bin', `${name}-server`);
  return {
    image: `${name === 'redis' ? 'redis' : 'valkey/valkey'}:${line}`,
    suite,
    packages: [`${name}-server`, `${name}-tools`, 'mawk'],
    // As in the official images: a data folder of the user 999, and no more than the server.
    dockerfile: [
      'RUN mkdir -p /data && chown 999:999 /data',
      'VOLUME /data',
      'WORKDIR /data',
      ...(base === undefined ? [] : withProgram(name)),
      `CMD ["${name}-server"]`,
    ],
    proof: [`${name}-server`, '--version'],
    says: new RegExp(`v=${line.replace('.', '\\.')}\\.`),
    ...(base === undefined ? {} : { program }),
  };
}

/** One binary under three names, found before those of the packages. @param {string} name */
function withProgram(name) {
  const at = `/usr/local/bin/${name}`;
  return [
    `COPY ${name}-server ${at}-server`,
    `RUN ln -s ${name}-server ${at}-sentinel && ln -s ${name}-server ${at}-check-rdb`,
  ];
}

/**
 * Brings images that are not here: pulled where a registry answers, built from Debian's packages otherwise.
 * @param {Record<string, string>} env  how `docker` finds its engine
 * @param {readonly WantedImage[]} wanted
 */
export async function bringImages(env, wanted) {
  let registry = true;
  for (const one of wanted) {
    if (await isHere(env, one.image)) continue;
    registry &&= await pull(env, one.image);
    if (!registry) await build(env, one);
  }
}

/** @param {Record<string, string>} env @param {string} image */
const isHere = (env, image) =>
  run('docker', ['image', 'inspect', image], { env }).then(
    () => true,
    () => false,
  );

/** @param {Record<string, string>} env @param {string} image */
async function pull(env, image) {
  try {
    await run('docker', ['pull', image], { env, timeoutMs: PULL_MS });
    console.log(`${image}  pulled`);
    return true;
  } catch {
    return false;
  }
}

/** @param {Record<string, string>} env @param {WantedImage} wanted */
async function build(env, { image, suite, packages, dockerfile, program, proof, says }) {
  const work = await mkdtemp(join(tmpdir(), 'image-'));
  try {
    const tree = join(work, 'tree.tar');
    await bootstrap(suite, packages, tree);
    const base = (await run('docker', ['import', tree], { env, timeoutMs: BUILD_MS })).trim();
    const context = join(work, 'context');
    await mkdir(context);
    await writeFile(join(context, 'Dockerfile'), [`FROM ${base}`, ...dockerfile, ''].join('\n'));
    if (program) await copyFile(program, join(context, basename(program)));
    const draft = `${image}-draft`;
    await run('docker', ['build', '--tag', draft, context], { env, timeoutMs: BUILD_MS });
    if (proof && says) await prove(env, draft, proof, says);
    await run('docker', ['tag', draft, image], { env });
    await run('docker', ['rmi', draft], { env });
    console.log(`${image}  built from the packages of Debian ${suite}: no registry can be reached`);
  } catch (cause) {
    throw new Error(`The image ${image} can neither be pulled nor built: ${reason(cause)}`, { cause });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {Record<string, string>} env @param {string} image @param {readonly string[]} proof @param {RegExp} says */
async function prove(env, image, proof, says) {
  const said = await run('docker', ['run', '--rm', image, ...proof], { env });
  if (!says.test(said)) throw new Error(`it says '${said.trim()}', not ${says}`);
}

/** @param {string} suite @param {readonly string[]} packages @param {string} tree */
async function bootstrap(suite, packages, tree) {
  const { id, codename } = await distribution();
  const { keyring, suites } = DISTRIBUTIONS[id] ?? {};
  if (!keyring) throw new Error(`no archive is known for '${id}'`);
  await installMmdebstrap();
  const mayBeStale = suites?.find(({ name }) => name === suite)?.mayBeStale;
  const uri = await mainArchive(codename);
  await run(
    'mmdebstrap',
    [
      '--mode=root',
      '--variant=essential',
      `--include=${packages.join(',')}`,
      ...(mayBeStale ? ['--aptopt=Acquire::Check-Valid-Until "false"'] : []),
      suite,
      tree,
      `deb [signed-by=${keyring}] ${uri} ${suite} main`,
    ],
    { timeoutMs: BUILD_MS },
  );
}

async function installMmdebstrap() {
  const there = await run('mmdebstrap', ['--version']).catch(() => undefined);
  if (there !== undefined) return;
  await run('apt-get', ['update'], { timeoutMs: 180_000 });
  await run('apt-get', ['install', '-y', '--no-install-recommends', 'mmdebstrap'], { timeoutMs: 300_000 });
}
