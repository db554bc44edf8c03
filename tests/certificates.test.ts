import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { issueAll } from '../src/certificates/index.ts';
import { DAY_MS, isIssuedBy, isPair, type Pair } from '../src/certificates/inspect.ts';
import { decideCertificates } from '../src/certificates/plan.ts';
import { certificateProblems } from '../src/certificates/problems.ts';
import { expectCertificates } from '../src/local/certificates/expect.ts';
import { finishRenewal, writePair } from '../src/local/certificates/pairs.ts';
import { buildModel } from '../src/model/build.ts';
import type { StackModel } from '../src/model/types.ts';
import type { Change } from '../src/plan/types.ts';
import { expectValue, ProblemError } from '../src/problem.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { SpecInput } from '../src/spec/schema.ts';
import { randomBytes } from '../src/system.ts';
import { CA_CERTIFICATE, CA_KEY, pairPaths } from '../src/workspace/paths.ts';
import { Crash, MemoryFiles } from './support/memory-files.ts';
import { runCommand } from './support/run-command.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const context = { now: NOW, randomBytes };
const inDays = (days: number) => new Date(NOW.getTime() + days * DAY_MS);

const modelOf = (input: SpecInput = {}): StackModel =>
  buildModel(expectValue(parseSpec({ security: { tls: true }, ...input }, 'shop')).spec);

const SENTINEL = modelOf({ topology: { kind: 'sentinel' } });
const NOTHING: ReadonlyMap<string, string> = new Map();

/** The files as they are when the changes were carried out. */
function carriedOut(texts: ReadonlyMap<string, string>, changes: readonly Change[]): Map<string, string> {
  const next = new Map(texts);
  for (const { path, text } of changes) if (text !== undefined) next.set(path, text);
  return next;
}

async function made(model: StackModel = SENTINEL): Promise<Map<string, string>> {
  return carriedOut(NOTHING, await decideCertificates(model, NOTHING, context));
}

const written = (changes: readonly Change[]) => changes.filter((c) => c.action !== 'keep').map((c) => c.path);

function pairOf(texts: ReadonlyMap<string, string>, node: string): Pair {
  const { certificate, key } = pairPaths(node);
  return { certificate: texts.get(certificate) ?? '', key: texts.get(key) ?? '' };
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error = await promise.catch((e: unknown) => e);
  return error instanceof ProblemError ? error.problems[0]?.code : undefined;
}

const codes = (texts: ReadonlyMap<string, string>, now: Date) =>
  certificateProblems(SENTINEL, texts, now).map(({ code, severity }) => `${severity} ${code}`);

describe('the certificates of a stack', () => {
  it('are an authority and a pair for every node, which only their owner may sign with', async () => {
    const changes = await decideCertificates(SENTINEL, NOTHING, context);
    expect(changes).toHaveLength(2 + 2 * SENTINEL.nodes.length);
    expect(changes.every((c) => c.action === 'create' && c.ownership === 'secret')).toBe(true);
    const modes = new Map(changes.map((c) => [c.path, c.mode]));
    expect(modes.get(CA_KEY)).toBe(0o600);
    expect(modes.get(pairPaths('node-1').key)).toBe(0o644);
  });

  it('name every way a node is called, come from the authority, and are valid for a year', async () => {
    const texts = await made();
    const authority = new X509Certificate(texts.get(CA_CERTIFICATE) ?? '');
    expect(authority.ca).toBe(true);
    expect(new Date(authority.validTo)).toEqual(inDays(3650));
    const serials = SENTINEL.nodes.map((node) => {
      const pair = pairOf(texts, node.name);
      const certificate = new X509Certificate(pair.certificate);
      expect(isPair(pair)).toBe(true);
      expect(isIssuedBy(certificate, authority)).toBe(true);
      expect(certificate.ca).toBe(false);
      for (const name of [node.name, 'localhost']) expect(certificate.checkHost(name)).toBe(name);
      for (const address of [node.ip, '127.0.0.1', '::1']) expect(certificate.checkIP(address)).toBe(address);
      expect(certificate.checkHost('elsewhere')).toBeUndefined();
      expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
      expect(new Date(certificate.validTo)).toEqual(inDays(365));
      return certificate.serialNumber;
    });
    expect(new Set(serials).size).toBe(SENTINEL.nodes.length);
  });

  it('are accepted in a handshake by those who trust the authority, and by nobody else', async () => {
    // A handshake looks at the clock of this machine.
    const present = { ...context, now: new Date() };
    const texts = carriedOut(NOTHING, await decideCertificates(SENTINEL, NOTHING, present));
    const strangers = await made();
    const { certificate: cert, key } = pairOf(texts, 'node-1');
    const ca = texts.get(CA_CERTIFICATE);
    const server = createServer({ cert, key, ca, requestCert: true }, (socket) => socket.end());
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const shake = (options: object) =>
      new Promise<string>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, cert, key, ...options }, () => {
          socket.destroy();
          resolve('accepted');
        });
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      });
    expect(await shake({ ca })).toBe('accepted');
    expect(await shake({ ca, servername: 'localhost' })).toBe('accepted');
    expect(await shake({ ca, servername: 'elsewhere' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await shake({ ca: strangers.get(CA_CERTIFICATE) })).toMatch(/SELF_SIGNED|UNABLE_TO|SIGNATURE/);
  });

  it('are made once', async () => {
    const texts = await made();
    const again = await decideCertificates(SENTINEL, texts, { ...context, now: inDays(400) });
    expect(written(again)).toEqual([]);
    expect(again).toHaveLength(texts.size);
  });

  it('are completed for new nodes', async () => {
    const larger = modelOf({ topology: { kind: 'sentinel', replicas: 3 } });
    const changes = await decideCertificates(larger, await made(), context);
    expect(written(changes)).toEqual(Object.values(pairPaths('node-4')));
  });

  it('are made anew where addresses change, from the same authority', async () => {
    const texts = await made();
    const moved = modelOf({ topology: { kind: 'sentinel' }, network: { subnet: '10.9.8.0/24' } });
    const changes = await decideCertificates(moved, texts, context);
    expect(written(changes)).toHaveLength(2 * moved.nodes.length);
    expect(certificateProblems(moved, carriedOut(texts, changes), NOW)).toEqual([]);
  });

  it.each([
    ['a lost key', (t: Map<string, string>) => t.delete(pairPaths('node-2').key)],
    ['a lost certificate', (t: Map<string, string>) => t.delete(pairPaths('node-2').certificate)],
    [
      'a text that is no certificate',
      (t: Map<string, string>) => t.set(pairPaths('node-2').certificate, 'x'),
    ],
    [
      'the key of another node',
      (t: Map<string, string>) => t.set(pairPaths('node-2').key, pairOf(t, 'node-1').key),
    ],
  ])('are made anew for %s', async (_, spoil) => {
    const texts = await made();
    spoil(texts);
    const changes = await decideCertificates(SENTINEL, texts, context);
    expect(written(changes)).toEqual(Object.values(pairPaths('node-2')));
    expect(certificateProblems(SENTINEL, carriedOut(texts, changes), NOW)).toEqual([]);
  });

  it('from another authority are no longer used', async () => {
    const texts = await made();
    for (const [path, text] of await made()) if (path.includes('node-3')) texts.set(path, text);
    expect(codes(texts, NOW)).toEqual(['error tls/certificate-unusable']);
    expect(written(await decideCertificates(SENTINEL, texts, context))).toEqual(
      Object.values(pairPaths('node-3')),
    );
  });
});

describe('an authority that is not whole', () => {
  it('is enough without its key while nothing has to be signed', async () => {
    const texts = await made();
    texts.delete(CA_KEY);
    expect(written(await decideCertificates(SENTINEL, texts, context))).toEqual([]);
    texts.delete(pairPaths('node-1').key);
    expect(await codeOf(decideCertificates(SENTINEL, texts, context))).toBe('tls/authority-key-lost');
    expect(await codeOf(issueAll(SENTINEL, texts, context))).toBe('tls/authority-key-lost');
  });

  it.each([
    ['tls/authority-lost', (t: Map<string, string>) => t.delete(CA_CERTIFICATE)],
    ['tls/authority-damaged', (t: Map<string, string>) => t.set(CA_CERTIFICATE, 'x')],
    ['tls/authority-damaged', (t: Map<string, string>) => t.set(CA_KEY, pairOf(t, 'node-1').key)],
  ])('is never replaced in silence: %s', async (code, spoil) => {
    const texts = await made();
    spoil(texts);
    expect(await codeOf(decideCertificates(SENTINEL, texts, context))).toBe(code);
    expect(await codeOf(issueAll(SENTINEL, texts, context))).toBe(code);
  });
});

describe('what is wrong with certificates', () => {
  it('is nothing while they are valid, a warning in the last month, and a refusal outside of their dates', async () => {
    const texts = await made();
    expect(codes(texts, NOW)).toEqual([]);
    expect(codes(texts, inDays(334))).toEqual([]);
    expect(codes(texts, inDays(336))).toEqual(['warning tls/certificate-expires-soon']);
    expect(codes(texts, inDays(366))).toEqual(['error tls/certificate-expired']);
    expect(codes(texts, inDays(-1))).toEqual(['error tls/authority-out-of-date']);
    expect(codes(texts, inDays(3649))).toEqual(['warning tls/authority-expires-soon']);
    expect(codes(texts, inDays(3651))).toEqual(['error tls/authority-out-of-date']);
    const renewed = await issueAll(SENTINEL, texts, { ...context, now: inDays(100) });
    texts.set(pairPaths('node-1').certificate, renewed.get('node-1')?.certificate ?? '');
    texts.set(pairPaths('node-1').key, renewed.get('node-1')?.key ?? '');
    expect(codes(texts, NOW)).toEqual(['error tls/certificate-not-yet-valid']);
  });

  it('names the nodes, the date and the remedy', async () => {
    const [expired] = certificateProblems(SENTINEL, await made(), inDays(366));
    expect(expired?.message).toMatch(
      /node-1, node-2, node-3, sentinel-1.* expired on Mar {2}1 12:00:00 2027 GMT/,
    );
    expect(expired?.remedy).toContain('rotate --certificates');
  });

  it('is no question for a stack without TLS', () => {
    expect(certificateProblems(modelOf({ security: { tls: false } }), NOTHING, NOW)).toEqual([]);
  });

  it('never outlive the authority', async () => {
    const late = await issueAll(SENTINEL, await made(), { ...context, now: inDays(3500) });
    const until = new X509Certificate(late.get('node-1')?.certificate ?? '').validTo;
    expect(new Date(until)).toEqual(inDays(3650));
  });
});

describe('a renewal', () => {
  const ROOT = '/shop';

  function disk(texts: ReadonlyMap<string, string>): MemoryFiles {
    const files = new MemoryFiles();
    for (const [path, text] of texts) files.write(`${ROOT}/${path}`, text, 0o644);
    return files;
  }

  const pairOn = (files: MemoryFiles) =>
    pairOf(
      new Map([...files.files].map(([path, { text }]) => [path.slice(ROOT.length + 1), text])),
      'node-1',
    );

  it('that is killed at any change of the disk leaves the old pair or the new one, and nothing else', async () => {
    const texts = await made();
    const next = (await issueAll(SENTINEL, texts, context)).get('node-1') as Pair;
    const whole = disk(texts);
    const before = whole.changes;
    writePair(whole, ROOT, 'node-1', next);
    const count = whole.changes - before;
    expect(count).toBe(6);
    const seen = new Set<string>();
    for (let at = 1; at <= count; at++) {
      const files = disk(texts);
      files.fault = { at: files.changes + at, kind: 'crash' };
      expect(() => writePair(files, ROOT, 'node-1', next)).toThrow(Crash);
      const rebooted = files.reboot();
      finishRenewal(rebooted, ROOT, SENTINEL.nodes);
      const pair = pairOn(rebooted);
      expect(isPair(pair), `killed at change ${at}`).toBe(true);
      seen.add(pair.certificate === next.certificate ? 'new' : 'old');
      expect(rebooted.files.size).toBe(texts.size);
    }
    expect(seen).toEqual(new Set(['old', 'new']));
  });

  it('that was killed within a file is not completed from it', async () => {
    const texts = await made();
    const next = (await issueAll(SENTINEL, texts, context)).get('node-1') as Pair;
    const { certificate, key } = pairPaths('node-1');
    const files = disk(texts);
    files.write(`${ROOT}/${key}.new`, next.key, 0o644);
    files.write(`${ROOT}/${certificate}.new`, next.certificate.slice(0, 300), 0o644);
    expect(finishRenewal(files, ROOT, SENTINEL.nodes)).toEqual([]);
    expect(pairOn(files)).toEqual(pairOf(texts, 'node-1'));
    expect(files.files.size).toBe(texts.size);
  });

  it('is completed before a start looks at the certificates', async () => {
    const texts = await made();
    const next = (await issueAll(SENTINEL, texts, context)).get('node-1') as Pair;
    const { certificate, key } = pairPaths('node-1');
    const files = disk(texts);
    files.write(`${ROOT}/${key}.new`, next.key, 0o644);
    files.write(`${ROOT}/${certificate}.new`, next.certificate, 0o644);
    files.write(`${ROOT}/${key}`, next.key, 0o644);
    expect(isPair(pairOn(files))).toBe(false);
    expect(expectCertificates(files, ROOT, SENTINEL, NOW)).toEqual([]);
    expect(pairOn(files)).toEqual(next);
    expect(() => expectCertificates(files, ROOT, SENTINEL, inDays(366))).toThrow(ProblemError);
  });
});

describe('the commands', () => {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');

  it('create makes them in the same step as passwords, and none where nothing is written', async () => {
    const dry = await runCommand(folder, ['dry', '--yes', '--tls', '--dry-run']);
    expect(dry.out).toContain(CA_CERTIFICATE);
    expect(() => statSync(join(folder, 'dry'))).toThrow('ENOENT');
    expect((await runCommand(folder, ['shop', '--yes', '--tls'])).code).toBe(0);
    expect(statSync(join(folder, 'shop', CA_KEY)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'shop/.secrets')).mode & 0o777).toBe(0o700);
    expect(read('shop/.env')).toContain(`REDIS_TLS_CA=${join(folder, 'shop', CA_CERTIFICATE)}\n`);
    expect(JSON.stringify(read('shop/.redis-stack/state.json'))).not.toMatch(/tls\/|BEGIN/);
  });

  it('update keeps them, and follows the folder', async () => {
    const before = read(`shop/${pairPaths('node-1').certificate}`);
    writeFileSync(
      join(folder, 'shop/.env'),
      read('shop/.env').replace(/REDIS_TLS_CA=.*/, `REDIS_TLS_CA=/old/place/${CA_CERTIFICATE}`),
    );
    expect((await runCommand(folder, ['update', 'shop', '--memory', '2Gi'])).code).toBe(0);
    expect(read(`shop/${pairPaths('node-1').certificate}`)).toBe(before);
    expect(read('shop/.env')).toContain(`REDIS_TLS_CA=${join(folder, 'shop', CA_CERTIFICATE)}\n`);
  });

  it('update without TLS takes the authority from the environment, and says what has to restart', async () => {
    const { out, code } = await runCommand(folder, ['update', 'shop', '--no-tls']);
    expect(code).toBe(0);
    expect(out).toContain('all nodes stop and start together');
    expect(read('shop/.env')).not.toContain('REDIS_TLS_CA');
    expect(read('shop/conf/redis.conf')).not.toContain('tls-');
    const back = await runCommand(folder, ['update', 'shop', '--tls']);
    expect(back.out).toContain('REDIS_TLS_CA');
    expect(read('shop/.env')).toContain('REDIS_TLS_CA=');
  });
});
