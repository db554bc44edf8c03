import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { lineOf, serverVersion } from './catalog.mjs';

/**
 * The engines that are installed on this machine.
 * @returns {Promise<import('./catalog.mjs').Engine[]>}
 */
export async function enginesOnPath() {
  const found = await Promise.all([onPath('redis'), onPath('valkey')]);
  return found.filter((engine) => engine !== undefined);
}

/** @param {'redis' | 'valkey'} name */
async function onPath(name) {
  for (const bin of (process.env.PATH ?? '').split(delimiter)) {
    const server = join(bin, `${name}-server`);
    const cli = join(bin, `${name}-cli`);
    if (!(await isProgram(server)) || !(await isProgram(cli))) continue;
    const version = await serverVersion(server);
    if (version) return { name, version, line: lineOf(version), from: 'PATH', bin, server, cli };
  }
  return undefined;
}

/** @param {string} file */
const isProgram = (file) =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
