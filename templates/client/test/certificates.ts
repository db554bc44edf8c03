import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A private authority in a folder of its own, and certificates that it signs; all are paths. */
export function createAuthority() {
  const dir = mkdtempSync(join(tmpdir(), 'certificates-'));
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = join(dir, 'ca.crt');
  const caKey = join(dir, 'ca.key');
  openssl('req', '-x509', ...newKey, '-keyout', caKey, '-out', ca, '-days', '2', '-subj', '/CN=authority');
  return {
    ca,
    /** A text in a file, to be taken for a certificate. */
    write: (name: string, text: string): string => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    },
    /** `names` as in `DNS:redis.test` or `IP:127.0.0.1`. */
    sign: (subject: string, ...names: readonly string[]): Certificate => {
      const [cert, key, request] = ['crt', 'key', 'csr'].map((end) => join(dir, `${subject}.${end}`)) as [
        string,
        string,
        string,
      ];
      openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${subject}`);
      const extensions = join(dir, `${subject}.cnf`);
      writeFileSync(extensions, names.length > 0 ? `subjectAltName=${names.join(',')}\n` : '');
      const signing = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', extensions];
      openssl('x509', '-req', '-in', request, ...signing, '-out', cert);
      return { cert, key };
    },
    remove: () => rmSync(dir, { recursive: true }),
  };
}
