#!/usr/bin/env node
import { isatty } from 'node:tty';
import { run } from './commands/program.ts';
import { printTo, randomBytes, realFiles, type System } from './system.ts';

const system: System = {
  files: realFiles,
  cwd: process.cwd(),
  env: process.env,
  // Asked of the descriptors: opening the streams costs several milliseconds that most commands do not need.
  interactive: isatty(0) && isatty(1),
  randomBytes,
  out: (text) => printTo(1, text),
  err: (text) => printTo(2, text),
};

void run(system, process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
