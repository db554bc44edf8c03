import type { Unseen } from '../../redis/ask.ts';
import type { Facts, KeySample, NodeFacts } from '../facts.ts';
import { number, primaries } from '../read-facts.ts';
import { count, many } from '../words.ts';

/** What was asked. Whoever made the facts has taken a password out already; here nothing of one can pass. */
export const askedOf = ({ asked }: Facts): string => asked.replace(/^([a-z+]+:\/\/[^/@]*?):[^/]*@/i, '$1@');

/** What was looked at: `Sentinel group of 2 nodes and 3 Sentinels`. */
export function topologyOf(facts: Facts): string {
  const { nodes, sentinels } = facts;
  const watchers = new Set(sentinels.map(({ name }) => name)).size;
  if (isClustered(facts))
    return `cluster of ${many(primaries(facts).length, 'shard')}, ${many(nodes.length, 'node')}`;
  if (watchers > 0)
    return `Sentinel group of ${many(nodes.length, 'node')} and ${many(watchers, 'Sentinel')}`;
  if (facts.model?.sentinel)
    return `Sentinel group of ${many(nodes.length, 'node')}, whose Sentinels were not seen`;
  if (nodes.length > 1) return `group of ${many(nodes.length, 'node')} without Sentinels`;
  return nodes.length === 1 ? 'single server' : 'no server';
}

export const isClustered = ({ nodes, model }: Facts): boolean =>
  model?.joins === true ||
  nodes.some(({ cluster, info }) => cluster !== undefined || info?.cluster_enabled === '1');

/** `Valkey 9.1.2`, each release once. */
export function releasesOf({ nodes, model }: Facts): readonly string[] {
  const seen = nodes.flatMap(({ software }) => (software ? [`${software.title} ${software.version}`] : []));
  const planned = model ? [`${model.engine.title} ${model.engine.version}`] : [];
  return [...new Set(seen.length > 0 ? seen : planned)];
}

export interface Sampled {
  readonly keys: number;
  readonly looked: number;
  readonly seconds: number;
  readonly complete: boolean;
}

/** Nodes whose samples make up the data once: what a replica holds is that of its primary. */
export function sampledNodes(facts: Facts): readonly (NodeFacts & { readonly keys: KeySample })[] {
  const isSampled = (node: NodeFacts): node is NodeFacts & { readonly keys: KeySample } =>
    node.keys !== undefined;
  const ofPrimaries = primaries(facts).filter(isSampled);
  return ofPrimaries.length > 0 ? ofPrimaries : facts.nodes.filter(isSampled);
}

/** Over all nodes that were sampled; undefined where none was. */
export function sampledOf(facts: Facts): Sampled | undefined {
  const samples = sampledNodes(facts).map(({ keys }) => keys);
  if (samples.length === 0) return undefined;
  return {
    keys: sum(samples.map(({ keys }) => keys)),
    looked: sum(samples.map(({ looked }) => looked)),
    // Nodes are sampled side by side.
    seconds: Math.max(...samples.map(({ seconds }) => seconds)),
    complete: samples.every(({ complete }) => complete),
  };
}

/** One sentence on how it was looked. */
export function howLooked(facts: Facts): string {
  if (facts.source === 'spec') return 'Nothing runs: these are the decisions of the spec.';
  const sampled = sampledOf(facts);
  const sent = `${many(facts.commandsSent, 'command')} sent`;
  if (!sampled) return `No keys were looked at; ${sent}.`;
  const { keys, looked, seconds, complete } = sampled;
  if (keys === 0) return `There are no keys; ${sent}.`;
  const where = facts.nodes.some((node) => node.keys?.sampledAt !== undefined) ? ', asked of replicas' : '';
  const part = complete ? `all ${many(keys, 'key')}` : `${count(looked)} of ${many(keys, 'key')}`;
  return `Looked at ${part} in ${seconds.toLocaleString('en', { maximumFractionDigits: 1 })} s${where}; ${sent}.`;
}

/** What is unknown, each thing once with the nodes that would not say it. */
export function unseenOf({ unseen }: Facts): readonly { what: string; why: string; at: readonly string[] }[] {
  const byWhat = new Map<string, { what: string; why: string; at: string[] }>();
  for (const { at, what, why } of unseen) {
    const known = byWhat.get(what);
    if (!known) byWhat.set(what, { what, why, at: [at] });
    else if (!known.at.includes(at)) known.at.push(at);
  }
  return [...byWhat.values()];
}

/** The ACL rules that refusals ask for, and for whom: `ACL SETUSER probe +config|get +slowlog|get`. */
export function aclLineOf({ unseen }: Facts): string | undefined {
  const rules = [...new Set(unseen.flatMap(allowing))].sort();
  if (rules.length === 0) return undefined;
  const user = unseen.flatMap(({ why }) => /\bUser (\S+) has no permissions/.exec(why)?.[1] ?? [])[0];
  return `ACL SETUSER ${user ?? '<user>'} ${rules.join(' ')}`;
}

function allowing(one: Unseen & { readonly allow?: string | undefined }): readonly string[] {
  if (one.allow !== undefined) return one.allow.split(' ').filter(Boolean);
  const command = /^NOPERM .*run the '([a-z0-9|._-]+)' command/i.exec(one.why)?.[1];
  return command ? [`+${command}`] : [];
}

/** Bytes that the primaries hold. */
export function usedBytesOf(facts: Facts): number | undefined {
  const used = primaries(facts).map(({ info }) => number(info, 'used_memory'));
  return used.length === 0 || used.includes(undefined) ? undefined : sum(used.map((one) => one ?? 0));
}

/** Commands a second that all nodes carry out. */
export function perSecondOf({ nodes }: Facts): number | undefined {
  const rates = nodes.flatMap(({ perSecond }) => perSecond?.total_commands_processed ?? []);
  return rates.length === 0 ? undefined : sum(rates);
}

/** Keys of all primaries, as INFO keyspace counts them. */
export function keysOf(facts: Facts): number | undefined {
  const known = primaries(facts).filter(({ info }) => info !== undefined);
  return known.length === 0 ? undefined : sum(known.map(keysOfNode));
}

export const keysOfNode = ({ info }: NodeFacts): number =>
  sum(
    Object.entries(info ?? {}).flatMap(([name, value]) =>
      /^db\d+$/.test(name) ? Number(/^keys=(\d+)/.exec(value)?.[1] ?? 0) : [],
    ),
  );

export const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
