import type { StackModel, StackNode } from '../model/types.ts';
import type { Change } from '../plan/types.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';
import { CA_CERTIFICATE, CA_KEY, pairPaths, TLS } from '../workspace/paths.ts';
import { covers, isIssuedBy, isPair, type Pair, readCertificate } from './inspect.ts';
import { type IssueContext, issueCertificate, makeAuthority } from './issue.ts';
import { certificateNames } from './names.ts';

/** The texts below `.secrets/tls/` by their paths. */
export type CertificateTexts = ReadonlyMap<string, string>;

/** A container's user must be able to read them; the folder that they lie in is closed to everybody else. */
const READABLE = 0o644;
const OWNER_ONLY = 0o600;

/**
 * The authority and one pair a node: made once, completed where a node is new, made anew where a node is called by
 * another name or address or where a pair cannot work, and never changed otherwise.
 */
export async function decideCertificates(
  model: StackModel,
  texts: CertificateTexts,
  context: IssueContext,
): Promise<readonly Change[]> {
  const found = readAuthority(model.nodes, texts);
  const wanting = model.nodes.filter((node) => !found || !serves(node, texts, found.certificate));
  if (found && found.key === undefined && wanting.length > 0) throw new ProblemError(withoutKey(wanting));
  const made = found ? undefined : await makeAuthority(model.spec.name, context);
  const authority = made ?? (found as Pair);
  const pairs = await Promise.all(
    wanting.map(async (node) => pairChanges(node, await issue(authority, node, context), texts)),
  );
  const known = new Set(wanting);
  return [
    ...authorityChanges(made, found),
    ...model.nodes.filter((node) => !known.has(node)).flatMap(({ name }) => keptPair(name)),
    ...pairs.flat(),
  ];
}

/** A new pair for every node, by its name; rejects where the authority is not there to sign them. */
export async function issueAll(
  { nodes }: Pick<StackModel, 'nodes'>,
  texts: CertificateTexts,
  context: IssueContext,
): Promise<ReadonlyMap<string, Pair>> {
  const found = readAuthority(nodes, texts);
  if (found === undefined) throw new ProblemError(lostAuthority());
  const { certificate, key } = found;
  if (key === undefined) throw new ProblemError(withoutKey(nodes));
  const made = nodes.map(
    async (node) => [node.name, await issue({ certificate, key }, node, context)] as const,
  );
  return new Map(await Promise.all(made));
}

/** A new certificate and key for a node, under every name that it is called by. */
function issue(authority: Pair, node: StackNode, context: IssueContext): Promise<Pair> {
  return issueCertificate(authority, node.name, certificateNames(node), context);
}

/** True where the pair of this node works with this authority, whatever its dates. */
function serves(node: StackNode, texts: CertificateTexts, authorityText: string): boolean {
  const paths = pairPaths(node.name);
  const pair = { certificate: texts.get(paths.certificate) ?? '', key: texts.get(paths.key) ?? '' };
  const certificate = readCertificate(pair.certificate);
  const authority = readCertificate(authorityText);
  if (!certificate || !authority || !isPair(pair)) return false;
  return isIssuedBy(certificate, authority) && covers(certificate, certificateNames(node));
}

interface Authority {
  readonly certificate: string;
  /** Undefined where it is kept elsewhere. */
  readonly key: string | undefined;
}

/** The authority that is there, undefined where nothing is there yet; rejects what cannot be gone on from. */
function readAuthority(nodes: readonly StackNode[], texts: CertificateTexts): Authority | undefined {
  const certificate = texts.get(CA_CERTIFICATE);
  const key = texts.get(CA_KEY);
  if (certificate === undefined) {
    const others = nodes.some(({ name }) => texts.has(pairPaths(name).certificate));
    if (key !== undefined || others) throw new ProblemError(lostAuthority());
    return undefined;
  }
  const sound = key === undefined ? readCertificate(certificate) : isPair({ certificate, key });
  if (!sound) throw new ProblemError(damagedAuthority());
  return { certificate, key };
}

const BEGIN_ANEW = `or delete ${TLS}/ to begin with a new authority: every client then needs the new ca.crt, and every node a restart`;

function lostAuthority(): Problem {
  return problem(
    'tls/authority-lost',
    CA_CERTIFICATE,
    'It is not there, and it is what every client and node trusts.',
    `Bring it back from a backup, ${BEGIN_ANEW}.`,
  );
}

function damagedAuthority(): Problem {
  return problem(
    'tls/authority-damaged',
    CA_CERTIFICATE,
    `It holds no certificate, or ${CA_KEY} is not its key.`,
    `Bring both back from a backup, ${BEGIN_ANEW}.`,
  );
}

function withoutKey(nodes: readonly Pick<StackNode, 'name'>[]): Problem {
  return problem(
    'tls/authority-key-lost',
    CA_KEY,
    `It is not there, and without it no certificate can be made for ${nodes.map(({ name }) => name).join(', ')}.`,
    `Bring it back from where you keep it, ${BEGIN_ANEW}.`,
  );
}

function authorityChanges(made: Pair | undefined, found: Authority | undefined): readonly Change[] {
  if (!made) return [kept(CA_CERTIFICATE, READABLE), ...(found?.key ? [kept(CA_KEY, OWNER_ONLY)] : [])];
  return [
    written(CA_CERTIFICATE, made.certificate, READABLE, undefined),
    written(CA_KEY, made.key, OWNER_ONLY, undefined),
  ];
}

function keptPair(name: string): readonly Change[] {
  const { certificate, key } = pairPaths(name);
  return [kept(certificate, READABLE), kept(key, READABLE)];
}

function pairChanges(node: StackNode, pair: Pair, texts: CertificateTexts): readonly Change[] {
  const { certificate, key } = pairPaths(node.name);
  return [
    written(certificate, pair.certificate, READABLE, texts.get(certificate)),
    written(key, pair.key, READABLE, texts.get(key)),
  ];
}

function kept(path: string, mode: number): Change {
  return { path, mode, ownership: 'secret', action: 'keep', reason: 'unchanged', because: 'unchanged' };
}

function written(path: string, text: string, mode: number, current: string | undefined): Change {
  const base = { path, mode, ownership: 'secret', reason: 'secret', text } as const;
  return current === undefined
    ? { ...base, action: 'create', because: 'a new certificate' }
    : { ...base, action: 'update', because: 'the names or addresses of the node changed' };
}
