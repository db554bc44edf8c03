import 'reflect-metadata';
import { type webcrypto as WebCrypto, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { DAY_MS, type Pair } from './inspect.ts';
import type { CertificateNames } from './names.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const AUTHORITY_DAYS = 3650;
const NODE_DAYS = 365;
/** Clocks of two machines differ a little; a certificate from the future is refused. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** What issuing takes from the world. */
export interface IssueContext {
  readonly now: Date;
  readonly randomBytes: (count: number) => Buffer;
}

/** A certificate authority of one stack alone: whoever trusts it trusts nothing else with that. */
export async function makeAuthority(stack: string, context: IssueContext): Promise<Pair> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...dates(context, AUTHORITY_DAYS),
    serialNumber: serialNumber(context),
    name: [{ CN: [`${stack} certificate authority`] }],
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      // No authority below it.
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: textOf(certificate), key: await keyText(keys) };
}

/** A certificate for a node, for use as a server and, towards its peers, as a client. */
export async function issueCertificate(
  authority: Pair,
  subject: string,
  { dns, ip }: CertificateNames,
  context: IssueContext,
): Promise<Pair> {
  const issuer = new X509Certificate(authority.certificate);
  const keys = await makeKeys();
  const wanted = dates(context, NODE_DAYS);
  const certificate = await X509CertificateGenerator.create({
    ...wanted,
    // Never longer than whoever vouches for it.
    notAfter: new Date(Math.min(wanted.notAfter.getTime(), issuer.notAfter.getTime())),
    serialNumber: serialNumber(context),
    issuer: issuer.subjectName,
    subject: [{ CN: [subject] }],
    signingAlgorithm: ALGORITHM,
    signingKey: await signingKey(authority.key),
    publicKey: keys.publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([
        ...dns.map((value) => ({ type: 'dns' as const, value })),
        ...ip.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificate: textOf(certificate), key: await keyText(keys) };
}

type Keys = WebCrypto.CryptoKeyPair;

function makeKeys(): Promise<Keys> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function dates({ now }: IssueContext, days: number) {
  return {
    notBefore: new Date(now.getTime() - CLOCK_SKEW_MS),
    notAfter: new Date(now.getTime() + days * DAY_MS),
  };
}

/** 126 random bits: positive, and of the same length each time. */
function serialNumber({ randomBytes }: IssueContext): string {
  const bytes = Buffer.from(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function textOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function keyText(keys: Keys): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}

function signingKey(pem: string): Promise<WebCrypto.CryptoKey> {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', bytes, ALGORITHM, false, ['sign']);
}
