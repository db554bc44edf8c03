// An update of a whole edited stack beside other programs that do the same to the same files: npm run bench:update [runs]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { env, pair, time } from './measure.mjs';

const cli = fileURLToPath(new URL('../dist/cli.cjs', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'bench-update-'));
const runs = Number(process.argv[2] ?? 15);
const author = {
  GIT_AUTHOR_NAME: 'b',
  GIT_AUTHOR_EMAIL: 'b@b',
  GIT_COMMITTER_NAME: 'b',
  GIT_COMMITTER_EMAIL: 'b@b',
};
const options = { cwd: work, env: { ...env, ...author } };
let count = 0;

/** @param {string} file @param {readonly string[]} args @param {string} [cwd] */
const run = (file, args, cwd = work) => execFileSync(file, [...args], { ...options, cwd, stdio: 'pipe' });

/** @param {string} folder @param {string} [prefix] @returns {string[]} */
const paths = (folder, prefix = '') =>
  readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? paths(folder, join(prefix, entry.name)) : [join(prefix, entry.name)],
  );

/** What a user did to five files. @param {string} root */
function editFiles(root) {
  const edit = (/** @type {string} */ path, /** @type {(text: string) => string} */ change) =>
    writeFileSync(join(root, path), change(readFileSync(join(root, path), 'utf8')));
  edit('conf/redis.conf', (t) => `${t}\n# ours\nhz 25\n`);
  edit('compose.yaml', (t) => `${t}\nx-ours: true\n`);
  edit('client/src/index.ts', (t) => `${t}\nexport const ours = 1;\n`);
  edit('README.md', (t) => `${t}\n## Ours\n`);
  edit('client/package.json', (t) => t.replace('"scripts": {', '"scripts": {\n    "ours": "true",'));
}

run(process.execPath, [cli, 'before', '--yes', '--name', 'shop', '--topology', 'sentinel']);
cpSync(join(work, 'before'), join(work, 'after'), { recursive: true });
run(process.execPath, [cli, 'update', 'after', '--memory', '4Gi', '--engine', 'redis:8.2']);
cpSync(join(work, 'before'), join(work, 'edited'), { recursive: true });
editFiles(join(work, 'edited'));
const files = paths(join(work, 'before', '.redis-stack/base'));
console.log(
  `${files.length} files, 5 of them edited; medians of ${runs} paired runs, Node ${process.versions.node}`,
);

const fresh = () => {
  const name = `run${count++}`;
  cpSync(join(work, 'edited'), join(work, name), { recursive: true });
  return name;
};
const flags = ['--memory', '4Gi', '--engine', 'redis:8.2'];
const update = () => {
  const name = fresh();
  const result = time(process.execPath, [cli, 'update', name, ...flags], options);
  rmSync(join(work, name), { recursive: true });
  if (result.code !== 0) throw new Error('our update failed');
  return result;
};

/** One process a file, as git has it; the shell that starts them costs next to nothing. */
const script = files
  .map((path) => `git merge-file -p edited/${path} before/${path} after/${path} > /dev/null`)
  .join('\n');
const mergeFiles = () => time('sh', ['-c', script], options);

pair('update : git merge-file of every file', update, mergeFiles, runs);
pair(
  'update --dry-run : git merge-file of every file',
  () => time(process.execPath, [cli, 'update', 'edited', '--dry-run', ...flags], options),
  mergeFiles,
  runs,
);
pair(
  'check --only files : git merge-file of every file',
  () => time(process.execPath, [cli, 'check', 'edited', '--only', 'files'], options),
  mergeFiles,
  runs,
);
pair(
  'check --only files : node -e 0',
  () => time(process.execPath, [cli, 'check', 'edited', '--only', 'files'], options),
  () => time(process.execPath, ['-e', '0'], options),
  runs,
);
for (const other of ['copier', 'cruft']) besides(other);
rmSync(work, { recursive: true, force: true });

/** The same files as a template of another program, in two releases; the same edits; its own update. @param {string} name */
function besides(name) {
  const has = time('which', [name], options).code === 0;
  if (!has) return console.log(`${name}: not on the PATH (pip install ${name})`);
  const template = join(work, `${name}-template`);
  const project = join(work, `${name}-project`);
  const inner = name === 'cruft' ? join(template, '{{cookiecutter.name}}') : template;
  const fill = (/** @type {string} */ from, /** @type {string} */ version) => {
    for (const path of files) {
      mkdirSync(dirname(join(inner, path)), { recursive: true });
      cpSync(join(work, from, path), join(inner, path));
    }
    run('git', ['add', '--all'], template);
    run('git', ['commit', '--quiet', '--message', version], template);
    run('git', ['tag', version], template);
  };
  mkdirSync(inner, { recursive: true });
  run('git', ['init', '--quiet', '--initial-branch', 'main'], template);
  writeFileSync(join(template, 'copier.yml'), '_templates_suffix: .jinja\n_exclude: [copier.yml, .git]\n');
  writeFileSync(
    join(template, '{{ _copier_conf.answers_file }}.jinja'),
    '{{ _copier_answers|to_nice_yaml }}\n',
  );
  writeFileSync(join(template, 'cookiecutter.json'), '{"name": "shop", "_copy_without_render": ["*"]}\n');
  if (name === 'cruft') rmSync(join(template, '{{ _copier_conf.answers_file }}.jinja'));
  fill('before', '1.0.0');
  if (name === 'copier') run('copier', ['copy', '--defaults', '--quiet', template, project]);
  else {
    run('cruft', ['create', '--no-input', '--output-dir', `${project}-out`, template]);
    cpSync(join(`${project}-out`, 'shop'), project, { recursive: true });
  }
  editFiles(project);
  run('git', ['init', '--quiet', '--initial-branch', 'main'], project);
  run('git', ['add', '--all', '--force'], project);
  run('git', ['commit', '--quiet', '--message', 'edited'], project);
  fill('after', '2.0.0');
  const theirs = () => {
    const copy = `${project}-${count++}`;
    cpSync(project, copy, { recursive: true });
    const args =
      name === 'copier'
        ? ['update', '--defaults', '--quiet']
        : ['update', '--skip-apply-ask', '--allow-untracked-files'];
    const result = time(name, args, { ...options, cwd: copy });
    const done = readFileSync(join(copy, 'compose.yaml'), 'utf8');
    rmSync(copy, { recursive: true });
    if (result.code !== 0 || !done.includes('4g') || !done.includes('x-ours'))
      throw new Error(`${name} did not update`);
    return result;
  };
  pair(`update : ${name} update`, update, theirs, Math.min(7, runs));
}
