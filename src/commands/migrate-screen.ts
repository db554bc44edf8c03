import yoctoSpinner from 'yocto-spinner';
import { colors } from '../colors.ts';
import type { Watcher } from '../migrate/run.ts';
import type { Progress, Step } from '../migrate/step.ts';
import type { Problem } from '../problem.ts';
import type { System } from '../system.ts';
import { colouredProblem } from './problems.ts';

export interface MigrateScreen extends Watcher {
  readonly say: (progress: Progress) => void;
  readonly warn: (text: string) => void;
  readonly stopped: (problems: readonly Problem[]) => void;
  readonly close: () => void;
}

/** A line of JSON an event for programs; a line a step and a moving bar for people. */
export function openScreen(system: System, json: boolean, steps: readonly Step[]): MigrateScreen {
  return json ? events(system) : lines(system, steps);
}

function events(system: System): MigrateScreen {
  const put = (event: string, more: object): void => system.out(`${JSON.stringify({ event, ...more })}\n`);
  let step = '';
  let last = '';
  return {
    begins: ({ id, title }) => {
      step = id;
      put('begin', { step, title });
    },
    ends: ({ id }) => put('end', { step: id }),
    say: (progress) => {
      const shown = JSON.stringify(progress);
      if (shown !== last) put('progress', { step, ...progress });
      last = shown;
    },
    warn: (text) => put('warning', { step, text }),
    stopped: (problems) => put('stopped', { step, problems }),
    close: () => undefined,
  };
}

function lines(system: System, steps: readonly Step[]): MigrateScreen {
  const spinner = system.interactive ? yoctoSpinner({ text: '' }) : undefined;
  let began = Date.now();
  let pace: Pace | undefined;
  let last = '';
  const number = ({ id }: Step): string => `${steps.findIndex((one) => one.id === id) + 1}/${steps.length}`;
  const print = (text: string): void => {
    spinner?.stop();
    system.out(`${text}\n`);
  };
  return {
    begins: (step) => {
      began = Date.now();
      pace = undefined;
      last = '';
      if (spinner) {
        spinner.text = step.title;
        spinner.start();
      }
    },
    ends: (step) => {
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      const note = last ? colors.dim(`  ${last}`) : '';
      print(`${colors.green('✔')} ${number(step)} ${step.title} (${seconds} s)${note}`);
    },
    say: (progress) => {
      pace = paceOf(pace, progress);
      last = progress.text;
      if (spinner) spinner.text = shown(progress, pace);
    },
    warn: (text) => {
      print(`${colors.yellow('!')} ${text}`);
      spinner?.start();
    },
    stopped: (problems) => system.err(`${problems.map(colouredProblem).join('\n')}\n`),
    close: () => spinner?.stop(),
  };
}

interface Pace {
  readonly text: string;
  readonly at: number;
  readonly from: number;
}

/** Where a phase was first seen; another text is another phase. */
function paceOf(pace: Pace | undefined, { text, unit, done = 0 }: Progress): Pace {
  const phase = `${unit ?? ''}${text.replace(/\d+/g, '')}`;
  return pace?.text === phase && done >= pace.from ? pace : { text: phase, at: Date.now(), from: done };
}

const WIDTH = 20;

function shown({ text, done, of, unit, lagBytes }: Progress, pace: Pace): string {
  const behind = lagBytes !== undefined && lagBytes > 0 ? `, ${amount(lagBytes, 'bytes')} behind` : '';
  if (done === undefined || of === undefined || of === 0) return `${text}${behind}`;
  const part = Math.min(1, done / of);
  const filled = Math.round(part * WIDTH);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
  return `${bar} ${Math.round(part * 100)} % ${text}: ${unit === 'bytes' ? amount(done, unit) : amount(done, undefined)} of ${amount(of, unit)}${left(pace, done, of)}${behind}`;
}

function left({ at, from }: Pace, done: number, of: number): string {
  const seconds = (Date.now() - at) / 1000;
  const rate = (done - from) / seconds;
  return seconds < 1 || rate <= 0 ? '' : `, ${Math.ceil((of - done) / rate)} s left`;
}

function amount(value: number, unit: Progress['unit']): string {
  if (unit !== 'bytes') return `${value.toLocaleString('en')}${unit ? ` ${unit}` : ''}`;
  return value < 1e6 ? `${Math.round(value / 1000)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}
