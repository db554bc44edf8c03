import { randomInt } from 'node:crypto';
import { accessSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Engine } from './engine.ts';
import type { PolicyPod } from './policy.ts';
import type { PolicySpec } from './policy-spec.ts';
import { type Chains, chainsOf, jumpsOf, type Route, rulesOf } from './proxy.ts';

const BRIDGE_RULES = '/proc/sys/net/bridge/bridge-nf-call-iptables';
const TRIES = 20;

/** Why there can be no network of pods on this machine, or undefined. */
export function whyNoNetwork(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may write the rules that stand for kube-proxy';
  if (!onPath('iptables-restore')) return 'there is no iptables-restore';
  return undefined;
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program));
      return true;
    } catch {
      return false;
    }
  });
}

/** A bridge for pods, addresses for Services beside it, and the rules that lead from one to the other. */
export class Network {
  readonly id: string;
  readonly gateway: string;
  readonly #engine: Engine;
  readonly #pods: string;
  readonly #services: string;
  readonly #chains: Chains;
  #nextPod = 1;
  #nextService = 0;
  #applied = '';
  #applying: Promise<void> = Promise.resolve();

  private constructor(engine: Engine, id: string, base: { readonly second: number; readonly third: number }) {
    this.#engine = engine;
    this.id = id;
    this.#chains = chainsOf(id.toUpperCase());
    // 1022 addresses of pods, so that none is given twice, and 254 of Services.
    this.#pods = `10.${base.second}.${base.third}.0/22`;
    this.gateway = `10.${base.second}.${base.third}.1`;
    this.#services = `10.${base.second}.${base.third + 4}`;
  }

  static async open(engine: Engine, id: string): Promise<Network> {
    await expectBridgeRules(engine);
    for (let left = TRIES; ; left--) {
      const network = new Network(engine, id, { second: 100 + randomInt(50), third: 8 * randomInt(31) });
      try {
        await network.#create();
        await network.#lead();
        return network;
      } catch (error) {
        await network.close();
        // Somebody else may have the subnet.
        if (left === 0 || !/overlap/i.test(String(error))) throw error;
      }
    }
  }

  async #create(): Promise<void> {
    const name = ['--opt', `com.docker.network.bridge.name=${this.id}`, '--label', `pods-harness=${this.id}`];
    const place = ['--subnet', this.#pods, '--gateway', this.gateway];
    await this.#engine.docker('network', 'create', ...name, ...place, this.id);
  }

  async #lead(): Promise<void> {
    await this.#engine.run('ip', ['route', 'add', `${this.#services}.0/24`, 'dev', this.id]);
    await this.#restore(rulesOf(this.#chains, [], [], []));
    for (const { table, from, chain } of jumpsOf(this.#chains))
      await this.#engine.run('iptables', ['-w', '-t', table, '-I', from, '-j', chain]);
  }

  /** An address that no pod had before. */
  podAddress(): string {
    const host = ++this.#nextPod;
    if (host > 1022) throw new Error('this namespace has no addresses left');
    const [a, b, c] = this.gateway.split('.').map(Number);
    return `${a}.${b}.${Number(c) + Math.floor(host / 256)}.${host % 256}`;
  }

  serviceAddress(): string {
    return `${this.#services}.${++this.#nextService}`;
  }

  /** Lets a pod that has just come reach itself: what leaves by a port of the bridge may come back by it. */
  allowHairpins(): void {
    const ports = `/sys/class/net/${this.id}/brif`;
    for (const port of readdirSync(ports)) {
      try {
        writeFileSync(join(ports, port, 'hairpin_mode'), '1');
      } catch {
        // The pod of this port has gone meanwhile.
      }
    }
  }

  /** Replaces all rules at once. */
  async apply(
    routes: readonly Route[],
    policies: readonly PolicySpec[],
    pods: readonly PolicyPod[],
  ): Promise<void> {
    const rules = rulesOf(this.#chains, routes, policies, pods);
    if (rules === this.#applied) return await this.#applying;
    this.#applied = rules;
    this.#applying = this.#applying.then(() => this.#restore(rules));
    await this.#applying;
  }

  async #restore(rules: string): Promise<void> {
    await this.#engine.run('iptables-restore', ['--noflush', '-w'], rules);
  }

  async close(): Promise<void> {
    await this.#applying.catch(() => undefined);
    await removeChains(this.#engine, this.#chains);
    await this.#engine.ask(['network', 'rm', this.id]);
  }
}

/** Removes the chains of a namespace, as far as they are there. */
export async function removeChains(engine: Engine, chains: Chains): Promise<void> {
  const quietly = (words: readonly string[]) =>
    engine.run('iptables', ['-w', ...words]).catch(() => undefined);
  const jumps = jumpsOf(chains);
  for (const { table, from, chain } of jumps) await quietly(['-t', table, '-D', from, '-j', chain]);
  for (const { table, chain } of jumps) {
    await quietly(['-t', table, '-F', chain]);
    await quietly(['-t', table, '-X', chain]);
  }
}

/** Answers of one pod to another stay on the bridge, and have to be seen there to be led back. */
async function expectBridgeRules(engine: Engine): Promise<void> {
  const isOn = () => readFileSync(BRIDGE_RULES, 'utf8').trim() === '1';
  try {
    if (isOn()) return;
  } catch {
    await engine.run('modprobe', ['br_netfilter']);
  }
  if (!isOn()) writeFileSync(BRIDGE_RULES, '1');
}
