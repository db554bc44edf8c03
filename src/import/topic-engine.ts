import { compareLines, FAMILIES, newestUpTo } from '../engines/releases.ts';
import { NAME, type SpecInput } from '../spec/schema.ts';
import type { Reading } from './reading.ts';

const BITNAMI = /^(?:bitnami|bitnamilegacy|bitnamisecure|bitnamiprem)\//;

/** Name, engine and release line. `asked` is a name that the user gives. */
export function readEngine(reading: Reading, asked: string | undefined): SpecInput {
  const version = readVersion(reading);
  readImage(reading);
  const name = readName(reading, asked);
  return {
    ...(name === undefined ? {} : { name }),
    engine: { name: reading.engine, ...(version === undefined ? {} : { version }) },
  };
}

function readName(reading: Reading, asked: string | undefined): string | undefined {
  let name = asked;
  for (const key of ['fullnameOverride', 'nameOverride']) {
    const text = reading.text(key);
    if (text === undefined) continue;
    if (name !== undefined) {
      reading.say(key, { verdict: 'not-needed', why: `The stack is named ${name}.` });
    } else if (NAME.test(text)) {
      name = text;
      reading.take(key, 'name', text, 'Objects of the chart begin with it.');
    } else {
      reading.say(key, { verdict: 'not-possible', why: 'It is no name of a stack; choose one with --name.' });
    }
  }
  return name;
}

function readVersion(reading: Reading): string | undefined {
  const tag = reading.text('image.tag');
  if (tag === undefined) return undefined;
  const family = FAMILIES[reading.engine];
  const line = /^v?(\d{1,3}\.\d{1,3})(?:\D|$)/.exec(tag)?.[1];
  if (line === undefined) {
    reading.say('image.tag', {
      verdict: 'not-possible',
      why: `The tag names no release; ${family.title} ${family.defaultLine} is what is proven here. Set engine.version to what runs now.`,
    });
    return undefined;
  }
  const oldest = family.lines[0] ?? family.defaultLine;
  const version = compareLines(line, oldest) < 0 ? oldest : newestUpTo(reading.engine, line);
  const why =
    version === line
      ? 'The release line; the official image follows it.'
      : compareLines(line, version) < 0
        ? `${line} is older than what the stack supports; ${version} reads its data.`
        : `${line} is not known here; ${version} is the nearest before it.`;
  reading.take('image.tag', 'engine.version', `"${version}"`, why);
  return version;
}

function readImage(reading: Reading): void {
  const repository = reading.text('image.repository');
  const registry = reading.text('image.registry');
  const own = repository !== undefined && !BITNAMI.test(repository);
  const official = 'The official image takes its place.';
  reading.say(
    'image.repository',
    own
      ? {
          verdict: 'elsewhere',
          to: 'helm:image.repository',
          why: 'If it has the servers on its PATH; they need nothing else of an image.',
        }
      : { verdict: 'not-needed', why: official },
  );
  const elsewhere = registry !== undefined && !/(^|\.)docker\.io$/.test(registry);
  reading.say(
    'image.registry',
    elsewhere
      ? {
          verdict: 'elsewhere',
          to: 'helm:image.repository',
          why: 'The registry stands before the name of the image.',
        }
      : { verdict: 'not-needed', why: official },
  );
}
