/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The stack as seen from one place. */
export interface View {
  /** The node of a standalone stack, the Sentinels, or the seeds of a cluster. */
  readonly addresses: readonly Address[];
  /** What servers announce (`name:port`) to where they can be reached from here; empty when the two are the same. */
  readonly addressMap: Readonly<Record<string, Address>>;
}

interface CommonStack {
  /** Shown by `CLIENT LIST` as the name of every connection. */
  readonly name: string;
  /** Begins every key, separator included, such as `shop:`; the user's rights usually end where it does. */
  readonly keyPrefix: string;
  /** The ACL user on the data nodes. */
  readonly user: string;
  /** The environment variable that holds this user's password. */
  readonly passwordEnv: string;
  /** True where the servers speak TLS alone; `REDIS_TLS_CA` then names the file with the authority to trust. */
  readonly tls?: boolean;
  /** For a process on the machine that publishes the ports. */
  readonly host: View;
  /** For a process inside the stack's own network. */
  readonly network: View;
}

export interface StandaloneStack extends CommonStack {
  readonly kind: 'standalone';
}

export interface SentinelStack extends CommonStack {
  readonly kind: 'sentinel';
  /** The name under which the Sentinels watch the primary, such as `mymaster`. */
  readonly primaryName: string;
  /** The ACL user on the Sentinels, whose user list is not that of the data nodes. */
  readonly sentinelUser: string;
  /** The environment variable that holds that user's password. */
  readonly sentinelPasswordEnv: string;
}

export interface ClusterStack extends CommonStack {
  readonly kind: 'cluster';
}

export type StackDescription = StandaloneStack | SentinelStack | ClusterStack;
