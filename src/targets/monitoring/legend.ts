const OPEN = '{'.repeat(2);
const CLOSE = '}'.repeat(2);

/** Grafana fills in what stands in angle brackets with a label of the series. */
export function filledByGrafana(text: string): string {
  return text.replace(/<([a-z_]+)>/g, (_, name: string) => `${OPEN}${name}${CLOSE}`);
}
