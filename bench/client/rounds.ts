import { median } from '../measure.mjs';

/** Something done over and over, by so many at a time. */
export interface Load {
  readonly name: string;
  readonly op: (turn: number) => Promise<unknown>;
  readonly inFlight: number;
  /**
   * How many operations a lane does between two looks at the clock.
   *
   * @default 1
   */
  readonly stride?: number;
}

export interface Comparison {
  readonly ours: Load;
  readonly theirs: Load;
  /** The ratio of our rate to theirs that is aimed at; without one it is for information. */
  readonly aim?: number;
}

/** What one side did in one round. */
export interface Sample {
  readonly perSecond: number;
  /** Of the whole process, of which other processes of the machine take nothing. */
  readonly cpuMicroseconds: number;
}

export interface Pair {
  readonly ours: Sample;
  readonly theirs: Sample;
}

const rounds = 21;
const roundMs = 150;

/**
 * Measures both in turn, so that a change of the machine meets both sides, and prints the median of the ratios of a round
 * with the lowest and the highest.
 */
export async function compare(what: string, { ours, theirs, aim }: Comparison): Promise<void> {
  const one = () => sample((end) => repeat(ours, end));
  const other = () => sample((end) => repeat(theirs, end));
  const pairs = await inTurn(one, other, rounds);
  report(`${what}: ${ours.name} : ${theirs.name}`, pairs, aim);
}

/** Runs both a first time for the compiler, then in turn, beginning with either. */
export async function inTurn(
  ours: () => Promise<Sample>,
  theirs: () => Promise<Sample>,
  times: number,
): Promise<readonly Pair[]> {
  await ours();
  await theirs();
  const pairs: Pair[] = [];
  for (let round = 0; round < times; round++) {
    if (round % 2 === 0) pairs.push({ ours: await ours(), theirs: await theirs() });
    else {
      const first = await theirs();
      pairs.push({ ours: await ours(), theirs: first });
    }
  }
  return pairs;
}

/** Counts what `work` says that it has done, in about the time of a round. */
export async function sample(work: (end: number) => Promise<number>): Promise<Sample> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const done = await work(start + roundMs);
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: (done * 1000) / (performance.now() - start),
    cpuMicroseconds: (user + system) / done,
  };
}

async function repeat({ op, inFlight, stride = 1 }: Load, end: number): Promise<number> {
  let turn = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) for (let step = 0; step < stride; step++) await op(turn++);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return turn;
}

export function report(what: string, pairs: readonly Pair[], aim: number | undefined): void {
  const middle = (of: (pair: Pair) => number) => median(pairs.map(of));
  const ratios = pairs.map(({ ours, theirs }) => ours.perSecond / theirs.perSecond).sort((a, b) => a - b);
  const ratio = median(ratios);
  const verdict =
    aim === undefined ? 'for information' : `aim >= ${aim}: ${ratio >= aim ? 'met' : 'not met'}`;
  const spread = `${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)} in ${pairs.length} rounds`;
  const rates = [middle(({ ours }) => ours.perSecond), middle(({ theirs }) => theirs.perSecond)];
  const cpu = middle(({ ours, theirs }) => theirs.cpuMicroseconds / ours.cpuMicroseconds);
  console.log(`${what}
  ratio ${ratio.toFixed(2)} (${spread}), by CPU time ${cpu.toFixed(2)}; ${rates.map(inWords).join(' : ')}   ${verdict}`);
}

const inWords = (rate: number) =>
  rate >= 1e6 ? `${(rate / 1e6).toFixed(2)} M/s` : `${(rate / 1e3).toFixed(1)} k/s`;
