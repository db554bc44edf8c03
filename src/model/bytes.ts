/**
 * Sizes as people write them: Kubernetes units (`512Mi`, `1Gi`) and Redis units, where `kb`, `mb`, `gb` are powers of
 * 1024 and `k`, `m`, `g` powers of 1000 (redis.conf).
 */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 2 ** 10,
  ki: 2 ** 10,
  kib: 2 ** 10,
  m: 1e6,
  mb: 2 ** 20,
  mi: 2 ** 20,
  mib: 2 ** 20,
  g: 1e9,
  gb: 2 ** 30,
  gi: 2 ** 30,
  gib: 2 ** 30,
  t: 1e12,
  tb: 2 ** 40,
  ti: 2 ** 40,
  tib: 2 ** 40,
};

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** The size in bytes, or undefined when the text is not a size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)\s?([a-z]{0,3})$/i.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? '?').toLowerCase()];
  if (!match || unit === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Redis notation, exact to the byte: `663mb`, `1gb`, or plain bytes. */
export function redisBytes(bytes: number): string {
  if (bytes > 0 && bytes % GIB === 0) return `${bytes / GIB}gb`;
  if (bytes > 0 && bytes % MIB === 0) return `${bytes / MIB}mb`;
  return String(bytes);
}

/** Compose and Kubernetes notation for people: `663 MiB`, `1.5 GiB`. */
export function humanBytes(bytes: number): string {
  if (bytes >= GIB) return `${trim(bytes / GIB)} GiB`;
  if (bytes >= MIB) return `${trim(bytes / MIB)} MiB`;
  if (bytes >= 1024) return `${trim(bytes / 1024)} KiB`;
  return `${bytes} B`;
}

function trim(n: number): string {
  return n.toFixed(1).replace(/\.0$/, '');
}
