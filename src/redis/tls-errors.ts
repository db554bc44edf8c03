/** What the handshake said, in words that say whose fault it is; undefined where TLS has nothing to do with it. */
export function explainHandshake(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
  return code === undefined ? undefined : (SAID[code] ?? protocol(code, message));
}

const FROM_ANOTHER = 'its certificate is not from the authority in .secrets/tls/ca.crt';

const SAID: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired: create-redis-stack rotate --certificates',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: look at the clocks of both machines',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is not made out to the address that is called',
  DEPTH_ZERO_SELF_SIGNED_CERT: FROM_ANOTHER,
  SELF_SIGNED_CERT_IN_CHAIN: FROM_ANOTHER,
  UNABLE_TO_GET_ISSUER_CERT: FROM_ANOTHER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: FROM_ANOTHER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: FROM_ANOTHER,
  CERT_SIGNATURE_FAILURE: FROM_ANOTHER,
};

function protocol(code: string, message: string): string | undefined {
  return code === 'EPROTO' || code.startsWith('ERR_SSL_')
    ? `it does not speak TLS as expected (${message.split(':')[5] ?? code})`
    : undefined;
}
