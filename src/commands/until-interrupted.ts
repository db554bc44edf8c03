/** What `work` is told when it is to end early. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Runs `work` with a signal that Ctrl-C or SIGTERM gives, once: it then ends in order. True where it was ended so. A
 * second Ctrl-C ends the process.
 */
export async function untilInterrupted(work: (signal: AbortSignal) => Promise<unknown>): Promise<boolean> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Interrupted('interrupted'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await work(controller.signal);
    return controller.signal.aborted;
  } catch (error) {
    if (controller.signal.aborted) return true;
    throw error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
