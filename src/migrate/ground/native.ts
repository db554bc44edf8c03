import { findEngine } from '../../local/engine.ts';
import { writeClientEnv } from '../../local/native.ts';
import { lastLines } from '../../local/native-stack.ts';
import { placeOnLoopback } from '../../local/place.ts';
import { choosePort } from '../../local/ports.ts';
import { isRunning, terminate } from '../../local/process.ts';
import { nodeFolder, type RunningNode, readRecord, writeRecord } from '../../local/record.ts';
import { startNodes } from '../../local/start.ts';
import type { StackModel, StackNode } from '../../model/types.ts';
import type { Credentials } from '../../redis/connection.ts';
import type { System } from '../../system.ts';
import { CA_CERTIFICATE, inside, RUN } from '../../workspace/paths.ts';
import { type Journal, NEXT_FOLDER, type Place } from '../journal.ts';
import type { Ground, Member, StartOptions } from '../types.ts';
import { nativePorts } from './native-ports.ts';
import { rollNatively } from './native-roll.ts';

export interface NativeGround {
  readonly system: System;
  readonly root: string;
  readonly before: StackModel | undefined;
  readonly after: StackModel;
  readonly journal: Journal;
  readonly credentials: Credentials;
  readonly timeoutSeconds: number;
}

/** Where nodes of the new stack find their configuration until the files are in place. */
const NEXT = `${NEXT_FOLDER}/conf`;
/** What earlier nodes have left where a new one of their name begins. */
/** In the folder of a node that a migration has begun, until it has ended. */
const MADE_HERE = '.made-by-migration';
const RETIRED = `${RUN}/retired`;

/** Chooses the ports of nodes that do not run yet: those of the model where they are free. Gives all of both stacks. */
export async function choosePlaces(
  nodes: readonly StackNode[],
  record: readonly RunningNode[],
  earlier: Readonly<Record<string, Place>>,
): Promise<Readonly<Record<string, Place>>> {
  const places: Record<string, Place> = { ...earlier };
  for (const { name, port, busPort } of record) places[name] ??= bus({ port }, busPort);
  const taken = new Set(Object.values(places).flatMap((one) => [one.port, one.busPort ?? one.port]));
  for (const node of nodes.filter(({ name }) => places[name] === undefined)) {
    const port = await choosePort(node.port, taken);
    taken.add(port);
    const busPort = node.busPort === undefined ? undefined : await choosePort(node.busPort, taken);
    if (busPort !== undefined) taken.add(busPort);
    places[node.name] = bus({ port }, busPort);
  }
  return places;
}

const bus = (place: Place, busPort: number | undefined): Place =>
  busPort === undefined ? place : { ...place, busPort };

/** Both stacks as plain processes on this machine. */
export function nativeGround(of: NativeGround): Ground {
  const { system, root, journal } = of;
  const { files } = system;
  const placed = (model: StackModel): StackModel =>
    placeOnLoopback(model, new Map(Object.entries(journal.data().places)));
  const record = (): readonly RunningNode[] => readRecord(files, root) ?? [];
  const recorded = (name: string): RunningNode | undefined => record().find((one) => one.name === name);
  const isUp = async (name: string): Promise<boolean> => {
    const one = recorded(name);
    return one !== undefined && (await isRunning(one));
  };
  const forget = (name: string): void =>
    writeRecord(
      files,
      root,
      record().filter((one) => one.name !== name),
    );
  const end = async (name: string): Promise<void> => {
    const one = recorded(name);
    if (one && !(await terminate(one, of.after.stopGraceSeconds * 1000)))
      throw new Error(`${name} did not end within ${of.after.stopGraceSeconds} s`);
    forget(name);
  };
  const ground: Ground = {
    kind: 'native',
    get before() {
      return placed(of.before ?? nobody(of.after));
    },
    get after() {
      return placed(of.after);
    },
    staged: inside(root, NEXT),
    authority: inside(root, CA_CERTIFICATE),
    member: (name) => memberOf(ground, name),
    isRunning: isUp,
    start: async (name, { env, fresh = false }: StartOptions = {}) => {
      if (await isUp(name)) return;
      if (fresh) beginAnew(of, name);
      const model = [ground.after, ground.before].find(({ nodes }) => nodes.some((one) => one.name === name));
      const node = model?.nodes.find((one) => one.name === name);
      if (!model || !node) throw new Error(`${name} is a node of neither stack`);
      const isStaged = of.after.nodes.some((one) => one.name === name) && isBeside(of);
      const engine = await findEngine(model.engine, system.env);
      const context = {
        files,
        root,
        env: system.env,
        engine,
        waitSeconds: of.timeoutSeconds,
        ...(isStaged ? { conf: NEXT } : {}),
        ...(env ? { more: env } : {}),
      };
      await startNodes(context, model, [node], record());
    },
    stop: end,
    discard: async (name) => {
      const one = recorded(name);
      // Its data never counted, and a server that writes files takes its time to end.
      if (one && (await isRunning(one))) process.kill(-one.pid, 'SIGKILL');
      await end(name);
      // What an earlier node of this name has left is not this migration's to delete.
      if (files.kind(`${nodeFolder(root, name)}/${MADE_HERE}`) !== undefined)
        files.remove(nodeFolder(root, name));
    },
    logs: async (name, lines) => lastLines(files.read(`${nodeFolder(root, name)}/log`) ?? '', lines),
    get ports() {
      return nativePorts(of, ground);
    },
    roll: (say) => rollNatively(of, ground, say),
    settle: async () => {
      const names = new Set(of.after.nodes.map(({ name }) => name));
      for (const { name } of record()) if (!names.has(name)) await end(name);
      for (const { name } of of.after.nodes) files.remove(`${nodeFolder(root, name)}/${MADE_HERE}`);
      writeClientEnv(files, root, ground.after);
    },
  };
  return ground;
}

/** Whether the files of the new stack are still beside those of the old one. */
const isBeside = ({ system: { files }, root, journal }: NativeGround): boolean =>
  !journal.data().done.includes('files') && files.kind(inside(root, NEXT)) !== undefined;

function memberOf({ before, after }: Ground, name: string): Member {
  const node = [...after.nodes, ...before.nodes].find((one) => one.name === name);
  if (!node) throw new Error(`${name} is a node of neither stack`);
  const at = { host: node.ip, port: node.port };
  return { name, node, at, inside: at };
}

/** The stack before, where the data comes from a server that is not of the stack. */
export const nobody = (after: StackModel): StackModel => ({
  ...after,
  nodes: [],
  joins: false,
  sentinel: undefined,
});

/** What was there goes out of the way, and is not gone: one generation is kept. */
function beginAnew({ system: { files }, root }: NativeGround, name: string): void {
  const folder = nodeFolder(root, name);
  if (files.kind(folder) !== undefined && files.kind(`${folder}/${MADE_HERE}`) === undefined) {
    files.remove(inside(root, `${RETIRED}/${name}`));
    files.move(folder, inside(root, `${RETIRED}/${name}`));
  }
  files.remove(folder);
  files.write(`${folder}/${MADE_HERE}`, 'Begun by a migration that has not ended.\n', 0o600);
}
