import type { TestProject } from 'vitest/node';
import { composePlugin, openDocker } from '../engines/docker.mjs';
import { bringImages, engineImages } from '../engines/images.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** What a program needs in its environment to find the Docker engine. */
    readonly docker: Record<string, string>;
  }
}

/** An engine for the suite: the one that answers, or one of our own, ended afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await openDocker();
  try {
    const env = { ...engine.env, ...(await composePlugin(engine.env)) };
    await bringImages(env, await engineImages());
    project.provide('docker', env);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return engine.close;
}
