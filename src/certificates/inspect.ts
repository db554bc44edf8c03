import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { CertificateNames } from './names.ts';

/** A certificate and the key that belongs to it, as PEM texts. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** The certificate in a PEM text, or undefined where it holds none. */
export function readCertificate(pem: string | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** True where the key is that of the certificate; texts that are neither are no pair. */
export function isPair({ certificate, key }: Pair): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

export function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** True where a client that calls the server by any of these names accepts the certificate. */
export function covers(certificate: X509Certificate, { dns, ip }: CertificateNames): boolean {
  return (
    dns.every((name) => certificate.checkHost(name) !== undefined) &&
    ip.every((address) => certificate.checkIP(address) !== undefined)
  );
}

export type Validity = 'valid' | 'not-yet' | 'expired';

export function validityAt(certificate: X509Certificate, now: Date): Validity {
  if (now < new Date(certificate.validFrom)) return 'not-yet';
  return now > new Date(certificate.validTo) ? 'expired' : 'valid';
}

/** Whole days until the certificate expires, rounded down; negative afterwards. */
export function daysLeft(certificate: X509Certificate, now: Date): number {
  return Math.floor((new Date(certificate.validTo).getTime() - now.getTime()) / DAY_MS);
}

export const DAY_MS = 24 * 3600 * 1000;
