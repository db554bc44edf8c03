/**
 * The last numbers of addresses begin here. A cluster and a stack without slots may run side by side while one becomes the
 * other, so they share none, up to 38 shards; what comes before is Docker's to give away.
 */
export const LAST_NUMBERS = { cluster: 11, sentinels: 201, data: 211 } as const;

/** The address with the given last number in a /24, for instance `172.30.5.211`. */
export function hostIn(subnet: string, last: number): string {
  return subnet.replace(/\.0\/24$/, `.${last}`);
}
