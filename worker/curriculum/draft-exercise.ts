import { ExerciseDefinition, type Language } from '../../shared/contracts/exercise.contract.ts';
import { askOr, type CurriculumDeps, type Drafted } from './asking.ts';
import { ENTRYPOINTS } from './blueprint/template.ts';
import { TEMPLATES } from './blueprint/templates.ts';
import type { CourseModule } from './draft-course.ts';
import { askForExercise, exerciseFromAnswer, type ExerciseAnswer } from './exercise-answer.ts';
import { slugOf } from './grammar.ts';
import type { UniversalVariables } from './variables.ts';

/** Where a template's states would meet its own, the learner's word makes room. */
const OWN_STATES = new Set(['new', 'done', 'lost']);
const OTHER_STATE = 'under way';
const OWN_KINDS = new Set(['plain', 'other', 'a', 'b', 'c', 'z']);
const OTHER_VARIANT = 'special kind';

/**
 * Drafts an exercise for a module. It keeps the authoring contract and contradicts itself in nothing that can be seen without running it;
 * whether its solution passes its tests, and its starter does not, is for verification to find out, as with every exercise.
 *
 * @throws the signal's reason when aborted.
 */
export async function draftExercise(
  deps: CurriculumDeps,
  module: CourseModule,
  variables: UniversalVariables,
  language: Language,
): Promise<Drafted<ExerciseDefinition>> {
  return askOr(
    deps,
    askForExercise(module, variables, language),
    (answer: ExerciseAnswer) => exerciseFromAnswer(answer, module, language),
    () => exerciseFromTemplate(module, variables, language),
  );
}

/** The exercise that every course can have: that of the blueprint, in the words of a domain. */
export function exerciseFromTemplate(
  { kind }: Pick<CourseModule, 'kind'>,
  variables: UniversalVariables,
  language: Language,
): ExerciseDefinition {
  const template = TEMPLATES[kind](withRoom(variables));
  const common = {
    slug: [kind.replaceAll('_', '-'), slugOf(variables.ENTITY)].filter((part) => part !== '').join('-'),
    title: template.title,
    language,
    difficulty: template.difficulty,
    points: template.points,
    entrypoint: ENTRYPOINTS[language],
  };
  if (language === 'sql') {
    const { task, hints, starter, solution, ordered, cases } = template.sql;
    const tests = cases.map(({ rows, ...test }) => ({
      kind: 'query',
      dialect: 'sqlite',
      ...test,
      expectedRows: rows,
      ordered,
    }));
    return ExerciseDefinition.parse({
      ...common,
      description: task,
      hints,
      starterCode: starter,
      solutionCode: solution,
      tests,
    });
  }
  const { starter, solution } = template[language];
  return ExerciseDefinition.parse({
    ...common,
    description: template.task,
    hints: template.hints,
    starterCode: starter,
    solutionCode: solution,
    tests: template.cases.map((test) => ({ kind: 'call', function: template.function, ...test })),
  });
}

function withRoom(variables: UniversalVariables): UniversalVariables {
  const STATE = OWN_STATES.has(variables.STATE.toLowerCase()) ? OTHER_STATE : variables.STATE;
  const VARIANT = OWN_KINDS.has(variables.VARIANT.toLowerCase()) ? OTHER_VARIANT : variables.VARIANT;
  return { ...variables, STATE, VARIANT };
}
