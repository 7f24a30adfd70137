import type { Language } from '../../../shared/contracts/exercise.contract.ts';
import type { StaticFacts } from '../facts.ts';
import { javascriptAdvice } from './javascript/javascript.advice.ts';
import { pythonAdvice } from './python/python.advice.ts';
import type { Advice, Analysis } from './remark.ts';
import { sqlAdvice } from './sql/sql.advice.ts';
import { toFacts, type Source } from './to-facts.ts';

/** What an analysis needs of a review's subject. */
export type AnalysisInput = Source & { language: Language; dialect: 'sqlite' | 'postgres' | null };

type Analyser = (code: string, dialect: AnalysisInput['dialect']) => Analysis | Promise<Analysis>;

/** Parsers are large: each is loaded when its language is met first. */
const ANALYSERS: Record<Language, () => Promise<Analyser>> = {
  javascript: async () => (await import('./javascript/javascript.analysis.ts')).analyseJavaScript,
  typescript: async () => (await import('./javascript/typescript.analysis.ts')).analyseTypeScript,
  python: async () => (await import('./python/python.analysis.ts')).analysePython,
  sql: async () => (await import('./sql/sql.analysis.ts')).analyseSql,
};

export const ADVICE: Record<Language, Readonly<Record<string, Advice>>> = {
  javascript: javascriptAdvice,
  typescript: javascriptAdvice,
  python: pythonAdvice,
  sql: sqlAdvice,
};

/**
 * Analyses code in this very thread. Only `StaticAnalysis` should do it outside of tests: parsers of what learners wrote can hang, grow and
 * break.
 */
export async function analyseCode({ language, dialect, code, starterCode }: AnalysisInput): Promise<StaticFacts> {
  const analyse = await ANALYSERS[language]();
  return toFacts({ code, starterCode }, await analyse(withPlainBreaks(code), dialect), ADVICE[language]);
}

/** All lines end in `\n`, and nothing else is taken for the end of a line: parsers do not agree about the others. */
function withPlainBreaks(code: string): string {
  return code.replaceAll(/\r\n?/g, '\n').replaceAll(/[\u000b\u000c\u0085\u2028\u2029]/g, ' ');
}
