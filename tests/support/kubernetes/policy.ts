import { isDeepStrictEqual } from 'node:util';
import type { AnyObject, Finding } from './objects.ts';
import { podTemplates } from './pods.ts';
import { AVAILABILITY } from './policies/availability.ts';
import { CONFINEMENT } from './policies/confinement.ts';
import { NETWORK } from './policies/network.ts';
import { RUNNING } from './policies/running.ts';
import { SECRETS } from './policies/secrets.ts';
import type { Policy } from './policies/types.ts';
import { UPGRADES } from './policies/upgrades.ts';

/** What the chart promises of every object that it renders. */
export const POLICIES: readonly Policy[] = [
  ...CONFINEMENT,
  ...RUNNING,
  ...AVAILABILITY,
  ...SECRETS,
  ...NETWORK,
  ...UPGRADES,
];

/** Where objects that the schema takes break a promise. `without` names policies that the values switched off. */
export function policyFindings(
  objects: readonly AnyObject[],
  { without = [] }: { readonly without?: readonly string[] } = {},
): readonly Finding[] {
  const rendered = { objects, templates: podTemplates(objects) };
  return POLICIES.filter(({ id }) => !without.includes(id)).flatMap(({ id, check }) =>
    check(rendered).map((one) => ({ ...one, check: id })),
  );
}

const WISHES = ['priorityClassName', 'nodeSelector', 'tolerations', 'imagePullSecrets'] as const;

/** What every pod has to have when the values ask for it. */
export type PodWishes = Readonly<Partial<Record<(typeof WISHES)[number], unknown>>>;

/** Pods that do not do as the values say: a knob that one of them does not follow is broken. */
export function wishFindings(objects: readonly AnyObject[], wishes: PodWishes): readonly Finding[] {
  return podTemplates(objects).flatMap(({ at, spec }) =>
    WISHES.filter((key) => key in wishes && !isDeepStrictEqual(spec[key], wishes[key])).map((key) => ({
      check: 'pod-wishes',
      at,
      says: `${key} is not what the values say`,
    })),
  );
}

/** Functions of Helm that give something else with each rendering, or ask the cluster where there is none. */
const UNSTEADY =
  /(?<![.$\w])(rand(AlphaNum|Alpha|Numeric|Ascii|Bytes|Int)|gen(CA|SelfSignedCert|SignedCert|PrivateKey)\w*|uuidv4|now|ago|getHostByName|htpasswd|bcrypt|encryptAES|shuffle)\b/;

/**
 * Random functions in templates, by path and text: a rendering under GitOps would differ each time, and with it every
 * password. Only what stands inside of `{{ }}` counts.
 */
export function templateFindings(templates: ReadonlyMap<string, string>): readonly Finding[] {
  return [...templates].flatMap(([path, text]) =>
    [...text.matchAll(/\{\{(?!-?\s*\/\*)[\s\S]*?\}\}/g)]
      .map(([action]) => action.replaceAll(/"[^"]*"/g, '').match(UNSTEADY)?.[0])
      .filter((name) => name !== undefined)
      .map((name) => ({
        check: 'steady-templates',
        at: path,
        says: `${name} gives another result each time`,
      })),
  );
}
