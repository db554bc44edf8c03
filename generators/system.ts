import type Generator from 'yeoman-generator';
import { randomBytes, realFiles, type System } from '../src/system.ts';

/** The effects that the pipeline needs, with Yeoman's own output. */
export function systemOf(generator: Generator): System {
  return {
    files: realFiles,
    cwd: generator.destinationRoot(),
    env: process.env,
    interactive: process.stdin.isTTY === true,
    randomBytes,
    out: (text) => generator.log.write(text),
    err: (text) => generator.log.write(text),
  };
}
