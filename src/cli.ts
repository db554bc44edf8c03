#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { run } from './commands/program.ts';
import { realFiles, type System } from './system.ts';

const system: System = {
  files: realFiles,
  cwd: process.cwd(),
  env: process.env,
  interactive: process.stdin.isTTY === true && process.stdout.isTTY === true,
  randomBytes: (count) => randomBytes(count),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
};

process.exitCode = await run(system, process.argv.slice(2));
