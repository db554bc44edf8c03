import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { until } from '../../../../tests/support/until.ts';
import { type WriteThroughDefinition, writeThrough } from '../../src/write-through.js';
import { gatedLoader } from '../loader.ts';
import type { Contract, Ground } from './ground.ts';

interface Price {
  readonly rev: number;
  readonly cents: number;
}

type Options = Partial<WriteThroughDefinition<string, Price>>;

/** A table that counts revisions, as two processes of an application see it. */
function table({ one, other }: Ground, name: string, options: Options = {}) {
  const rows = new Map<string, Price>();
  const calls = { load: 0, write: 0 };
  const definition = writeThrough<string, Price>({
    name,
    key: (id) => [id],
    ttlMs: 60_000,
    version: ({ rev }) => rev,
    load: async (id) => {
      calls.load++;
      return rows.get(id);
    },
    write: async (id, { cents }) => {
      calls.write++;
      const row = { rev: (rows.get(id)?.rev ?? 0) + 1, cents };
      rows.set(id, row);
      return row;
    },
    ...options,
  });
  return { rows, calls, here: one.use(definition), there: other.use(definition) };
}

/** Holds back what a source does until the test lets it go on. */
function gate() {
  const { load, entered, open } = gatedLoader(undefined);
  return { pass: load, entered, open };
}

export const writesThrough: Contract = (ground) => {
  const cli = (name: string, id: string, ...words: readonly string[]) => {
    const key = `test:${name}:{${id}}`;
    return ground().cli(key, ...words.map((word) => (word === 'KEY' ? key : word)));
  };

  test('what was saved is read everywhere without asking the source', async () => {
    const { here, there, calls } = table(ground(), 'through');
    expect(await here.save('a', { rev: 0, cents: 5 })).toEqual({ rev: 1, cents: 5 });
    expect(await there.get('a')).toEqual({ rev: 1, cents: 5 });
    expect(await there.save('a', { rev: 0, cents: 6 })).toEqual({ rev: 2, cents: 6 });
    expect(await here.get('a')).toEqual({ rev: 2, cents: 6 });
    expect(calls).toEqual({ load: 0, write: 2 });
    const ttl = Number(await cli('through', 'a', 'PTTL', 'KEY'));
    expect(ttl).toBeGreaterThan(50_000);
    expect(ttl).toBeLessThanOrEqual(66_000);
  });

  test('callers of one process share a load, and absence is remembered for a while', async () => {
    const { here, there, calls } = table(ground(), 'shared-load', { negativeTtlMs: 100, jitter: 0 });
    const values = await Promise.all(Array.from({ length: 50 }, () => here.get('none')));
    expect(new Set(values)).toEqual(new Set([null]));
    expect(await there.get('none')).toBeNull();
    expect(calls.load).toBe(1);
    await until('it is forgotten', async () => (await cli('shared-load', 'none', 'EXISTS', 'KEY')) === '0');
    expect(await there.get('none')).toBeNull();
    expect(calls.load).toBe(2);
  });

  test('a late load does not replace a newer value', async () => {
    const late = gate();
    const { here, there, rows } = table(ground(), 'late-load', {
      load: async (id) => {
        const row = rows.get(id);
        await late.pass();
        return row;
      },
    });
    rows.set('a', { rev: 4, cents: 4 });
    const loading = here.get('a');
    await late.entered;
    await there.save('a', { rev: 0, cents: 5 });
    late.open();
    expect(await loading).toEqual({ rev: 4, cents: 4 });
    expect(await here.get('a')).toEqual({ rev: 5, cents: 5 });
    expect(await there.get('a')).toEqual({ rev: 5, cents: 5 });
  });

  test('a late load that found nothing does not replace a value', async () => {
    const late = gate();
    const { here, there, rows } = table(ground(), 'late-absence', {
      load: async (id) => {
        const row = rows.get(id);
        await late.pass();
        return row;
      },
    });
    const loading = here.get('a');
    await late.entered;
    await there.save('a', { rev: 0, cents: 1 });
    late.open();
    expect(await loading).toBeNull();
    expect(await here.get('a')).toEqual({ rev: 1, cents: 1 });

    expect(await cli('late-absence', 'a', 'GET', 'KEY')).toContain('"cents":1');
  });

  test('a late writer does not replace a newer value', async () => {
    const late = gate();
    let isFirst = true;
    const { here, there, rows } = table(ground(), 'late-save', {
      write: async (id, { cents }) => {
        const row = { rev: (rows.get(id)?.rev ?? 0) + 1, cents };
        rows.set(id, row);
        if (isFirst) {
          isFirst = false;
          await late.pass();
        }
        return row;
      },
    });
    const saving = here.save('a', { rev: 0, cents: 1 });
    await late.entered;
    await there.save('a', { rev: 0, cents: 2 });
    late.open();
    expect(await saving).toEqual({ rev: 1, cents: 1 });
    expect(await here.get('a')).toEqual({ rev: 2, cents: 2 });
  });

  test('a load that began before an invalidation keeps nothing, although its version is the one that was there', async () => {
    const late = gate();
    let isHeld = false;
    const { here, there, rows } = table(ground(), 'fenced', {
      load: async (id) => {
        const row = rows.get(id);
        if (isHeld) await late.pass();
        return row;
      },
    });
    rows.set('a', { rev: 4, cents: 4 });
    await there.get('a');
    await there.invalidate('a');
    isHeld = true;
    const loading = here.get('a');
    await late.entered;
    isHeld = false;
    rows.set('a', { rev: 5, cents: 5 });
    await there.invalidate('a');
    const joined = here.get('a');
    late.open();
    expect(await loading).toEqual({ rev: 4, cents: 4 });
    expect(await joined).toEqual({ rev: 5, cents: 5 });
    expect(await there.get('a')).toEqual({ rev: 5, cents: 5 });
  });

  test('a load is fenced also when the key has ended and been made again, or is gone', async () => {
    const late = gate();
    const { here, there, rows } = table(ground(), 'ended', {
      load: async (id) => {
        const row = rows.get(id);
        await late.pass();
        return row;
      },
    });
    rows.set('a', { rev: 4, cents: 4 });
    const loading = here.get('a');
    await late.entered;
    await there.invalidate('a');
    await cli('ended', 'a', 'DEL', 'KEY');
    late.open();
    await loading;
    expect(await cli('ended', 'a', 'EXISTS', 'KEY')).toBe('0');
  });

  test('a save that began before an invalidation leaves no value behind that may be old', async () => {
    const late = gate();
    const { here, there, rows } = table(ground(), 'overtaken', {
      write: async (id, { cents }) => {
        rows.set(id, { rev: 5, cents });
        await late.pass();
        return { rev: 5, cents };
      },
    });
    const saving = here.save('a', { rev: 0, cents: 5 });
    await late.entered;
    // Changed past this module meanwhile.
    rows.set('a', { rev: 6, cents: 6 });
    await there.invalidate('a');
    late.open();
    expect(await saving).toEqual({ rev: 5, cents: 5 });
    expect(await here.get('a')).toEqual({ rev: 6, cents: 6 });
  });

  test('a save is seen although its source was read before, after an invalidation', async () => {
    const [lateWrite, lateLoad] = [gate(), gate()];
    let isHeld = true;
    const { here, there, rows } = table(ground(), 'crossed', {
      load: async (id) => {
        const row = rows.get(id);
        if (isHeld) await lateLoad.pass();
        return row;
      },
      write: async (id, { cents }) => {
        await lateWrite.pass();
        rows.set(id, { rev: 5, cents });
        return { rev: 5, cents };
      },
    });
    rows.set('a', { rev: 4, cents: 4 });
    const saving = here.save('a', { rev: 0, cents: 5 });
    await lateWrite.entered;
    await there.invalidate('a');
    const loading = there.get('a');
    await lateLoad.entered;
    isHeld = false;
    lateWrite.open();
    await saving;
    lateLoad.open();
    expect(await loading).toEqual({ rev: 4, cents: 4 });
    expect(await there.get('a')).toEqual({ rev: 5, cents: 5 });
  });

  test('the version survives an invalidation: a source that lags behind is answered from, and not kept', async () => {
    const { here, there, rows, calls } = table(ground(), 'lagging');
    rows.set('a', { rev: 5, cents: 5 });
    await here.get('a');
    await here.invalidate('a');
    rows.set('a', { rev: 4, cents: 4 });
    expect(await there.get('a')).toEqual({ rev: 4, cents: 4 });
    rows.set('a', { rev: 5, cents: 5 });
    expect(await there.get('a')).toEqual({ rev: 5, cents: 5 });
    expect(await here.get('a')).toEqual({ rev: 5, cents: 5 });
    expect(calls.load).toBe(3);
  });

  test('a row that was deleted and begins anew with a lower version is found', async () => {
    const { here, there, rows } = table(ground(), 'anew');
    rows.set('a', { rev: 5, cents: 5 });
    await here.get('a');
    rows.delete('a');
    await here.invalidate('a');
    expect(await there.get('a')).toBeNull();
    await there.save('a', { rev: 0, cents: 1 });
    expect(await here.get('a')).toEqual({ rev: 1, cents: 1 });
    rows.delete('a');
    await here.invalidate('a');
    await there.save('a', { rev: 0, cents: 2 });
    expect(await here.get('a')).toEqual({ rev: 1, cents: 2 });
  });

  test('many writers and readers: nobody ever sees an older value than before', async () => {
    const { here, there } = table(ground(), 'storm', {
      load: async (id) => {
        const row = storm.get(id) ?? null;
        await sleep(Math.random() * 3);
        return row;
      },
      write: async (id, { cents }) => {
        const row = { rev: (storm.get(id)?.rev ?? 0) + 1, cents };
        storm.set(id, row);
        await sleep(Math.random() * 3);
        return row;
      },
    });
    const storm = new Map<string, Price>();
    const setBacks: unknown[] = [];
    let saved = 0;
    const write = async (at: number) => {
      for (let i = 0; i < 12; i++) {
        const { rev } = await (at % 2 ? here : there).save('a', { rev: 0, cents: i });
        saved = Math.max(saved, rev);
        if (i % 4 === 0) await there.invalidate('a');
      }
    };
    const read = async (at: number) => {
      for (let i = 0; i < 25; i++) {
        const least = saved;
        const found = (await (at % 2 ? here : there).get('a'))?.rev ?? 0;
        if (found < least) setBacks.push({ found, least });
      }
    };
    await Promise.all([write(0), write(1), write(2), read(0), read(1), read(2)]);
    expect(setBacks).toEqual([]);
    expect(await here.get('a')).toMatchObject({ rev: 36 });
  });

  test('a value that the schema does not know is loaded anew, and replaced by one that is not older', async () => {
    const loose = table(ground(), 'typed');
    loose.rows.set('a', { rev: 3, cents: 'many' as unknown as number });
    await loose.here.get('a');
    const schema = v.object({ rev: v.number(), cents: v.number() });
    const strict = table(ground(), 'typed', { schema });
    strict.rows.set('a', { rev: 3, cents: 3 });
    expect(await strict.there.get('a')).toEqual({ rev: 3, cents: 3 });
    expect(await strict.here.get('a')).toEqual({ rev: 3, cents: 3 });
    expect(strict.calls.load).toBe(1);
  });

  test('an error of the source is the caller’s; after one of a write nothing old stays', async () => {
    let isBroken = false;
    const { here, there, rows } = table(ground(), 'broken', {
      load: async (id) => {
        if (isBroken) throw new Error('no such table');
        return rows.get(id);
      },
      write: async (id, value) => {
        rows.set(id, { ...value, rev: 9 });
        throw new Error('connection lost');
      },
    });
    rows.set('a', { rev: 4, cents: 4 });
    await here.get('a');
    await expect(there.save('a', { rev: 0, cents: 9 })).rejects.toThrow('connection lost');
    // It was written all the same.
    expect(await here.get('a')).toEqual({ rev: 9, cents: 9 });
    isBroken = true;
    const failing = Promise.allSettled([here.get('b'), here.get('b')]);
    expect((await failing).map((one) => one.status)).toEqual(['rejected', 'rejected']);
    isBroken = false;
    expect(await here.get('b')).toBeNull();
  });

  test('a source that hangs is left after its time; a write that ends later leaves nothing old', async () => {
    const late = gate();
    const aborted: unknown[] = [];
    const { here, there, rows } = table(ground(), 'hanging', {
      hardTimeoutMs: 60,
      load: async (id, { signal }) => {
        if (id !== 'a') await new Promise((resolve) => signal.addEventListener('abort', resolve));
        if (id !== 'a') aborted.push(signal.reason.code);
        return rows.get(id);
      },
      write: async (id, value) => {
        await late.pass();
        rows.set(id, { ...value, rev: 5 });
        return { ...value, rev: 5 };
      },
    });
    rows.set('a', { rev: 4, cents: 4 });
    await expect(here.get('b')).rejects.toMatchObject({ code: 'redis/load-timeout' });
    expect(aborted).toEqual(['redis/load-timeout']);
    await expect(here.save('a', { rev: 0, cents: 5 })).rejects.toMatchObject({ code: 'redis/write-timeout' });
    expect(await there.get('a')).toEqual({ rev: 4, cents: 4 });
    late.open();
    await until('the late write is seen', async () => (await there.get('a'))?.rev === 5, { everyMs: 5 });
  });

  test('a version that is no whole number, and a write that gives nothing, are mistakes', async () => {
    const bad = { code: 'redis/bad-use' };
    const broken = table(ground(), 'unversioned', { version: () => 1.5 });
    broken.rows.set('a', { rev: 1, cents: 1 });
    await expect(broken.here.get('a')).rejects.toMatchObject(bad);
    await expect(broken.here.save('a', { rev: 0, cents: 1 })).rejects.toMatchObject(bad);
    const silent = table(ground(), 'silent', { write: async () => undefined as unknown as Price });
    silent.rows.set('a', { rev: 1, cents: 1 });
    await silent.there.get('a');
    await expect(silent.here.save('a', { rev: 0, cents: 2 })).rejects.toMatchObject(bad);
    silent.rows.set('a', { rev: 2, cents: 2 });
    expect(await silent.there.get('a')).toEqual({ rev: 2, cents: 2 });
  });

  test('ids may be any text', async () => {
    const { here, there } = table(ground(), 'ids');
    for (const id of ['', '{b}', 'a:b', 'ü \n', '}{']) await here.save(id, { rev: 0, cents: id.length });
    for (const id of ['', '{b}', 'a:b', 'ü \n', '}{'])
      expect(await there.get(id)).toEqual({ rev: 1, cents: id.length });
  });
};
