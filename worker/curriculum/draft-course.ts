import { z } from 'zod';
import { plainText } from '../review/sanitise.ts';
import { COMMON_RULES, askOr, fenced, type CurriculumDeps, type Drafted } from './asking.ts';
import { MODULE_TEXTS, courseText } from './blueprint/modules.ts';
import { slugOf } from './grammar.ts';
import { BLUEPRINT_KINDS, type BlueprintKind, type Domain, type UniversalVariables } from './variables.ts';

export type CourseModule = { number: number; kind: BlueprintKind; title: string; description: string };

/** A course before it has exercises. */
export type CourseDraft = {
  slug: string;
  title: string;
  description: string;
  metaCategory: Domain['metaCategory'];
  modules: CourseModule[];
};

const MODULE_AIMS: Record<BlueprintKind, string> = {
  atom: 'the smallest thing, what it knows and who may change it',
  standard: 'contracts between parties, and naming every violation',
  workflow: 'steps, and steps that fail',
  decision_tree: 'rules, exceptions and boundaries',
  archetype: 'many cases as a few kinds',
  flow_state: 'streams, cost and scale',
  capstone: 'everything together',
};

const Text = z.strictObject({ title: z.string(), description: z.string() });
const CourseAnswer = z.strictObject({
  title: z.string(),
  description: z.string(),
  modules: z.strictObject(
    Object.fromEntries(BLUEPRINT_KINDS.map((kind) => [kind, Text])) as Record<BlueprintKind, typeof Text>,
  ),
});

const SYSTEM = `You write the titles and descriptions of a programming course of seven modules whose examples come from one field.

${COMMON_RULES}

The modules, in order:
${BLUEPRINT_KINDS.map((kind) => `- ${kind}: ${MODULE_AIMS[kind]}`).join('\n')}

Titles have two to six words. Descriptions of modules have two or three sentences: what is met there in this field, and what is learned by it. The description of the course has three or four. Be concrete, calm and curious; promise nothing that exercises in code cannot keep; no exclamation marks.`;

const LIMITS = { title: 80, description: 600, courseDescription: 1200 } as const;
const LEAST = { title: 3, description: 40 } as const;

/**
 * Drafts a course of seven modules.
 *
 * @throws the signal's reason when aborted.
 */
export async function draftCourse(
  deps: CurriculumDeps,
  domain: Domain,
  variables: UniversalVariables,
): Promise<Drafted<CourseDraft>> {
  const said = Object.entries(variables).map(([name, words]) => `${name}: ${words}`);
  return askOr(
    deps,
    {
      name: 'course_draft',
      schema: CourseAnswer,
      system: SYSTEM,
      user: fenced('field', said.join('\n')),
      maxOutputTokens: 2000,
    },
    (answer) => courseFromAnswer(answer, domain),
    () => courseFromTemplate(domain, variables),
  );
}

export function courseFromTemplate(domain: Domain, variables: UniversalVariables): CourseDraft {
  return {
    ...courseText(variables),
    slug: courseSlug(domain),
    metaCategory: domain.metaCategory,
    modules: BLUEPRINT_KINDS.map((kind, index) => ({ number: index + 1, kind, ...MODULE_TEXTS[kind](variables) })),
  };
}

function courseFromAnswer(answer: z.output<typeof CourseAnswer>, domain: Domain): CourseDraft | null {
  const course = {
    title: plainText(answer.title, LIMITS.title),
    description: plainText(answer.description, LIMITS.courseDescription),
    slug: courseSlug(domain),
    metaCategory: domain.metaCategory,
    modules: BLUEPRINT_KINDS.map((kind, index) => ({
      number: index + 1,
      kind,
      title: plainText(answer.modules[kind].title, LIMITS.title),
      description: plainText(answer.modules[kind].description, LIMITS.description),
    })),
  };
  const says = [course, ...course.modules].every(
    ({ title, description }) => title.length >= LEAST.title && description.length >= LEAST.description,
  );
  const differ = new Set(course.modules.map(({ title }) => title.toLowerCase())).size === course.modules.length;
  return says && differ ? course : null;
}

function courseSlug({ name, metaCategory }: Domain): string {
  return `${slugOf(name) || slugOf(metaCategory)}-in-code`;
}
