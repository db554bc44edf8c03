export type Service = Readonly<Record<string, unknown>>;

/** Where a container finds conf/scripts. */
export const SCRIPTS = '/stack/scripts';
/** The user and the group of the official Debian and Alpine images of both engines. */
export const ENGINE_ID = '999';
export const ENGINE_USER = `${ENGINE_ID}:${ENGINE_ID}`;

interface Confinement {
  readonly user: string;
  /** As Compose writes sizes; there is no swap beside it. */
  readonly memory: string;
  /** Threads and processes; a runaway ends there. */
  readonly processes: number;
}

/** Nothing but what a program needs: not root, no capabilities, nothing writable that is not named, logs with an end. */
export const confined = ({ user, memory, processes }: Confinement): Service => ({
  user,
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  mem_limit: memory,
  memswap_limit: memory,
  pids_limit: processes,
  logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
});
