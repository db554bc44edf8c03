import { describe, expect, it } from 'vitest';
import { type JournalData, openJournal, readJournal } from '../src/migrate/journal.ts';
import { canTurnBack, goOn, turnBack } from '../src/migrate/run.ts';
import type { Context, Step } from '../src/migrate/step.ts';
import { ProblemError, problem } from '../src/problem.ts';
import { MemoryFiles } from './support/memory-files.ts';

const ROOT = '/shop';
const BEGUN: Omit<JournalData, 'format' | 'pid' | 'identity'> = {
  kind: 'native',
  after: {},
  places: {},
  done: [],
  facts: {},
  back: false,
};
const WATCH = { begins: () => undefined, ends: () => undefined };

/** A migration whose steps write down what they do; `trouble` is called with each step before it works. */
class Story {
  readonly files = new MemoryFiles();
  readonly told: string[] = [];
  trouble: (id: string) => void = () => undefined;
  signal = new AbortController();

  readonly steps: readonly Step[] = ['secrets', 'copy', 'switch', 'leave', 'settle'].map((id) => ({
    id,
    title: `the ${id}`,
    about: '',
    final: id === 'leave' || id === 'settle',
    run: async () => {
      this.trouble(id);
      this.told.push(id);
    },
    undo: async () => void this.told.push(`undo ${id}`),
  }));

  /** As another process would: everything it knows is in the journal. */
  async context(): Promise<Context> {
    const present = readJournal(this.files, ROOT);
    // The one that wrote it is gone.
    if (present)
      this.files.write(
        `${ROOT}/.redis-stack/migrate/journal.json`,
        JSON.stringify({ ...present, pid: 1, identity: 'gone' }),
        0o600,
      );
    const journal = await openJournal(this.files, ROOT, BEGUN);
    return { journal, signal: this.signal.signal } as Context;
  }
}

describe('the steps of a migration', () => {
  it.each(['secrets', 'copy', 'switch', 'leave', 'settle'])(
    'killed while it does "%s", goes on with that step and does no other twice',
    async (at) => {
      const story = new Story();
      story.trouble = (id) => {
        if (id === at) throw new Error('killed');
      };
      await expect(goOn(await story.context(), story.steps, WATCH)).rejects.toThrow();
      story.trouble = () => undefined;
      expect(await goOn(await story.context(), story.steps, WATCH)).toBe('done');
      expect(story.told).toEqual(['secrets', 'copy', 'switch', 'leave', 'settle']);
    },
  );

  it.each([
    ['copy', ['secrets', 'undo copy', 'undo secrets']],
    ['switch', ['secrets', 'copy', 'undo switch', 'undo copy', 'undo secrets']],
  ])('killed in "%s", is undone from there, last first', async (at, told) => {
    const story = new Story();
    story.trouble = (id) => {
      if (id === at) throw new Error('killed');
    };
    await expect(goOn(await story.context(), story.steps, WATCH)).rejects.toThrow();
    expect(await turnBack(await story.context(), story.steps, WATCH)).toBe('rolled-back');
    expect(story.told).toEqual(told);
  });

  it('knows the moment from which there is no way back', async () => {
    const story = new Story();
    story.trouble = (id) => {
      if (id === 'leave') throw new Error('killed');
    };
    const ctx = await story.context();
    expect(canTurnBack(ctx.journal.data(), story.steps)).toBe(true);
    await expect(goOn(ctx, story.steps, WATCH)).rejects.toThrow(/killed/);
    expect(canTurnBack(ctx.journal.data(), story.steps)).toBe(false);
  });

  it('stops between two steps when it is interrupted', async () => {
    const story = new Story();
    story.trouble = (id) => {
      if (id === 'copy') story.signal.abort();
    };
    expect(await goOn(await story.context(), story.steps, WATCH)).toBe('interrupted');
    expect(story.told).toEqual(['secrets', 'copy']);
    expect(readJournal(story.files, ROOT)?.done).toEqual(['secrets', 'copy']);
  });

  it('says where it stopped, keeps what a step said itself, and names the ways on', async () => {
    const story = new Story();
    story.trouble = (id) => {
      if (id === 'copy') throw new ProblemError(problem('migrate/no-link', 'node-1', 'No link.', 'Mend it.'));
    };
    const error = await goOn(await story.context(), story.steps, WATCH).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ProblemError);
    const [said] = (error as ProblemError).problems;
    expect(said).toMatchObject({ code: 'migrate/no-link', at: 'node-1', message: 'No link.' });
    expect(said?.remedy).toMatch(/^Mend it\. .*--resume.*--rollback/);
  });
});

describe('the journal', () => {
  it('is whole on disk at any moment, whatever write fails', async () => {
    for (let at = 1; at < 12; at++) {
      const story = new Story();
      const ctx = await story.context();
      story.files.fault = { at: story.files.changes + at, kind: 'crash' };
      await goOn(ctx, story.steps, WATCH).catch(() => undefined);
      const left = readJournal(story.files.reboot(), ROOT);
      // What it calls done was done.
      expect(left?.done.every((id, i) => story.told[i] === id)).toBe(true);
    }
  });

  it('belongs to one run at a time', async () => {
    const files = new MemoryFiles();
    await openJournal(files, ROOT, BEGUN);
    await expect(openJournal(files, ROOT, BEGUN)).rejects.toMatchObject({
      problems: [{ code: 'migrate/running' }],
    });
  });
});
