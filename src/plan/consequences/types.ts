/**
 * What a change means beyond files.
 * `live`: takes effect by CONFIG SET, ACL LOAD or SENTINEL SET. `restart`: when a server starts. `start`, `stop`: nodes
 * that come and go. `recreate`: containers that Compose replaces. `volume`: volumes that come, or that nobody uses any
 * more. `data`: what happens to the data. `client`: what an application has to mind.
 */
export type Effect = 'live' | 'restart' | 'start' | 'stop' | 'recreate' | 'volume' | 'data' | 'client';

export interface Consequence {
  readonly effect: Effect;
  /** A directive, a file, a node, a service, a call. */
  readonly at: string;
  readonly message: string;
}
