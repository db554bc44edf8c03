import { describe, expect, it } from 'vitest';
import { type Merge, planChanges } from '../src/plan/decide.ts';
import { changesAnything, conflicts, describePlan, planToJson } from '../src/plan/describe.ts';
import { type Action, type Choices, type Guard, NO_CHOICES } from '../src/plan/types.ts';
import { planSecrets } from '../src/workspace/secrets.ts';

const join: Merge = (_path, pristine, current, next) => ({
  ok: true,
  text: `${pristine}+${current}+${next}`,
});
const clash: Merge = (_path, pristine, current, next) => ({
  ok: false,
  proposal: 'P',
  clashes: [{ at: 'maxmemory', pristine, current, next }],
});
const none = undefined;

function decide(
  before: string | undefined,
  now: string | undefined,
  next: string | undefined,
  ownership: 'managed' | 'seed' = 'managed',
  { merge = join, guard, choices = NO_CHOICES }: { merge?: Merge; guard?: Guard; choices?: Choices } = {},
) {
  const path = 'conf/redis.conf';
  const changes = planChanges(
    {
      pristine: new Map(before === undefined ? [] : [[path, { path, text: before, mode: 0o644, ownership }]]),
      current: new Map(
        now === undefined ? [] : [[path, { text: now, mode: 0o644, ...(guard ? { guard } : {}) }]],
      ),
      next: next === undefined ? [] : [{ path, text: next, mode: 0o644, ownership }],
    },
    merge,
    choices,
  );
  const [change] = changes;
  if (!change) throw new Error('one path, one decision');
  return { plan: { changes }, change };
}

describe('the decision table', () => {
  const rows: readonly (readonly [
    string,
    string | undefined,
    string | undefined,
    string | undefined,
    Action,
    string | undefined,
  ])[] = [
    // what                                    pristine current  next   decision    text to write
    ['new', none, none, 'N', 'create', 'N'],
    ['there already, equal', none, 'N', 'N', 'keep', none],
    ['there already, not ours', none, 'C', 'N', 'conflict', 'N'],
    ['untouched', 'B', 'B', 'N', 'update', 'N'],
    ['untouched, nothing new', 'B', 'B', 'B', 'keep', none],
    ['edited, nothing new', 'B', 'C', 'B', 'keep', none],
    ['edited, something new', 'B', 'C', 'N', 'merge', 'B+C+N'],
    ['edited to what is new', 'B', 'N', 'N', 'keep', none],
    ['deleted by the user', 'B', none, 'B', 'keep', none],
    ['deleted by the user, something new', 'B', none, 'N', 'keep', none],
    ['retired, untouched', 'B', 'B', none, 'delete', none],
    ['retired, edited', 'B', 'C', none, 'keep', none],
    ['retired, gone', 'B', none, none, 'keep', none],
  ];

  it.each(rows)('%s', (_, before, now, next, action, text) => {
    const { change } = decide(before, now, next);
    expect(change.action).toBe(action);
    expect(action === 'keep' ? undefined : change.text).toBe(text);
  });

  it('a merge that clashes is a conflict, and its pristine text does not move', () => {
    const { change, plan } = decide('B', 'C', 'N', 'managed', { merge: clash });
    expect(change).toMatchObject({
      action: 'conflict',
      text: 'P',
      pristine: 'B',
      because: 'you and we changed maxmemory',
    });
    expect(conflicts(plan)).toEqual([change]);
  });

  it.each([
    ['is created once', none, none, 'N', 'create'],
    ['and follows while nobody has edited it', 'B', 'B', 'N', 'update'],
    ['or goes', 'B', 'B', none, 'delete'],
    ['and is the user’s once edited', '', 'C', 'N', 'keep'],
    ['even when it was deleted', '', none, 'N', 'keep'],
    ['or retired', '', 'C', none, 'keep'],
  ] as const)('a seed %s', (_, before, now, next, action) => {
    expect(decide(before, now, next, 'seed').change.action).toBe(action);
  });

  it('says when nothing would change', () => {
    expect(changesAnything(decide('B', 'B', 'B').plan)).toBe(false);
    expect(changesAnything(decide('B', 'B', 'N').plan)).toBe(true);
  });
});

describe('secrets', () => {
  const users = [
    { name: 'app', passwordEnv: 'REDIS_APP_PASSWORD' },
    { name: 'admin', passwordEnv: 'REDIS_ADMIN_PASSWORD' },
  ];
  const random = (count: number) => Buffer.alloc(count, 1);
  const made = random(32).toString('base64url');

  it('are made once', () => {
    const [env, ...files] = planSecrets(users, undefined, new Map(), random);
    expect(env).toMatchObject({ path: '.env', action: 'create', mode: 0o600 });
    expect(env?.text).toContain(`REDIS_APP_PASSWORD=${made}\n`);
    expect(files.map((f) => f.path)).toEqual(['.secrets/app', '.secrets/admin']);
    expect(files.every((f) => f.text === `${made}\n`)).toBe(true);
  });

  it('are completed where a user is new, and left alone otherwise', () => {
    const mine = '# mine\r\nREDIS_APP_PASSWORD="kept"\r\nOTHER=1';
    const [env, app, admin] = planSecrets(users, mine, new Map([['.secrets/app', 'kept\n']]), random);
    expect(env).toMatchObject({ action: 'update', text: `${mine}\nREDIS_ADMIN_PASSWORD=${made}\n` });
    expect(app).toMatchObject({ action: 'keep' });
    expect(admin).toMatchObject({ action: 'create', text: `${made}\n` });
  });

  it('never leave in a plan for people or programs', () => {
    const plan = { changes: planSecrets(users, undefined, new Map(), random) };
    expect(JSON.stringify(planToJson(plan)) + describePlan(plan).join('\n')).not.toContain(made);
  });
});
