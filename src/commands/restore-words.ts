import type { Drilled } from '../backup/drill.ts';
import type { Restored } from '../backup/restore.ts';
import type { Sampled } from '../backup/sample.ts';
import type { BackupSet } from '../backup/sets.ts';
import { colors } from '../colors.ts';
import { alignedTable } from './table.ts';

/** What was written, a line a file, and what should not be. */
export function restoreReport(set: BackupSet, restored: Restored): string {
  const { shards, functions, seconds, findings } = restored;
  const rows = shards.map((s) => [
    s.file,
    s.keys,
    s.written,
    s.kept,
    s.expired,
    s.failed,
    sampleWords(s.sample),
  ]);
  const written = shards.reduce((sum, shard) => sum + shard.written, 0);
  const rate = Math.round(written / Math.max(0.001, seconds)).toLocaleString('en');
  const libraries =
    functions === 0 ? '' : ` and ${functions} function ${functions === 1 ? 'library' : 'libraries'}`;
  return [
    alignedTable([['file', 'keys', 'written', 'already there', 'run out', 'refused', 'sample'], ...rows]),
    '',
    `${colors.green('Restored')} ${colors.bold(set.name)}: ${written.toLocaleString('en')} keys${libraries} in ${seconds.toFixed(1)} s, ${rate} keys a second. The stack holds ${restored.after.toLocaleString('en')} keys.`,
    ...findings.map((line) => `${colors.red('But:')} ${line}`),
    '',
  ].join('\n');
}

/** What a set turned out to hold, a line a file, and what should not be. */
export function drillReport(set: BackupSet, { shards, findings }: Drilled): string {
  const rows = shards.map((s) => [
    s.file,
    s.noted,
    s.found,
    s.expired,
    s.sample ? sampleWords(s.sample) : '',
  ]);
  return [
    alignedTable([['file', 'noted keys', 'found', 'run out', 'sample, held against the stack'], ...rows]),
    '',
    findings.length === 0
      ? `${colors.green('The set can be relied on:')} ${set.name} of ${set.manifest.time}.`
      : `${colors.red('Do not rely on')} ${set.name}:`,
    ...findings.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function sampleWords({ looked, missing, different }: Sampled): string {
  const same = looked - missing.length - different.length;
  const rest = [
    ...(missing.length > 0 ? [`${missing.length} not there`] : []),
    ...(different.length > 0 ? [`${different.length} different`] : []),
  ];
  return [`${same} of ${looked} the same`, ...rest].join(', ');
}
