import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { directiveFacts } from '../src/engines/catalogue.ts';
import { readConf } from '../src/engines/conf-lines.ts';
import { resolveEngine } from '../src/engines/releases.ts';
import { generate } from '../src/pipeline.ts';
import { expectValue } from '../src/problem.ts';
import { equivalentCommand } from '../src/spec/command.ts';
import { leafPaths } from '../src/spec/fields.ts';
import { assign, parseAssignment, shortAssignments } from '../src/spec/flags.ts';
import { parseSpec } from '../src/spec/parse.ts';
import { printSpec } from '../src/spec/print.ts';
import { readSpecText } from '../src/spec/read.ts';
import type { StackSpec } from '../src/spec/types.ts';
import { anySpec, hostileText } from './support/specs.ts';

const RUNS = { numRuns: 300 };

/** Runs a property over the specs that the rules accept. */
function forAcceptedSpecs(check: (spec: StackSpec) => void): void {
  let accepted = 0;
  fc.assert(
    fc.property(anySpec, (input) => {
      const parsed = parseSpec(input, 'shop');
      if (!parsed.ok) return;
      accepted += 1;
      check(parsed.value.spec);
    }),
    RUNS,
  );
  // A generator that only made refused specs would prove nothing.
  expect(accepted).toBeGreaterThan(RUNS.numRuns / 4);
}

describe('every accepted spec', () => {
  it('renders, twice the same bytes', () => {
    forAcceptedSpecs((spec) => {
      const first = generate(spec).files;
      expect(generate(spec).files).toEqual(first);
      for (const { path, text } of first) {
        // The client's own sources may speak of undefined; what is printed from data may not.
        if (!path.startsWith('client/') || /(stack|index)\.ts$|\.json$/.test(path))
          expect(text, path).not.toMatch(/undefined|\[object Object\]|NaN/);
        expect(text.endsWith('\n'), path).toBe(true);
      }
    });
  });

  it('survives being printed and read again', () => {
    forAcceptedSpecs((spec) => {
      const again = expectValue(parseSpec(expectValue(readSpecText(printSpec(spec), 'x')), 'other'));
      expect(again.spec).toEqual(spec);
      expect(again.decided).toEqual([]);
    });
  });

  it('is written again by its equivalent command', () => {
    forAcceptedSpecs((spec) => {
      const words = shellWords(equivalentCommand(spec, spec.name)).slice(4);
      const assignments = words.flatMap((word, i) => readFlag(word, words[i + 1] ?? ''));
      const input = expectValue(assign({}, assignments));
      expect(expectValue(parseSpec(input, 'shop')).spec).toEqual(spec);
    });
  });

  it('never writes a directive that its release line does not know, and each directive once', () => {
    forAcceptedSpecs((spec) => {
      const engine = expectValue(resolveEngine(spec.engine.name, spec.engine.version));
      const conf = generate(spec).files.find((file) => file.path === 'conf/redis.conf');
      const names = readConf(conf?.text ?? '').map((line) => line.name);
      expect(names.filter((name) => directiveFacts(engine, name) === undefined)).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    });
  });

  it('gives every node a port, an address and a name of its own', () => {
    forAcceptedSpecs((spec) => {
      const { nodes } = generate(spec).model;
      const ports = nodes.flatMap((node) => [node.port, ...(node.busPort ? [node.busPort] : [])]);
      expect(new Set(ports).size).toBe(ports.length);
      expect(Math.max(...ports)).toBeLessThan(65_536);
      expect(new Set(nodes.map((node) => node.ip)).size).toBe(nodes.length);
      expect(new Set(nodes.map((node) => node.name)).size).toBe(nodes.length);
      for (const { ip } of nodes) expect(Number(ip.split('.')[3])).toBeLessThan(255);
    });
  });

  it('fits maxmemory and what goes with it into the limit', () => {
    forAcceptedSpecs((spec) => {
      const { memory } = generate(spec).model;
      const sum = memory.parts.reduce((total, part) => total + part.bytes, 0);
      expect(sum).toBe(memory.limitBytes);
      expect(memory.maxmemoryBytes).toBeLessThan(memory.limitBytes);
    });
  });
});

function readFlag(word: string, value: string) {
  if (word === '--set') return [expectValue(parseAssignment(value))];
  const flag = /^--(engine|workload|topology|memory|name)$/.exec(word)?.[1];
  return flag ? shortAssignments(flag as 'engine', value) : [];
}

/** Words as a POSIX shell reads them: plain, or in single quotes. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/((?:'[^']*'|\\'|[^\s'])+)/g)].map(([word]) =>
    word.replaceAll("'\\''", '\u0001').replaceAll("'", '').replaceAll('\u0001', "'"),
  );
}

describe('hostile text in any answer', () => {
  it('is refused with a place and a remedy, or written so that it stays a text', () => {
    fc.assert(
      fc.property(fc.constantFrom(...leafPaths()), hostileText, (path, text) => {
        const assigned = assign({ name: 'shop' }, [{ flag: '--set', path, text }]);
        const parsed = assigned.ok ? parseSpec(assigned.value, 'shop') : assigned;
        if (!parsed.ok) {
          for (const p of parsed.problems)
            expect([p.at, p.message, p.remedy].every((part) => part.length > 0)).toBe(true);
          return;
        }
        const { files } = generate(parsed.value.spec);
        const yaml = files.find((file) => file.path === 'redis-stack.yaml')?.text ?? '';
        expect(parseYaml(yaml)).toEqual(JSON.parse(JSON.stringify(parsed.value.spec)));
      }),
      { numRuns: 1000 },
    );
  });

  it('in a whole spec never throws anything but problems', () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), (input) => {
        const parsed = parseSpec(input, 'shop');
        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
