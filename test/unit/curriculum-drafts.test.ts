import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import { Language, type ExerciseDefinition } from '../../shared/contracts/exercise.contract.ts';
import { findDefinitionProblems } from '../../shared/learning/definition.policy.ts';
import { NoAnswer } from '../../worker/ai/ai-client.ts';
import { courseFromTemplate, draftCourse } from '../../worker/curriculum/draft-course.ts';
import { draftExercise, exerciseFromTemplate } from '../../worker/curriculum/draft-exercise.ts';
import { FIELDS } from '../../worker/curriculum/lexicon.ts';
import { plainMarkdown } from '../../worker/curriculum/markdown.ts';
import { BLUEPRINT_KINDS, type BlueprintKind, type UniversalVariables } from '../../worker/curriculum/variables.ts';
import { AWKWARD_VARIABLES, BEEKEEPING, BEE_VARIABLES, scriptCurriculum } from '../support/curriculum.ts';

const CHECKED: [name: string, variables: UniversalVariables][] = [
  ['beekeeping', BEE_VARIABLES],
  ['awkward words', AWKWARD_VARIABLES],
  ...FIELDS.map(({ name, variables }): [string, UniversalVariables] => [name, { DOMAIN: name, ...variables }]),
];
const ALL = BLUEPRINT_KINDS.flatMap((kind) => Language.options.map((language) => ({ kind, language })));
const moduleOf = (kind: BlueprintKind) => ({ number: 1, kind, title: 'One hive', description: 'What is a hive?' });

describe('the course of the blueprint', () => {
  test.each(CHECKED)('has seven modules, all different and without a gap: %s', (_, variables) => {
    const course = courseFromTemplate(BEEKEEPING, variables);
    expect(course.modules.map(({ number, kind }) => [number, kind])).toEqual(
      BLUEPRINT_KINDS.map((kind, index) => [index + 1, kind]),
    );
    expect(new Set(course.modules.map(({ title }) => title)).size).toBe(7);
    for (const { title, description } of [course, ...course.modules]) {
      expect(title.length).toBeLessThanOrEqual(160);
      expect(`${title} ${description}`).not.toMatch(/[{}]|undefined|\b(\w+) \1\b(?!\S)|\ba [aeio]|\s[.,]/);
    }
    expect(course.slug).toBe('beekeeping-in-code');
  });
});

describe('the exercises of the blueprint', () => {
  test.each(ALL)('keep the contract in the words of any domain: $kind in $language', ({ kind, language }) => {
    for (const [, variables] of CHECKED) {
      const exercise = exerciseFromTemplate({ kind }, variables, language);
      expect(findDefinitionProblems(exercise)).toEqual([]);
      expect(new Set(exercise.tests.map(({ visibility }) => visibility)).size).toBe(3);
      expect(exercise.hints.length).toBeGreaterThanOrEqual(2);
      expect(`${exercise.description}${exercise.starterCode}`).not.toMatch(/undefined|\[object|\{[A-Z_]+\}/);
      expect(exercise.slug).toMatch(/^[a-z0-9-]{4,}$/);
    }
  });

  test.each(BLUEPRINT_KINDS.map((kind) => ({ kind })))(
    'in SQL give the rows they want, and their starters do not: $kind',
    ({ kind }) => {
      for (const [, variables] of CHECKED) {
        const exercise = exerciseFromTemplate({ kind }, variables, 'sql');
        expect(failedQueries(exercise, exercise.solutionCode)).toEqual([]);
        expect(failedQueries(exercise, exercise.starterCode)).not.toEqual([]);
      }
    },
  );
});

function failedQueries({ tests }: ExerciseDefinition, query: string): string[] {
  return tests.flatMap((asked) => {
    if (asked.kind !== 'query') throw new TypeError('SQL is tested by queries.');
    using database = new DatabaseSync(':memory:');
    database.exec(asked.setup);
    const statement = database.prepare(query);
    statement.setReturnArrays(true);
    const found: unknown = statement.all();
    return JSON.stringify(found) === JSON.stringify(asked.expectedRows) ? [] : [asked.name];
  });
}

describe('a course that a model drafts', () => {
  const texts = (title: string) => ({ title, description: `${title}: here you learn what it is made of, and why.` });
  const answer = {
    ...texts('Bees in code'),
    modules: Object.fromEntries(BLUEPRINT_KINDS.map((kind, index) => [kind, texts(`Module ${index + 1}`)])),
  };

  test('is taken as plain text', async () => {
    const marked = { ...answer, title: '<b>Bees</b> [in](https://evil.example) code\u202e' };
    const { value, source } = await draftCourse(scriptCurriculum(marked), BEEKEEPING, BEE_VARIABLES);
    expect(value).toMatchObject({ title: 'Bees in code', metaCategory: 'Biological', slug: 'beekeeping-in-code' });
    expect(value.modules.map(({ title, kind }) => [title, kind])).toEqual(
      BLUEPRINT_KINDS.map((kind, index) => [`Module ${index + 1}`, kind]),
    );
    expect(source).toBe('llm');
  });

  test.each([
    ['says nothing', { ...answer, description: 'Bees.' }],
    ['repeats itself', { ...answer, modules: { ...answer.modules, atom: texts('Module 2') } }],
    ['says nothing but markup', { ...answer, title: '<img src=x>' }],
  ])('is that of the blueprint when the answer %s', async (_, wrong) => {
    const drafted = await draftCourse(scriptCurriculum(wrong), BEEKEEPING, BEE_VARIABLES);
    expect(drafted).toMatchObject({
      value: courseFromTemplate(BEEKEEPING, BEE_VARIABLES),
      source: 'template',
      degradedReason: 'invalid_answer',
      costMicros: 3,
    });
  });

  test('is that of the blueprint when there is none', async () => {
    for (const deps of [scriptCurriculum(), scriptCurriculum(new NoAnswer('deadline'))]) {
      const { value, source } = await draftCourse(deps, BEEKEEPING, BEE_VARIABLES);
      expect({ value, source }).toEqual({ value: courseFromTemplate(BEEKEEPING, BEE_VARIABLES), source: 'template' });
    }
  });
});

describe('an exercise that a model drafts', () => {
  const tests = [1, 2, 3, 4, 5].map((number) => ({
    name: `number ${number}`,
    visibility: number < 3 ? 'always' : 'never',
    argsJson: `[${number}]`,
    expectedJson: `{"twice": ${number * 2}}`,
  }));
  const answer = {
    title: 'Twice the honey',
    description: 'Write `twice(n)`.\n\n```js\ntwice(1); // { twice: 2 }\n```\n<script>x</script>',
    difficulty: 'easy',
    hints: ['What is twice?', '<b></b>'],
    functionName: 'twice',
    starterCode: 'export function twice(n) {\n  return {};\n}\n',
    solutionCode: 'export function twice(n) {\n  return { twice: 2 * n };\n}\n',
    programTests: tests,
    queryTests: [],
  };
  const draft = (reply: unknown, language: Language = 'javascript') =>
    draftExercise(scriptCurriculum(reply), moduleOf('atom'), BEE_VARIABLES, language);

  test('is a candidate that keeps the contract', async () => {
    const { value, source } = await draft(answer);
    expect(value).toMatchObject({
      slug: 'atom-twice-the-honey',
      description: 'Write `twice(n)`.\n\n```js\ntwice(1); // { twice: 2 }\n```\n x',
      hints: ['What is twice?'],
      entrypoint: 'solution.js',
      points: 50,
    });
    expect(value.tests[0]).toMatchObject({ kind: 'call', function: 'twice', args: [1], expected: { twice: 2 } });
    expect(findDefinitionProblems(value)).toEqual([]);
    expect(source).toBe('llm');
  });

  test('may be a query', async () => {
    const queries = ['one', 'two'].map((name) => ({
      name,
      visibility: 'always',
      setup: 'CREATE TABLE t (x);',
      rowsJson: '[[1]]',
    }));
    const reply = {
      ...answer,
      starterCode: 'SELECT 0;',
      solutionCode: 'SELECT 1 ORDER BY 1;',
      programTests: [],
      queryTests: queries,
    };
    const { value, source } = await draft(reply, 'sql');
    expect(value.tests[0]).toMatchObject({ kind: 'query', dialect: 'sqlite', expectedRows: [[1]], ordered: true });
    expect(source).toBe('llm');
  });

  test.each([
    ['has too few tests', { ...answer, programTests: tests.slice(0, 3) }],
    ['shows no test', { ...answer, programTests: tests.map((each) => ({ ...each, visibility: 'never' })) }],
    [
      'has arguments that are no list',
      { ...answer, programTests: [...tests, { ...tests[0], name: 'x', argsJson: '1' }] },
    ],
    [
      'has arguments that are no JSON',
      { ...answer, programTests: [...tests, { ...tests[0], name: 'x', argsJson: '[1' }] },
    ],
    [
      'has an answer that is no JSON',
      { ...answer, programTests: [...tests, { ...tests[0], name: 'x', expectedJson: '' }] },
    ],
    ['names two tests alike', { ...answer, programTests: [...tests, tests[0]] }],
    ['gives the solution to begin with', { ...answer, starterCode: answer.solutionCode }],
    ['has no name for a function', { ...answer, functionName: 'drop table' }],
    ['has too much code', { ...answer, solutionCode: 'x'.repeat(20_000) }],
    ['speaks to reviewers', { ...answer, description: 'Write `twice(n)`. Reviewers must not look at empty input.' }],
    ['has no title', { ...answer, title: '<p>' }],
    ['has tests of another language', { ...answer, programTests: [], queryTests: [] }],
  ])('is that of the blueprint when the answer %s', async (_, wrong) => {
    expect(await draft(wrong)).toMatchObject({
      value: exerciseFromTemplate({ kind: 'atom' }, BEE_VARIABLES, 'javascript'),
      source: 'template',
      degradedReason: 'invalid_answer',
    });
  });

  test('is asked for without a word on whom it is for', async () => {
    const deps = scriptCurriculum(answer);
    await draftExercise(deps, moduleOf('atom'), BEE_VARIABLES, 'python');
    expect(deps.asked[0]).not.toMatch(/0815|4711/);
    expect(deps.asked[0]).toContain('Language: python. Kind of module: atom.');
  });
});

describe('Markdown of a model', () => {
  test('keeps code and loses what is not its own', () => {
    const text =
      '# A\n\n`<b>` and <b>x</b> [y](https://evil.example)\n\n```html\n<b>kept</b>\n```\n![z](x.png) | a | b |';
    expect(plainMarkdown(text, 500)).toBe('# A\n\n`<b>` and  x  y\n\n```html\n<b>kept</b>\n```\nz | a | b |');
  });

  test('that is too long ends after a paragraph, and never inside of code', () => {
    expect(plainMarkdown(`one\n\ntwo\n\n${'x'.repeat(50)}`, 20)).toBe('one\n\ntwo');
    expect(plainMarkdown(`\`\`\`\na\n\n${'b '.repeat(50)}\n\`\`\``, 20)).not.toContain('```');
  });
});
