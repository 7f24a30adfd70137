import type { AiClient } from '../../worker/ai/ai-client.ts';
import type { CurriculumDeps } from '../../worker/curriculum/asking.ts';
import type { Domain, UniversalVariables } from '../../worker/curriculum/variables.ts';

export const BEEKEEPING: Domain = { name: 'beekeeping', metaCategory: 'Biological' };

export const BEE_VARIABLES: UniversalVariables = {
  DOMAIN: 'beekeeping',
  ENTITY: 'hive',
  STATE: 'in swarm',
  FLOW: 'spring inspection',
  LOGIC: 'feeding rules',
  INTERFACE: 'hive card',
  CONTAINER: 'apiary',
  EDGE_CASE: "a hive that has no queen and isn't known",
  VARIANT: 'nucleus hive',
  EVENT: 'weighing',
  CAPSTONE_GOAL: 'bring an apiary through the winter',
};

/** Words that would end a text or begin something else if they were put into code carelessly. */
export const AWKWARD_VARIABLES: UniversalVariables = {
  DOMAIN: "d'Artagnan’s & co",
  ENTITY: "musketeer's hat",
  STATE: "o'clock",
  FLOW: 'new',
  LOGIC: 'done',
  INTERFACE: "king's letter",
  CONTAINER: '日本語',
  EDGE_CASE: '10/2 & 3',
  VARIANT: "hat d'or",
  EVENT: 'Straße',
  CAPSTONE_GOAL: "win at 9 o'clock",
};

export interface ScriptedCurriculum extends CurriculumDeps {
  /** What was asked, as it would go over the wire. */
  asked: string[];
}

/** A client in the place of providers, that answers with these values in turn and throws those that are errors; without any it is not configured. */
export function scriptCurriculum(...replies: unknown[]): ScriptedCurriculum {
  const asked: string[] = [];
  const spent = { usage: { inputTokens: 10, outputTokens: 5 }, costMicros: 3 };
  const ai: AiClient = {
    isConfigured: replies.length > 0,
    modelKey: 'test:scripted',
    ask: async (question) => {
      asked.push(JSON.stringify({ system: question.system, user: question.user }));
      const reply = replies[asked.length - 1];
      if (reply instanceof Error) throw reply;
      return { value: question.schema.parse(reply) as never, provider: 'openai', model: 'scripted', ...spent };
    },
  };
  const purpose = { kind: 'curriculum', learnerId: 'learner-0815', subjectId: 'subject-4711' } as const;
  return { ai, purpose, signal: new AbortController().signal, asked };
}
