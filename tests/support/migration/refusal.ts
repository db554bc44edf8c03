import { ErrorReply } from '@redis/client';

/** Whether a server said no, so that the call has certainly not taken place; anything else may have happened. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof ErrorReply) return true;
  if (!(error instanceof Error)) return false;
  return error.name === 'ReplyError' || (error as { code?: unknown }).code === 'redis/refused';
}
