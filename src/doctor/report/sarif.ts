import type { LogicalLocation, ReportingDescriptor, Result } from 'sarif';
import { digest } from '../../digest.ts';
import { sarifLog, sarifName, sarifUri } from '../../sarif.ts';
import { RULES } from '../rules/index.ts';
import type { Diagnosis, Finding, Rule } from '../types.ts';
import { type Entry, entriesOf } from './entries.ts';

export interface SarifPlaces {
  /** The folder of a stack of ours as seen from the root of the repository, empty for itself. Default: what was asked. */
  readonly folder?: string;
  readonly rules?: readonly Rule[];
}

/** The findings in SARIF 2.1.0: places are names of nodes, keys and users; those of a stack of ours are shown at its spec. */
export function toSarif(diagnosis: Diagnosis, places: SarifPlaces = {}): string {
  const { folder = folderOf(diagnosis), rules = RULES } = places;
  const nodes = new Set([...diagnosis.facts.nodes, ...diagnosis.facts.sentinels].map(({ name }) => name));
  return sarifLog(
    entriesOf(diagnosis, rules).map(described),
    diagnosis.findings.map((finding) => resultOf(finding, nodes, folder)),
  );
}

/** Servers that are not of a stack have no file that findings could be shown at. */
function folderOf({ facts: { model, asked } }: Diagnosis): string | undefined {
  if (!model || asked.startsWith('/')) return undefined;
  return asked.replace(/^(\.\/)+|^\.$|\/+$/g, '');
}

function described({ id, group, severity, rule, findings }: Entry): ReportingDescriptor {
  const [source] = rule?.sources ?? [];
  const help = rule ? `${rule.why} ${rule.fix}` : (findings[0]?.remedy ?? '');
  return {
    id,
    name: sarifName(id),
    ...(rule ? { shortDescription: { text: rule.title }, fullDescription: { text: rule.why } } : {}),
    help: { text: help },
    ...(source ? { helpUri: source } : {}),
    defaultConfiguration: { level: rule?.severity ?? severity },
    properties: { tags: ['redis', group] },
  };
}

function resultOf(finding: Finding, nodes: ReadonlySet<string>, folder: string | undefined): Result {
  const { id, severity, at, message, remedy, evidence, fixes, saves } = finding;
  const uri = folder === undefined ? undefined : sarifUri(folder, 'redis-stack.yaml');
  return {
    ruleId: id,
    level: severity,
    message: { text: [`${at}: ${message}`, remedy].join('\n') },
    locations: [
      {
        ...(uri ? { physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } } } : {}),
        logicalLocations: [logicalLocation(at, nodes)],
      },
    ],
    // Figures change from one look to the next; what is wrong where does not.
    partialFingerprints: { 'ruleAndPlace/v1': digest(`${id}\n${at}`) },
    properties: { evidence, fixes, ...(saves ? { saves } : {}) },
  };
}

const logicalLocation = (at: string, nodes: ReadonlySet<string>): LogicalLocation => ({
  name: at,
  fullyQualifiedName: at,
  kind: nodes.has(at) ? 'resource' : 'object',
});
