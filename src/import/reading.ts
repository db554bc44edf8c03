import type { EngineName } from '../engines/types.ts';
import { type Problem, problem } from '../problem.ts';
import type { Decision } from '../spec/types.ts';
import { at } from './read.ts';
import { where } from './recognise.ts';
import type { Account, Chart, Values } from './types.ts';

/** The values of a chart, and what was found of them so far. */
export class Reading {
  readonly accounts: Account[] = [];
  readonly problems: Problem[] = [];
  /** What the spec has although no key of the file says so. */
  readonly implied: Decision[] = [];
  readonly engine: EngineName;
  readonly isCluster: boolean;
  /** The section of the node that writes go to. */
  readonly main: 'master' | 'primary' | 'redis' | 'valkey';

  constructor(
    readonly values: Values,
    readonly chart: Chart,
  ) {
    this.engine = chart.startsWith('valkey') ? 'valkey' : 'redis';
    this.isCluster = chart.endsWith('-cluster');
    this.main = this.isCluster ? this.engine : this.engine === 'redis' ? 'master' : 'primary';
  }

  /** True where there are no replicas, whatever the file says of them. */
  get isSingle(): boolean {
    return !this.isCluster && this.given('architecture') === 'standalone';
  }

  /** The value of a key, undefined where the file does not give it. */
  given(key: string): unknown {
    return at(this.values.tree, key);
  }

  /** True where a key is switched on. Every text is true to Helm, so a text is refused. */
  flag(key: string, byDefault: boolean): boolean {
    const value = this.given(key);
    if (value === undefined || typeof value === 'boolean') return value ?? byDefault;
    this.refuse(
      key,
      'is not true or false; Helm takes every text for true.',
      'Write true or false without quotes.',
    );
    return byDefault;
  }

  count(key: string): number | undefined {
    const value = this.given(key);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
    this.refuse(key, 'is not a whole number.', 'Write a number without a unit.');
    return undefined;
  }

  /** A text; numbers and switches are taken as they are written. */
  text(key: string): string | undefined {
    const value = this.given(key);
    if (value === undefined || value === '') return undefined;
    if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
    this.refuse(key, 'is not a text.', 'Write it as the values of the chart have it.');
    return undefined;
  }

  /** Says what became of a key, if the file gives it. */
  say(key: string, account: Omit<Account, 'key'>): void {
    if (this.given(key) !== undefined) this.accounts.push({ key, ...account });
  }

  take(key: string, path: string, value: unknown, why: string): void {
    this.say(key, { verdict: 'taken', to: `${path} ${shown(value)}`, why });
  }

  /** Takes a value over, or says that it holds though the file does not give the key. */
  takeOrImply(
    key: string,
    path: string,
    value: unknown,
    why: { readonly given: string; readonly not: string },
  ): void {
    if (this.given(key) === undefined) this.implied.push({ path, value, why: why.not });
    else this.take(key, path, value, why.given);
  }

  /** `what` goes on after the value; a value that is no number, switch or short word is not repeated. */
  refuse(key: string, what: string, remedy: string, code = 'import/bad-value'): void {
    this.object(key, `${this.quoted(key)} ${what}`, remedy, code);
  }

  /** A problem with a key whose value is not to be repeated: it may hold more than what is wrong. */
  object(key: string, message: string, remedy: string, code = 'import/bad-value'): void {
    this.problems.push(problem(code, where(this.values, key.split('.')), message, remedy));
  }

  private quoted(key: string): string {
    const value = this.given(key);
    if (Array.isArray(value)) return 'A list';
    if (typeof value === 'object') return 'A mapping';
    const text = JSON.stringify(value) ?? 'Nothing';
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  }
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}
