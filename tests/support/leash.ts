import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Ends servers whose test process is gone, even when that was killed outright and could run no handler: a shell reads
 * pids from a pipe, `+1` to watch and `-1` to forget, and kills what it still watches when the pipe closes. With each it
 * remembers when the process began, the 22nd field of its state, because pids come round.
 */
const REAPER = `
began() {
  read -r stat 2>/dev/null <"/proc/$1/stat" || return
  set -- \${stat##*) }
  echo "\${20}"
}
watched=' '
while read -r line; do
  pid="\${line#?}"
  case "$line" in
    +*) watched="$watched$pid:$(began "$pid") " ;;
    -*) watched="\${watched%% $pid:*} \${watched#* $pid:* }" ;;
  esac
done
for one in $watched; do
  pid="\${one%%:*}"
  [ "$one" != "$pid:$(began "$pid")" ] || kill -KILL "$pid" 2>/dev/null
done
`;

let pipe: Socket | undefined;

function reaper(): Socket {
  if (pipe) return pipe;
  // Detached, so that an interrupt from the terminal does not take the reaper along.
  const shell = spawn('/bin/sh', ['-c', REAPER], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.unref();
  pipe = shell.stdin as Socket;
  pipe.unref();
  // A reaper that is gone fails no test; the servers are still ended by their own tests.
  pipe.on('error', () => undefined);
  return pipe;
}

/** Ties a child process to the life of this one, until it exits. */
export function leash(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  reaper().write(`+${pid}\n`);
  child.once('exit', () => reaper().write(`-${pid}\n`));
}
