/** The address with the given last number in a /24, for instance `172.30.5.11`. */
export function hostIn(subnet: string, last: number): string {
  return subnet.replace(/\.0\/24$/, `.${last}`);
}
