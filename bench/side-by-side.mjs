// Whole processes, measured in turn in one run and given as ratios: npm run bench [runs]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { env, pair as pairOf, time as timeIn } from './measure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'bench-'));
const runs = Number(process.argv[2] ?? 15);
const ours = join(root, 'dist/cli.cjs');
const vite = join(root, 'node_modules/create-vite/index.js');
let count = 0;

/** @param {string} file @param {readonly string[]} args @param {object} [extra] */
const time = (file, args, extra = {}) => timeIn(file, args, { cwd: work, env: { ...env, ...extra } });
/** @param {string} what @param {() => { ms: number }} a @param {() => { ms: number }} b */
const pair = (what, a, b, times = runs) => pairOf(what, a, b, times);

const fresh = (/** @type {string} */ name) => `${name}${count++}`;
const node = process.execPath;

console.log(
  `create-redis-stack : create-vite, medians of ${runs} paired runs, Node ${process.versions.node}`,
);
pair(
  'write a stack : write a template',
  () => time(node, [ours, fresh('s'), '--yes']),
  () => time(node, [vite, fresh('v'), '--template', 'vanilla-ts', '--no-interactive']),
);
pair(
  '--help : --help',
  () => time(node, [ours, '--help']),
  () => time(node, [vite, '--help']),
);
pair(
  'bad input : --help',
  () => time(node, [ours, 'x', '--topologie', 'ring']),
  () => time(node, [vite, '--help']),
);
pair(
  'write a stack : node -e 0',
  () => time(node, [ours, fresh('s'), '--yes']),
  () => time(node, ['-e', '0']),
);
memory();
packed();
rmSync(work, { recursive: true, force: true });

/** Peak memory of one run, by the operating system's own account. */
function memory() {
  if (!existsSync('/usr/bin/time')) return console.log('peak memory: no /usr/bin/time here');
  const result = spawnSync('/usr/bin/time', ['-f', '%M', node, ours, fresh('s'), '--yes'], {
    cwd: work,
    env,
    encoding: 'utf8',
  });
  console.log(
    `peak memory of writing a stack: ${(Number(result.stderr.trim().split('\n').at(-1)) / 1024).toFixed(0)} MiB`,
  );
}

/** Packs ours and takes the published archive of create-vite, then runs each from it with an empty cache, as `npx` does. */
function packed() {
  const vitePackage = `create-vite@${JSON.parse(readFileSync(join(root, 'node_modules/create-vite/package.json'), 'utf8')).version}`;
  const archives = [root, vitePackage].map((what) => {
    const before = new Set(readdirSync(work));
    spawnSync('npm', ['pack', what, '--ignore-scripts', '--silent'], { cwd: work, env, stdio: 'ignore' });
    return join(work, readdirSync(work).find((name) => name.endsWith('.tgz') && !before.has(name)) ?? '');
  });
  const [mine = '', theirs = ''] = archives;
  console.log(
    `packed: ${(statSync(mine).size / 1e6).toFixed(2)} MB : ${(statSync(theirs).size / 1e6).toFixed(2)} MB`,
  );
  const cold = (/** @type {string} */ archive, /** @type {string[]} */ args) => {
    const cache = mkdtempSync(join(work, 'cache-'));
    const result = time('npx', ['--yes', `--cache=${cache}`, `--package=${archive}`, '--', ...args]);
    rmSync(cache, { recursive: true, force: true });
    if (result.code !== 0) throw new Error(`npx of ${archive} failed`);
    return result;
  };
  pair(
    'cold npx, from the archive, empty cache',
    () => cold(mine, ['create-redis-stack', fresh('s'), '--yes']),
    () => cold(theirs, ['create-vite', fresh('v'), '--template', 'vanilla-ts', '--no-interactive']),
    Math.min(5, runs),
  );
}
