import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../shared/db/id.ts';
import type { CurriculumDeps } from '../../worker/curriculum/asking.ts';
import { courseFromTemplate, draftCourse } from '../../worker/curriculum/draft-course.ts';
import { draftExercise, exerciseFromTemplate } from '../../worker/curriculum/draft-exercise.ts';
import { extractVariables } from '../../worker/curriculum/extract-variables.ts';
import { validateDomain } from '../../worker/curriculum/validate-domain.ts';
import { BLUEPRINT_KINDS, type Archetype } from '../../worker/curriculum/variables.ts';
import { openAsking } from '../support/ai-asking.ts';
import { answers, fails, says } from '../support/ai-behaviours.ts';
import { startAiPeer, type AiPeer } from '../support/ai-peer.ts';
import { BEEKEEPING, BEE_VARIABLES } from '../support/curriculum.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const ARCHETYPE: Archetype = { metaCategory: 'Biological', skillLevel: 'analyst' };
const { DOMAIN: _, ...VARIABLES } = BEE_VARIABLES;
const text = (title: string) => ({ title, description: `${title}: here you learn what it is made of, and why.` });
const COURSE = {
  ...text('Bees in code'),
  modules: Object.fromEntries(BLUEPRINT_KINDS.map((kind, index) => [kind, text(`Module ${index + 1}`)])),
};
const EXERCISE = {
  ...text('Twice the honey'),
  difficulty: 'easy',
  hints: ['What is twice?'],
  functionName: 'twice',
  starterCode: 'export const twice = () => 0;\n',
  solutionCode: 'export const twice = (n) => 2 * n;\n',
  programTests: [1, 2, 3, 4, 5].map((n) => ({
    name: `${n}`,
    visibility: 'always',
    argsJson: `[${n}]`,
    expectedJson: `${2 * n}`,
  })),
  queryTests: [],
};

describe.each(['openai', 'anthropic'] as const)('drafting over the wire of %s', (provider) => {
  let database: TestDatabase;
  let peer: AiPeer;
  let deps: CurriculumDeps;

  beforeAll(async () => {
    [database, peer] = await Promise.all([createTestDatabase(), startAiPeer()]);
    const { client } = openAsking(database.db, {
      AI_PROVIDER: provider,
      AI_API_KEY: 'sk-test-curriculum',
      AI_MODEL: 'peer-model',
      AI_BASE_URL: provider === 'openai' ? peer.openaiUrl : peer.anthropicUrl,
    });
    const purpose = { kind: 'curriculum', learnerId: newId(), subjectId: newId() } as const;
    deps = { ai: client, purpose, signal: new AbortController().signal };
  });
  afterEach(() => peer.reset());
  afterAll(async () => {
    await peer.close();
    await database.drop();
  });

  test('a domain becomes variables, a course and an exercise, one request each', async () => {
    peer.next(
      answers({ verdict: 'acceptable', metaCategory: 'Biological' }),
      answers(VARIABLES),
      answers(COURSE),
      answers(EXERCISE),
    );
    const verdict = await validateDomain(deps, { text: 'beekeeping', metaCategory: null });
    expect(verdict).toMatchObject({ value: { accepted: true, domain: BEEKEEPING }, source: 'llm' });
    const variables = await extractVariables(deps, BEEKEEPING, ARCHETYPE);
    expect(variables).toMatchObject({ value: BEE_VARIABLES, source: 'llm' });
    const course = await draftCourse(deps, BEEKEEPING, variables.value);
    expect(course).toMatchObject({ value: { title: 'Bees in code' }, source: 'llm' });
    const [atom] = course.value.modules;
    if (atom === undefined) throw new Error('The course has no modules.');
    const exercise = await draftExercise(deps, atom, variables.value, 'javascript');
    expect(exercise).toMatchObject({ value: { slug: 'atom-twice-the-honey' }, source: 'llm' });
    expect(exercise.costMicros).toBeGreaterThan(0);

    expect(peer.requests).toHaveLength(4);
    expect(peer.refused).toEqual([]);
    const wire = peer.requests.map((request) => request.text).join('\n');
    expect(wire).not.toContain(deps.purpose.learnerId);
    expect(wire).not.toContain(deps.purpose.subjectId);
  });

  test('what cannot be had comes from the blueprint, with what it cost', async () => {
    peer.always(fails(400));
    expect(await draftCourse(deps, BEEKEEPING, BEE_VARIABLES)).toMatchObject({
      value: courseFromTemplate(BEEKEEPING, BEE_VARIABLES),
      source: 'template',
      degradedReason: 'provider_unavailable',
    });
    const [atom] = courseFromTemplate(BEEKEEPING, BEE_VARIABLES).modules;
    if (atom === undefined) throw new Error('The course has no modules.');
    peer.always(says('No.'));
    const drafted = await draftExercise(deps, atom, BEE_VARIABLES, 'python');
    expect(drafted).toMatchObject({
      value: exerciseFromTemplate(atom, BEE_VARIABLES, 'python'),
      source: 'template',
      degradedReason: 'invalid_answer',
    });
    expect(drafted.usage.inputTokens).toBeGreaterThan(0);
  });
});
