/** What brings servers of a stack to what its files say, however they run. */
export const TO_THE_FILES =
  '`create-redis-stack update --live` brings plain processes to the files; for servers in Compose `doctor --fix` prints the settings.';

/** `1,234,567`. */
export const count = (n: number): string => Math.round(n).toLocaleString('en-US');

/** `1 key`, `12 keys`; the plural where it is not the noun with an s. */
export const many = (n: number, noun: string, plural = `${noun}s`): string =>
  `${count(n)} ${n === 1 ? noun : plural}`;

/** A share of 1 as `12 %`; below 10 % with one decimal. */
export function percent(share: number): string {
  const hundredths = share * 100;
  if (hundredths > 0 && hundredths < 0.1) return 'less than 0.1 %';
  return `${hundredths.toFixed(hundredths < 10 && hundredths > 0 ? 1 : 0).replace(/\.0$/, '')} %`;
}

/** Microseconds as `340 µs`, `1.2 ms` or `2.5 s`. */
export function duration(usec: number): string {
  const trim = (n: number) => (n < 10 ? n.toFixed(1).replace(/\.0$/, '') : count(n));
  if (usec < 1000) return `${trim(usec)} µs`;
  if (usec < 1_000_000) return `${trim(usec / 1000)} ms`;
  return `${trim(usec / 1_000_000)} s`;
}

/** Seconds as people say them: `40 s`, `12 min`, `5 h`, `3 days`. */
export function period(seconds: number): string {
  if (seconds < 120) return `${count(seconds)} s`;
  if (seconds < 7200) return `${count(seconds / 60)} min`;
  if (seconds < 172_800) return `${count(seconds / 3600)} h`;
  return `${count(seconds / 86_400)} days`;
}

/** `a`, `a and b`, `a, b and c`; each once. */
export function inWords(names: readonly string[]): string {
  const all = [...new Set(names)];
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}
