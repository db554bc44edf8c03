import { X509Certificate } from 'node:crypto';
import { type ConnectionOptions, connect, type PeerCertificate } from 'node:tls';
import type { Address } from '../model/types.ts';

/**
 * The serial number of the certificate that a server shows, in capital hexadecimal digits. Rejects where the handshake
 * fails: an authority that is not the given one (PEM), another name or address, an expired certificate, no answer.
 */
export async function servedSerial(address: Address, ca: string, timeoutMs = 2000): Promise<string> {
  return (await shake({ ...address, ca, timeout: timeoutMs })).serialNumber;
}

/** Rejects unless the server shows this very certificate (PEM) and has its key; the dates in it do not matter. */
export async function expectCertificate(address: Address, only: string, timeoutMs: number): Promise<void> {
  const shown = await shake({ ...address, rejectUnauthorized: false, timeout: timeoutMs });
  if (shown.fingerprint256 !== new X509Certificate(only).fingerprint256)
    throw new Error('it does not show the certificate that it was given');
}

function shake(options: ConnectionOptions): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.once('error', fail);
    socket.once('timeout', () => fail(new Error(`no handshake within ${options.timeout} ms`)));
    socket.once('secureConnect', () => {
      const shown = socket.getPeerCertificate();
      socket.destroy();
      resolve(shown);
    });
  });
}
