import { a, capitalised, plural } from '../grammar.ts';
import type { BlueprintKind, UniversalVariables } from '../variables.ts';

type ModuleText = { title: string; description: string };

/** The seven modules of every course, said in the words of a domain. */
export const MODULE_TEXTS: Record<BlueprintKind, (variables: UniversalVariables) => ModuleText> = {
  atom: ({ ENTITY, STATE, DOMAIN }) => ({
    title: `One ${ENTITY}`,
    description: `Everything in ${DOMAIN} is made of ${plural(ENTITY)}. What is one, what does it know about itself, and when is it ${STATE}? You build the smallest thing that has to be right before anything else can be.`,
  }),
  standard: ({ ENTITY, INTERFACE }) => ({
    title: `What the ${INTERFACE} promises`,
    description: `Where two people, or two programs, meet, there is a contract: here it is the ${INTERFACE}. You hold each ${ENTITY} against it, so that every mistake is named and none gets any further.`,
  }),
  workflow: ({ ENTITY, FLOW, STATE }) => ({
    title: `The ${FLOW}, step by step`,
    description: `${capitalised(plural(ENTITY))} move through steps, and steps fail. You write the ${FLOW}: what may follow what, how something comes to be ${STATE}, and how one bad step does not stop all the others.`,
  }),
  decision_tree: ({ LOGIC, EDGE_CASE }) => ({
    title: `The ${LOGIC}`,
    description: `Rules, exceptions, and exceptions to the exceptions. You turn the ${LOGIC} into a program that can give reasons, and that knows what to say about ${EDGE_CASE}.`,
  }),
  archetype: ({ ENTITY, VARIANT, DOMAIN }) => ({
    title: `Kinds of ${plural(ENTITY)}`,
    description: `${capitalised(a(VARIANT))} is only one kind of many. You find what varies and what stays the same, and bring the endless cases of ${DOMAIN} down to a few that can be counted.`,
  }),
  flow_state: ({ EVENT, DOMAIN }) => ({
    title: `${capitalised(EVENT)} after ${EVENT}`,
    description: `In ${DOMAIN} things do not come one at a time and then wait. You learn to work with a stream, to keep only what is needed of it, and to see what a line of code costs before it costs too much.`,
  }),
  capstone: ({ CAPSTONE_GOAL, CONTAINER }) => ({
    title: 'All of it together',
    description: `The last step is to ${CAPSTONE_GOAL}. What you have built comes together: events that arrive twice, ${a(CONTAINER)} that must never hold less than nothing, and an account of it all that is right in the end.`,
  }),
};

export function courseText({ DOMAIN, ENTITY, CAPSTONE_GOAL, LOGIC }: UniversalVariables): ModuleText {
  return {
    title: `${capitalised(DOMAIN)} in code`,
    description: `Seven modules, from one ${ENTITY} to a program that can ${CAPSTONE_GOAL}. You meet ${DOMAIN} as an engineer does: through what its things know, what its rules say when they are taken at their word, such as the ${LOGIC}, and the cases that nobody mentioned. What you practise is reading a contract closely, and judging what good enough looks like.`,
  };
}
