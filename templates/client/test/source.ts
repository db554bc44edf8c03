import type { WriteBehindChange } from '../src/write-behind.js';

export interface Row<Value> {
  readonly value: Value | null;
  readonly version: number;
}

/** A table whose rows have versions: a lower one never replaces a higher one, and what is deleted leaves its version behind. */
export class Table<Value> {
  readonly rows = new Map<string, Row<Value>>();
  /** What was written, in the order in which it came, also what changed nothing. */
  readonly written: WriteBehindChange<Value>[] = [];
  readonly batches: number[] = [];

  readonly upsert = (changes: readonly WriteBehindChange<Value>[]): void => {
    this.batches.push(changes.length);
    for (const change of changes) this.write(change);
  };

  write(change: WriteBehindChange<Value>): void {
    const { key, value, version } = change;
    this.written.push(change);
    const id = key.join(':');
    if ((this.rows.get(id)?.version ?? 0) < version) this.rows.set(id, { value, version });
  }

  value(id: string): Value | null {
    return this.rows.get(id)?.value ?? null;
  }

  /** The versions that were written of one key. */
  versions(id: string): number[] {
    return this.written.filter(({ key }) => key.join(':') === id).map(({ version }) => version);
  }
}
