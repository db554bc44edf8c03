import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

// Reads process ids, `+1` to watch and `-1` to forget; at the end kills what it still watches, and removes the folder.
const keeper = `
watched=' '
while read -r line; do
  pid="\${line#?}"
  case "$line" in
    +*) watched="$watched$pid " ;;
    -*) watched="\${watched%% $pid *} \${watched#* $pid }" ;;
  esac
done
for pid in $watched; do kill -KILL "$pid" 2>/dev/null; done
# A server may write to the very end.
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
`;

/** Ends servers with the process that started them, also where that was killed outright and could do nothing about it. */
export class Leash {
  readonly #shell: ChildProcess;
  readonly #pipe: Socket;

  /** `folder` is removed at the end. */
  constructor(folder: string) {
    // Detached, so that an interrupt at the terminal does not end it before its time.
    this.#shell = spawn('/bin/sh', ['-c', keeper, 'keeper', folder], {
      detached: true,
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#shell.unref();
    this.#pipe = this.#shell.stdin as Socket;
    this.#pipe.unref();
    // Servers are ended without it as well, as long as this process lives.
    this.#pipe.on('error', () => {});
    this.#shell.on('error', () => {});
  }

  hold(child: ChildProcess): void {
    const { pid } = child;
    if (pid === undefined) return;
    this.#pipe.write(`+${pid}\n`);
    child.once('exit', () => this.#pipe.write(`-${pid}\n`));
  }

  /** Kills what is left, and removes the folder. */
  async end(): Promise<void> {
    this.#shell.ref();
    const ended = once(this.#shell, 'close');
    this.#pipe.end();
    await ended;
  }
}
