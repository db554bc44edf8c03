import { execa } from 'execa';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const LIMIT_MS = 60_000;

/** Runs programs of this machine, `docker` above all. */
export class Engine {
  readonly #env: Readonly<Record<string, string>>;

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env };
  }

  /** What `docker` says. Rejects where it fails. */
  async docker(...words: readonly string[]): Promise<string> {
    return await this.run('docker', words);
  }

  /** As `docker`, with its code: for programs whose failure is an answer. A code of -1 is one that took too long. */
  async ask(words: readonly string[], timeoutMs = LIMIT_MS): Promise<Said> {
    const said = await execa('docker', [...words], {
      env: this.#env,
      extendEnv: false,
      reject: false,
      timeout: timeoutMs,
      stdin: 'ignore',
    });
    return { code: said.exitCode ?? -1, out: String(said.stdout), err: String(said.stderr) };
  }

  async run(file: string, words: readonly string[], input = ''): Promise<string> {
    const options = { env: this.#env, extendEnv: false, timeout: LIMIT_MS, input } as const;
    return String((await execa(file, [...words], options)).stdout);
  }

  /** A program that goes on until it is ended; its lines as they come. */
  follow(words: readonly string[]) {
    return execa('docker', [...words], {
      env: this.#env,
      extendEnv: false,
      reject: false,
      buffer: false,
      stdin: 'ignore',
      cleanup: true,
    });
  }
}
