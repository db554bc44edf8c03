import { XMLBuilder } from 'fast-xml-parser';
import type { Result } from 'sarif';
import type { CheckResult } from '../checks/types.ts';
import { formatProblem, type Problem } from '../problem.ts';
import { sarifLog, sarifName, sarifUri } from '../sarif.ts';

/** What one checker found, or what stopped all of them. */
export interface Checked {
  readonly id: string;
  readonly title: string;
  readonly result: CheckResult;
}

/** How a finding's place becomes a file that a code host can show. */
export interface Places {
  /** The folder of the stack as seen from the root of the repository, without a slash at its end; empty for itself. */
  readonly prefix: string;
  readonly isFile: (path: string) => boolean;
}

/** The findings for systems that read JUnit's XML: one test case a checker. */
export function toJunit(checked: readonly Checked[]): string {
  const count = (status: CheckResult['status']) => checked.filter((c) => c.result.status === status).length;
  const totals = {
    '@name': 'create-redis-stack check',
    '@tests': checked.length,
    '@failures': count('failed'),
    '@errors': 0,
    '@skipped': count('skipped'),
  };
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    format: true,
    suppressEmptyNode: true,
  });
  const suites = { testsuites: { testsuite: { ...totals, testcase: checked.map(testCase) } } };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(suites)}`;
}

function testCase({ id, title, result }: Checked) {
  const { status, said, findings } = result;
  const base = { '@classname': `redis-stack.${id}`, '@name': title };
  if (status === 'skipped') return { ...base, skipped: { '@message': legal(said) } };
  if (status === 'ok') return base;
  const [first] = findings;
  return {
    ...base,
    failure: {
      '@type': legal(first?.code ?? id),
      '@message': legal(first?.message ?? said),
      '#text': legal(findings.map(formatProblem).join('\n')),
    },
  };
}

/** XML 1.0 has no way to write most control characters, nor half of a surrogate pair. */
function legal(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being replaced
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\uFFFD');
}

/** The findings in SARIF 2.1.0, with addresses relative to the root of the repository. */
export function toSarif(checked: readonly Checked[], places: Places): string {
  const findings = checked.flatMap(({ result }) => result.findings);
  const rules = [...new Map(findings.map((f) => [f.code, f])).values()].map(({ code, remedy }) => ({
    id: code,
    name: sarifName(code),
    help: { text: remedy },
  }));
  return sarifLog(
    rules,
    findings.map((finding) => sarifResult(finding, places)),
  );
}

function sarifResult(finding: Problem, places: Places): Result {
  const { file, line } = placeOf(finding, places);
  const uri = sarifUri(places.prefix, file);
  const detail = (finding.detail ?? []).map((said) => `\n${said}`).join('');
  return {
    ruleId: finding.code,
    level: finding.severity,
    message: { text: `${finding.at}: ${finding.message}${detail}\n${finding.remedy}` },
    locations: [{ physicalLocation: { artifactLocation: { uri }, region: { startLine: line } } }],
  };
}

/** The file and line that a place names; what is no file of the stack is shown at the spec. */
function placeOf(
  { at, code }: Problem,
  { isFile }: Places,
): { readonly file: string; readonly line: number } {
  const [, path = '', line = '1'] = /^(\S+?)(?::(\d+))?(?:\s|$)/.exec(at) ?? [];
  const known = isFile(path) || code.startsWith('files/');
  return known ? { file: path, line: Math.max(1, Number(line)) } : { file: 'redis-stack.yaml', line: 1 };
}
