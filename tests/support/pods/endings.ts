import { createInterface } from 'node:readline';
import type { Engine } from './engine.ts';

/** Tells when containers of a namespace end, from one stream for all of them. */
export class Endings {
  readonly #stream;
  readonly #waiting = new Map<string, (code: number) => void>();

  constructor(engine: Engine, id: string) {
    const filters = ['--filter', `label=pods-harness=${id}`, '--filter', 'event=die'];
    this.#stream = engine.follow(['events', ...filters, '--format', '{{json .Actor.Attributes}}']);
    const lines = createInterface({ input: this.#stream.stdout });
    lines.on('line', (line) => {
      const { name, exitCode } = JSON.parse(line) as { name: string; exitCode: string };
      this.#waiting.get(name)?.(Number(exitCode));
      this.#waiting.delete(name);
    });
  }

  /** Calls back once, when a container of this name ends. */
  whenDone(name: string, done: (code: number) => void): void {
    this.#waiting.set(name, done);
  }

  async close(): Promise<void> {
    this.#stream.kill();
    await this.#stream;
  }
}
