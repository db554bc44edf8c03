import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder, readCatalog } from './catalog.mjs';
import { reason, run } from './run.mjs';

/**
 * Brings the images of what watches a stack, by their public names: pulled where a registry answers, otherwise made of
 * Debian's programs and the C library that they need, and nothing else, as the official ones are. Grafana is in no
 * package, so it is not among them.
 * @param {Record<string, string>} env  how `docker` finds its engine
 * @param {{ prometheus: string, exporter: string, probe: string }} names
 */
export async function bringWatchImages(env, { prometheus, exporter, probe }) {
  // As in the official image: a data folder of the user nobody.
  const data = ['COPY --chown=65534:65534 empty /prometheus', 'VOLUME /prometheus'];
  const wanted = [
    { image: prometheus, programs: ['prometheus', 'promtool'], more: data },
    { image: exporter, programs: ['prometheus-redis-exporter'], more: [] },
    { image: probe, programs: ['prometheus-blackbox-exporter'], more: [] },
  ];
  let registry = true;
  for (const one of wanted) {
    if (await succeeds(env, ['image', 'inspect', one.image])) continue;
    registry &&= await succeeds(env, ['pull', one.image]);
    if (!registry) await build(env, one);
  }
}

/**
 * The first one of the programs is started.
 * @param {Record<string, string>} env
 * @param {{ image: string, programs: readonly string[], more: readonly string[] }} wanted
 */
async function build(env, { image, programs, more }) {
  const context = await mkdtemp(join(tmpdir(), 'image-'));
  try {
    await mkdir(join(context, 'empty'));
    for (const program of programs) await place(join(context, 'root'), program);
    const start = `ENTRYPOINT ["/usr/bin/${programs[0]}"]`;
    await writeFile(
      join(context, 'Dockerfile'),
      ['FROM scratch', 'COPY root /', ...more, start, ''].join('\n'),
    );
    await run('docker', ['build', '--tag', image, context], { env });
    console.log(`${image}  built from the programs of Debian: no registry can be reached`);
  } catch (cause) {
    throw new Error(`The image ${image} can neither be pulled nor built: ${reason(cause)}`, { cause });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** The program and its libraries, at the places where it looks for them. @param {string} root @param {string} program */
async function place(root, program) {
  const { catalog } = await readCatalog(cacheFolder());
  const file = catalog.tools[program];
  if (!file) throw new Error(`no ${program} among the test tools`);
  await copy(file, join(root, 'usr/bin', program));
  const needed = await run('ldd', [file]);
  for (const [library] of needed.matchAll(/\/\S+/g)) await copy(await realpath(library), join(root, library));
}

/** @param {string} from @param {string} to */
async function copy(from, to) {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

/** @param {Record<string, string>} env @param {readonly string[]} words */
const succeeds = (env, words) =>
  run('docker', words, { env }).then(
    () => true,
    () => false,
  );
