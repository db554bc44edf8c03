// Brings the images of the servers before the tests that need them: building them takes minutes and hardly a core.
import { openDocker } from '../engines/docker.mjs';
import { bringImages, engineImages } from '../engines/images.mjs';

const engine = await openDocker();
try {
  await bringImages(engine.env, await engineImages());
} finally {
  await engine.close();
}
