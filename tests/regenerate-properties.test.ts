import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyStack, generate, planStack } from '../src/pipeline.ts';
import { merge } from '../src/plan/merge/index.ts';
import type { Plan } from '../src/plan/types.ts';
import { editSpecText } from '../src/spec/edit.ts';
import { parseSpec } from '../src/spec/parse.ts';
import type { StackSpec } from '../src/spec/types.ts';
import { MemoryFiles } from './support/memory-files.ts';
import { editLines, ownLines, type RandomEdit, randomEdits } from './support/random-edits.ts';
import { anySpec } from './support/specs.ts';

const ROOT = '/home/me/shop';
const system = (files: MemoryFiles) => ({ files, randomBytes: (count: number) => Buffer.alloc(count, 7) });
/** Some hundred in the everyday suite, a minute; the bench asks for more. */
const numRuns = Number(process.env.PROPERTY_RUNS ?? 300);
const timeout = numRuns * 400;

const acceptable: fc.Arbitrary<StackSpec> = anySpec
  .map((input) => parseSpec({ ...input, name: 'shop' }, 'shop'))
  .filter((parsed) => parsed.ok)
  .map((parsed) => (parsed as Extract<typeof parsed, { ok: true }>).value.spec);

/** Brings a stack in memory to a spec, as `update` does, and gives the plan that it carried out. */
function update(files: MemoryFiles, spec: StackSpec, before?: StackSpec): Plan {
  const generated = generate(spec, before);
  const editing = before && { merge, editSpec: editSpecText };
  const plan = planStack(system(files), ROOT, generated, editing);
  applyStack(system(files), ROOT, generated, plan);
  return plan;
}

/** The files that a user would edit: not the spec, which says what the stack is, nor our records and secrets. */
function editable(files: MemoryFiles): readonly string[] {
  const all = [...files.files.keys()].map((path) => path.slice(ROOT.length + 1));
  return all.filter((path) => !/^(\.redis-stack|\.secrets)\/|^\.env$|^redis-stack\.yaml$/.test(path)).sort();
}

function applyEdits(files: MemoryFiles, edits: readonly RandomEdit[]): ReadonlySet<string> {
  const deleted = new Set<string>();
  for (const edit of edits) {
    const paths = editable(files);
    const path = paths[edit.file % paths.length] ?? '';
    const at = `${ROOT}/${path}`;
    const entry = files.files.get(at);
    if (!entry) continue;
    if (edit.kind === 'delete') {
      files.files.delete(at);
      deleted.add(path);
    } else files.files.set(at, { ...entry, text: editLines(path, entry.text, edit) });
  }
  return deleted;
}

/** Everything but the secrets: a user that came and went leaves its password behind. */
function visible(files: MemoryFiles): Readonly<Record<string, string>> {
  const kept = [...files.files].filter(([path]) => !/\/\.secrets\/|\/\.env$/.test(path));
  return Object.fromEntries(
    kept.map(([path, { text, mode }]) => [path, `${mode.toString(8)} ${text}`]).sort(),
  );
}

describe('random specs, random edits, random next specs', { timeout }, () => {
  it('no line that a user wrote is lost, what they deleted stays away, and a second run changes nothing', () => {
    let [merged, clashed, kept] = [0, 0, 0];
    fc.assert(
      fc.property(acceptable, acceptable, randomEdits, (from, to, edits) => {
        const files = new MemoryFiles();
        update(files, from);
        const deleted = applyEdits(files, edits);
        files.write(`${ROOT}/conf/mine.txt`, 'own 1\n', 0o600);
        const mine = new Map(
          editable(files).map((path) => [path, ownLines(files.files.get(`${ROOT}/${path}`)?.text ?? '')]),
        );
        const plan = update(files, to, from);
        for (const [path, lines] of mine) {
          const after = files.files.get(`${ROOT}/${path}`)?.text ?? '';
          const there = new Set(after.split(/\r?\n/));
          const shown = `${path}: ${plan.changes.find((c) => c.path === path)?.reason}`;
          // What becomes the last of its kind in JSON gives up its comma.
          const words = (line: string) => line.trim().replace(path.endsWith('.json') ? /,$/ : /$^/, '');
          expect(
            lines.filter((line) => !there.has(line) && !after.includes(words(line))),
            shown,
          ).toEqual([]);
        }
        for (const path of deleted) expect(files.files.has(`${ROOT}/${path}`), path).toBe(false);
        merged += plan.changes.filter((c) => c.action === 'merge').length;
        clashed += plan.changes.filter((c) => c.action === 'conflict').length;
        kept += plan.changes.filter((c) => c.reason === 'retired' && c.pristine !== undefined).length;

        const once = visible(files);
        const again = update(files, to, to);
        expect(again.changes.filter((c) => !['keep', 'conflict'].includes(c.action))).toEqual([]);
        expect(again.recordsMove).toBe(false);
        expect(visible(files)).toEqual(once);
      }),
      { numRuns },
    );
    // Otherwise the edits would not have met ours.
    expect(Math.min(merged, clashed, kept)).toBeGreaterThan(numRuns / 20);
  });

  it('there and back again is where an untouched stack was, to the byte', () => {
    fc.assert(
      fc.property(acceptable, acceptable, (a, b) => {
        const files = new MemoryFiles();
        update(files, a);
        const before = visible(files);
        update(files, b, a);
        update(files, a, b);
        expect(visible(files)).toEqual(before);
      }),
      { numRuns },
    );
  });
});
