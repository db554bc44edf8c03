import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { distribution, mainArchive, openSuite } from './apt.mjs';
import { installEngine, installTool, lookUp } from './place.mjs';
import { reason, run } from './run.mjs';
import { DISTRIBUTIONS } from './wanted.mjs';

/** @typedef {import('./catalog.mjs').Catalog} Catalog */
/** @typedef {Map<string, readonly string[] | Error>} Suites  apt arguments, or why the suite cannot be read */

/**
 * Adds to `kept` what the distribution's archive has of the wanted engines and tools.
 * @param {{ cache: string, work: string, kept: Catalog }} options
 * @returns {Promise<Catalog>}
 */
export async function fromArchive({ cache, work, kept }) {
  const { id, codename } = await distribution();
  const wanted = DISTRIBUTIONS[id];
  if (!wanted) throw new Error(`no archive is known for '${id || process.platform}'`);
  for (const program of ['apt-get', 'dpkg-deb']) await run(program, ['--version']);
  await access(wanted.keyring);
  const suites = await openSuites(wanted, await mainArchive(codename), work);
  const engines = await chooseEngines(wanted.engines, suites, kept);
  const missing = [...engines.missing];
  const made = await Promise.all(
    engines.chosen.map((one) => attempt(missing, title(one), () => installEngine({ ...one, work, cache }))),
  );
  const tools = { ...kept.tools };
  await Promise.all(
    wanted.tools
      .filter(({ name }) => !tools[name])
      .map((tool) =>
        attempt(missing, tool.name, async () => {
          tools[tool.name] = await installTool({ tool, using: usable(suites, tool.suite), work, cache });
        }),
      ),
  );
  return { engines: [...kept.engines, ...made.filter((engine) => engine !== undefined)], tools, missing };
}

/** @param {{ name: string, suite: string }} wanted */
const title = ({ name, suite }) => `${name} from ${suite}`;

/**
 * @template T
 * @param {import('./catalog.mjs').Missing[]} missing
 * @param {string} what
 * @param {() => Promise<T>} work
 */
async function attempt(missing, what, work) {
  try {
    return await work();
  } catch (error) {
    missing.push({ what, why: reason(error) });
    return undefined;
  }
}

/** @param {import('./wanted.mjs').Distribution} wanted @param {string} uri @param {string} work */
async function openSuites({ suites, keyring, components }, uri, work) {
  /** @type {Suites} */
  const opened = new Map();
  await Promise.all(
    suites.map(async (suite) => {
      const folder = join(work, 'apt', suite.name);
      const using = await openSuite({ folder, uri, suite, keyring, components }).catch((error) => error);
      opened.set(suite.name, using);
    }),
  );
  return opened;
}

/** @param {Suites} suites @param {string} name */
function usable(suites, name) {
  const using = suites.get(name);
  if (using === undefined) throw new Error(`${name} is not a suite of this archive`);
  if (using instanceof Error) {
    throw new Error(`suite ${name} cannot be read: ${using.message}; check the network and apt's proxy`, {
      cause: using,
    });
  }
  return using;
}

/**
 * Looks before downloading: a line that is there already is passed over.
 * @param {readonly import('./wanted.mjs').WantedEngine[]} wanted @param {Suites} suites @param {Catalog} kept
 */
async function chooseEngines(wanted, suites, kept) {
  /** @type {import('./catalog.mjs').Missing[]} */
  const missing = [];
  const looked = await Promise.all(
    wanted.map((one) => attempt(missing, title(one), () => lookUp(one, usable(suites, one.suite)))),
  );
  const covered = new Set(kept.engines.map(({ name, line }) => `${name} ${line}`));
  const chosen = looked.filter((one) => {
    if (!one || covered.has(`${one.name} ${one.line}`)) return false;
    covered.add(`${one.name} ${one.line}`);
    return true;
  });
  return { chosen: chosen.filter((one) => one !== undefined), missing };
}
