import type { Log, ReportingDescriptor, Result } from 'sarif';
import { VERSION } from './version.ts';

/** Findings in SARIF 2.1.0, for systems that show them beside the files they are about. */
export function sarifLog(rules: ReportingDescriptor[], results: Result[]): string {
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'create-redis-stack', semanticVersion: VERSION, rules } },
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** `files/update-needed` as SARIF wants names: `FilesUpdateNeeded`. */
export const sarifName = (id: string): string =>
  id.replaceAll(/(?:^|[/-])(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The address of a file from the root of the repository. */
export const sarifUri = (prefix: string, file: string): string =>
  encodeURI(prefix === '' ? file : `${prefix}/${file}`);
