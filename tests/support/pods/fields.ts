/** Something in a manifest that the harness does not know, or that an API server would refuse. */
export class ManifestError extends Error {
  constructor(at: string, message: string) {
    super(`${at}: ${message}`);
    this.name = 'ManifestError';
  }
}

type Take<T> = (fields: Fields) => T;

/** Reads one object of a manifest. Whatever `take` neither reads nor passes over on purpose is an error. */
export function read<T>(value: unknown, at: string, take: Take<T>): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ManifestError(at, `an object is expected, not ${JSON.stringify(value)}`);
  const fields = new Fields(new Map(Object.entries(value)), at);
  const taken = take(fields);
  fields.end();
  return taken;
}

/** The keys of an object, each to be asked for once. `null` is the same as a key that is not there. */
export class Fields {
  readonly at: string;
  readonly #left: Map<string, unknown>;

  constructor(entries: Map<string, unknown>, at: string) {
    this.#left = entries;
    this.at = at;
  }

  /** A key that has no meaning here, for the reason given. */
  pass(key: string, _reason: string): void {
    this.#left.delete(key);
  }

  /** A key that may only have the value that it has by default: anything else is not built. */
  only(key: string, value: unknown): void {
    const found = this.#take(key);
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(value))
      this.fail(key, `only ${JSON.stringify(value)} is known to the harness, not ${JSON.stringify(found)}`);
  }

  has(key: string): boolean {
    return this.#left.get(key) !== undefined && this.#left.get(key) !== null;
  }

  /** The value as it stands, to be compared with a later one. */
  textOf(key: string): string {
    return JSON.stringify(this.#left.get(key) ?? null);
  }

  any(key: string): unknown {
    return this.#take(key);
  }

  text(key: string, fallback?: string): string {
    return this.#typed(key, fallback, (v): v is string => typeof v === 'string', 'a string');
  }

  maybeText(key: string): string | undefined {
    return this.has(key) ? this.text(key) : undefined;
  }

  number(key: string, fallback?: number): number {
    return this.#typed(key, fallback, (v): v is number => Number.isInteger(v), 'a whole number');
  }

  maybeNumber(key: string): number | undefined {
    return this.has(key) ? this.number(key) : undefined;
  }

  flag(key: string, fallback: boolean): boolean {
    return this.#typed(key, fallback, (v): v is boolean => typeof v === 'boolean', 'true or false');
  }

  texts(key: string): readonly string[] {
    const isTexts = (v: unknown): v is string[] => Array.isArray(v) && v.every((s) => typeof s === 'string');
    return this.#typed(key, [], isTexts, 'a list of strings');
  }

  /** Names to strings: labels, data of a ConfigMap. */
  map(key: string): Readonly<Record<string, string>> {
    const isMap = (v: unknown): v is Record<string, string> =>
      typeof v === 'object' && v !== null && Object.values(v).every((s) => typeof s === 'string');
    return this.#typed(key, {}, isMap, 'names with strings');
  }

  oneOf<T extends string>(key: string, values: readonly T[], fallback?: T): T {
    const isOne = (v: unknown): v is T => values.some((value) => value === v);
    return this.#typed(key, fallback, isOne, `one of ${values.join(', ')}`);
  }

  need<T>(key: string, take: Take<T>): T {
    return read(this.#take(key), `${this.at}.${key}`, take);
  }

  child<T>(key: string, take: Take<T>): T | undefined {
    return this.has(key) ? this.need(key, take) : undefined;
  }

  list<T>(key: string, take: Take<T>): readonly T[] {
    const found = this.#take(key) ?? [];
    if (!Array.isArray(found)) this.fail(key, 'a list is expected');
    return (found as unknown[]).map((item, i) => read(item, `${this.at}.${key}[${i}]`, take));
  }

  fail(key: string, message: string): never {
    throw new ManifestError(`${this.at}.${key}`, message);
  }

  end(): void {
    const left = [...this.#left].filter(([, value]) => value !== null && value !== undefined);
    if (left.length > 0)
      throw new ManifestError(this.at, `the harness does not know ${left.map(([key]) => key).join(', ')}`);
  }

  #take(key: string): unknown {
    const found = this.#left.get(key);
    this.#left.delete(key);
    return found ?? undefined;
  }

  #typed<T>(key: string, fallback: T | undefined, is: (v: unknown) => v is T, wanted: string): T {
    const found = this.#take(key) ?? fallback;
    if (!is(found)) this.fail(key, `${wanted} is expected, not ${JSON.stringify(found)}`);
    return found;
  }
}
