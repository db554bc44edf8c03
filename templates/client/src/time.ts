/** What `within` gives for a promise that took too long. */
export const late = Symbol('late');

/** Waits for a promise at most `ms` milliseconds. It goes on after that; its outcome, even a rejection, is then ignored. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof late>((resolve) => {
    timer = setTimeout(resolve, ms, late);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
