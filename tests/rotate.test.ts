import { mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readPasswords, writeEnv, writePasswords } from '../src/local/rotate/secret-files.ts';
import { parseSessions } from '../src/local/rotate/sessions.ts';
import type { StackNode } from '../src/model/types.ts';
import { realFiles } from '../src/system.ts';
import { planSecrets, withPassword } from '../src/workspace/secrets.ts';

const app = { name: 'app', passwordEnv: 'REDIS_APP_PASSWORD' };
const probe = { name: 'probe', passwordEnv: 'REDIS_PROBE_PASSWORD' };

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), 'rotate-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  return root;
}

describe('secret files', () => {
  it('are changed where they stand: whoever has one open sees the new text', () => {
    const root = folder();
    realFiles.write(join(root, '.secrets/app'), 'old\n', 0o644);
    const path = join(root, '.secrets/app');
    const inode = statSync(path).ino;
    const handle = openSync(path, 'r');
    writePasswords(realFiles, root, app, ['longer-than-before', 'old']);
    expect(readPasswords(realFiles, root, app)).toEqual(['longer-than-before', 'old']);
    writePasswords(realFiles, root, app, ['short']);
    const bytes = Buffer.alloc(100);
    expect(bytes.subarray(0, readSync(handle, bytes, 0, 100, 0)).toString()).toBe('short\n');
    expect([statSync(path).ino, statSync(path).mode & 0o777]).toEqual([inode, 0o644]);
  });

  it('.env keeps what else stands there', () => {
    const root = folder();
    const text = '# mine\nexport REDIS_APP_PASSWORD = old\nOTHER=1 # note\n';
    writeFileSync(join(root, '.env'), text, { mode: 0o600 });
    writeEnv(
      realFiles,
      root,
      new Map([
        [app, 'n$1w'],
        [probe, 'p'],
      ]),
    );
    expect(readFileSync(join(root, '.env'), 'utf8')).toBe(
      '# mine\nexport REDIS_APP_PASSWORD =n$1w\nOTHER=1 # note\nREDIS_PROBE_PASSWORD=p\n',
    );
    expect(withPassword('', app, 'x')).toMatch(/^# .*\nREDIS_APP_PASSWORD=x\n$/);
    expect(withPassword('A=1', app, 'x')).toBe('A=1\nREDIS_APP_PASSWORD=x\n');
  });
});

describe('an update while passwords change', () => {
  const plan = (env: string, secret: string) =>
    planSecrets([app], env, new Map([['.secrets/app', secret]]), () => Buffer.alloc(32));

  it('leaves both passwords alone', () => {
    expect(plan('REDIS_APP_PASSWORD=new\n', 'new\nold\n').map(({ action }) => action)).toEqual([
      'keep',
      'keep',
    ]);
  });

  it('takes the new one where .env was not written any more', () => {
    const [env, secret] = plan('REDIS_APP_PASSWORD=old\n', 'new\nold\n');
    expect(env).toMatchObject({ action: 'update', text: 'REDIS_APP_PASSWORD=new\n' });
    expect(secret?.action).toBe('keep');
  });
});

describe('sessions', () => {
  it('are read from CLIENT LIST of any release', () => {
    const node = { name: 'node-1' } as StackNode;
    const list = [
      'id=3 addr=127.0.0.1:5000 laddr=127.0.0.1:6379 fd=8 name= age=7 idle=0 flags=N db=0 user=app redir=-1',
      'id=12 addr=[::1]:5001 fd=9 name=a=b age=70 idle=0 flags=Sx user=replication lib-name=x',
      '',
    ].join('\n');
    const common = { node, isReplica: false };
    expect(parseSessions(node, list)).toEqual([
      { ...common, id: 3, user: 'app', name: '', address: '127.0.0.1:5000', ageSeconds: 7 },
      {
        ...common,
        id: 12,
        user: 'replication',
        name: 'a=b',
        address: '[::1]:5001',
        ageSeconds: 70,
        isReplica: true,
      },
    ]);
  });
});
