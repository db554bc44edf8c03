import type { IContainer } from 'kubernetes-models/v1/Container';
import type { AnyObject, Finding } from '../objects.ts';
import { containersOf, type PodTemplate } from '../pods.ts';

/** What a policy looks at: the objects, and the pods that they describe. */
export interface Rendered {
  readonly objects: readonly AnyObject[];
  readonly templates: readonly PodTemplate[];
}

export type Broken = Omit<Finding, 'check'>;

/** One promise of the chart; `why` says what happens where it is not kept. */
export interface Policy {
  readonly id: string;
  readonly why: string;
  readonly check: (rendered: Rendered) => readonly Broken[];
}

/** A policy on pods: what `says` gives are the sentences of what is wrong with one. */
export const onPods =
  (says: (template: PodTemplate) => readonly string[]): Policy['check'] =>
  ({ templates }) =>
    templates.flatMap((one) => says(one).map((sentence) => ({ at: one.at, says: sentence })));

/** A policy on containers, those that start before the others included. */
export const onContainers = (
  says: (container: IContainer, template: PodTemplate) => readonly string[],
): Policy['check'] =>
  onPods((template) =>
    containersOf(template).flatMap((container) =>
      says(container, template).map((sentence) => `${container.name} ${sentence}`),
    ),
  );

export const when = (broken: boolean, sentence: string): readonly string[] => (broken ? [sentence] : []);
