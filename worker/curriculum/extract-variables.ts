import { z } from 'zod';
import { plainText } from '../review/sanitise.ts';
import { COMMON_RULES, askOr, fenced, type CurriculumDeps, type Drafted } from './asking.ts';
import { refuseDomainText } from './domain-text.ts';
import { fieldOf } from './lexicon.ts';
import { UniversalVariables, type Archetype, type Domain } from './variables.ts';

const NAMES = [
  'ENTITY',
  'STATE',
  'FLOW',
  'LOGIC',
  'INTERFACE',
  'CONTAINER',
  'EDGE_CASE',
  'VARIANT',
  'EVENT',
  'CAPSTONE_GOAL',
] as const satisfies readonly (keyof UniversalVariables)[];

const VariablesAnswer = z.strictObject(
  Object.fromEntries(NAMES.map((name) => [name, z.string()])) as Record<(typeof NAMES)[number], z.ZodString>,
);

const SYSTEM = `You find the things of a field that a programming course about it takes its examples from.

${COMMON_RULES}

Each value has one to five words: letters, digits, spaces, hyphens and apostrophes only, and small letters at the beginning. They are put into sentences as they are.
ENTITY: the thing everything is about, a singular countable noun without an article ("parcel").
STATE: a state it passes through between the first and the last, as after "is" ("in transit").
FLOW: what is done with it step by step, a noun ("delivery round").
LOGIC: the rules by which people decide about it, a plural noun ("routing rules").
INTERFACE: what two parties have agreed on in writing, a singular noun ("waybill").
CONTAINER: where it is kept, a singular countable noun ("depot").
EDGE_CASE: what is forgotten easily, with its article ("an address that does not exist").
VARIANT: a special kind of the entity, a singular noun ("express parcel").
EVENT: what happens to it again and again, a singular noun ("scan").
CAPSTONE_GOAL: what a learner can do in the end, a verb in its base form and what follows ("bring a day of deliveries to every door").`;

/**
 * Finds the universal variables of a domain. A value that is not fit to be put into a sentence is replaced by that of the lexicon; when most
 * are not, all are, so that they fit each other.
 *
 * @throws the signal's reason when aborted.
 */
export async function extractVariables(
  deps: CurriculumDeps,
  domain: Domain,
  archetype: Archetype,
): Promise<Drafted<UniversalVariables>> {
  const known = variablesFromLexicon(domain, archetype);
  return askOr(
    deps,
    {
      name: 'universal_variables',
      schema: VariablesAnswer,
      system: SYSTEM,
      user: `${fenced('domain', domain.name)}\n\nThe learner is ${LEVELS[archetype.skillLevel]}.`,
      maxOutputTokens: 500,
    },
    (answer) => merged(answer, known),
    () => known,
  );
}

const LEVELS: Record<Archetype['skillLevel'], string> = {
  novice: 'new to this field',
  analyst: 'at home in this field',
  quant: 'an expert who likes numbers',
};

export function variablesFromLexicon(domain: Domain, archetype: Archetype): UniversalVariables {
  const { variables } = fieldOf(domain.name, archetype.metaCategory);
  return UniversalVariables.parse({ DOMAIN: domain.name, ...variables });
}

const LEAST_FIT = 6;

function merged(answer: z.output<typeof VariablesAnswer>, known: UniversalVariables): UniversalVariables | null {
  const fit = NAMES.flatMap((name) => {
    const words = withoutEnd(plainText(answer[name], 80));
    const isFit = UniversalVariables.shape[name].safeParse(words).success && isHarmless(words);
    return isFit ? [[name, words] as const] : [];
  });
  return fit.length < LEAST_FIT ? null : { ...known, ...Object.fromEntries(fit) };
}

const withoutEnd = (words: string): string => words.replace(/[.!?,;:\s]+$/, '');

/** What could not be a domain cannot be a part of one either, but for being short. */
function isHarmless(words: string): boolean {
  const refused = refuseDomainText(words);
  return refused === null || refused.reason === 'nonsense' || refused.reason === 'too_long';
}
