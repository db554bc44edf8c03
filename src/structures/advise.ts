import { structure } from './facts/index.ts';
import { isOfOthers, lacks } from './features.ts';
import { ACCESSES, ORDERS } from './purposes.ts';
import type { Advice, Ground, Need, Use } from './types.ts';
import { USES } from './uses/index.ts';

/** Points by how well a way serves what it is for, and of each other answer. */
const SERVES = { 1: 60, 2: 45, 3: 30 } as const;
const FITS = 10;
/** An answer that is against a way weighs more than one that is for it: second choices come before wrong ones. */
const FAILS = -20;

interface Judged {
  readonly fits: boolean;
  readonly said: string;
}

/**
 * Every way that comes into question for the need, best first; those that the server cannot do come last. Pure: the same
 * answers give the same advice.
 */
export function adviseStructure(need: Need, ground: Ground): readonly Advice[] {
  const all = USES.filter((use) => comesIntoQuestion(use, need)).map((use) => judge(use, need, ground));
  const worth = all.filter(({ score }) => score > 0);
  return worth.sort(
    (a, b) => Number(a.unavailable !== undefined) - Number(b.unavailable !== undefined) || b.score - a.score,
  );
}

function comesIntoQuestion(use: Use, { purpose }: Need): boolean {
  return purpose === undefined || use.serves[purpose] !== undefined;
}

function judge(use: Use, need: Need, ground: Ground): Advice {
  const said = judgements(use, need);
  const serves = need.purpose && use.serves[need.purpose];
  const kind = structure(use.structure);
  const required = use.requires ?? kind.requires;
  const start = serves ? SERVES[serves] : 0;
  const elsewhere = required && isOfOthers(required, ground) ? FAILS : 0;
  const score = said.reduce((sum, { fits }) => sum + (fits ? FITS : FAILS), start + elsewhere);
  return {
    use,
    structure: kind,
    score,
    for: said.filter(({ fits }) => fits).map((one) => one.said),
    against: said.filter(({ fits }) => !fits).map((one) => one.said),
    unavailable: required && lacks(required, ground),
  };
}

function judgements(use: Use, need: Need): readonly Judged[] {
  return [byAccess, byOrder, byUnique, byExpiry, byElements, byBytes].flatMap((by) => by(use, need) ?? []);
}

type By = (use: Use, need: Need) => Judged | undefined;

const byAccess: By = ({ access }, need) => {
  if (need.access === undefined) return undefined;
  const fits = access.includes(need.access);
  return {
    fits,
    said: `${fits ? 'is read that way' : 'is not made to be read that way'}: ${ACCESSES[need.access]}`,
  };
};

const byOrder: By = ({ order }, need) => {
  if (need.order === undefined) return undefined;
  if (need.order === 'none') return { fits: true, said: 'needs no order' };
  const fits = order.includes(need.order);
  return { fits, said: `${fits ? 'stands' : 'does not stand'} ${ORDERS[need.order]}` };
};

const byUnique: By = ({ unique }, need) => {
  if (need.unique === undefined || unique === undefined) return undefined;
  const fits = unique === need.unique;
  if (need.unique)
    return { fits, said: fits ? 'holds each element once' : 'may hold the same element twice' };
  return { fits, said: fits ? 'may hold the same element twice' : 'holds each element once only' };
};

const byExpiry: By = ({ expires }, need) => {
  if (need.expires === undefined) return undefined;
  const fits = expires.includes(need.expires);
  if (need.expires === 'never')
    return { fits, said: fits ? 'may stay for good' : 'is meant to end by itself' };
  const whole = need.expires === 'whole';
  if (whole) return { fits, said: fits ? 'can end as a whole' : 'has no lifetime' };
  return {
    fits,
    said: fits ? 'lets each element end in its own time' : 'has no lifetime for single elements',
  };
};

const byElements: By = ({ elements }, need) => {
  if (need.elements === undefined || elements === undefined) return undefined;
  const { from = 0, to = Number.POSITIVE_INFINITY } = elements;
  const count = need.elements.toLocaleString('en');
  if (need.elements < from)
    return { fits: false, said: `pays from ${from.toLocaleString('en')} elements on, not for ${count}` };
  if (need.elements > to)
    return { fits: false, said: `is for ${to.toLocaleString('en')} elements at most, not for ${count}` };
  return { fits: true, said: `suits ${count} elements` };
};

const byBytes: By = ({ mostBytes }, need) => {
  if (need.bytes === undefined || mostBytes === undefined || need.bytes <= mostBytes) return undefined;
  return {
    fits: false,
    said: `is not for elements above ${mostBytes / 1024} KiB: keep them elsewhere, and a reference here`,
  };
};
