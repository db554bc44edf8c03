import { readFileSync } from 'node:fs';
import type { Environment } from './environment.js';

const files = ['REDIS_PASSWORD_FILE', 'REDIS_SENTINEL_PASSWORD_FILE'] as const;

/** The password in a file: its first line. Rejects as the system does where the file cannot be read. */
export function readPasswordFile(path: string): string {
  return (readFileSync(path, 'utf8').split('\n')[0] ?? '').trim();
}

/** What the files hold that the environment names; undefined where one cannot be read or is empty at the moment. */
export function passwordsInFiles(env: Environment): readonly string[] | undefined {
  try {
    const found = files.map((name) => {
      const path = env[name];
      return path ? readPasswordFile(path) : undefined;
    });
    return found.includes('') ? undefined : found.filter((text) => text !== undefined);
  } catch {
    return undefined;
  }
}

/** Gives a function that says whether the files hold other passwords by then. Without files, they never do. */
export function notePasswords(env: Environment): () => boolean {
  if (files.every((name) => !env[name])) return () => false;
  const before = passwordsInFiles(env);
  return () => {
    const now = passwordsInFiles(env);
    return now !== undefined && now.join('\n') !== before?.join('\n');
  };
}
