import type { ExerciseTest, Language } from '../../../shared/contracts/exercise.contract.ts';
import type { UniversalVariables } from '../variables.ts';

export type Difficulty = 'easy' | 'medium' | 'hard';
type Visibility = ExerciseTest['visibility'];
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One call, and what it answers in every language. */
export type CallCase = { name: string; visibility: Visibility; args: Json[]; expected: Json };
/** One database, and the rows wanted. */
export type QueryCase = { name: string; visibility: Visibility; setup: string; rows: Json[][] };

export type Sources = { starter: string; solution: string };

/** An exercise before anybody has chosen a language. */
export type ExerciseTemplate = {
  title: string;
  difficulty: Difficulty;
  points: number;
  /** Of programs: what is given and wanted, from the second paragraph on. */
  task: string;
  hints: string[];
  function: string;
  cases: CallCase[];
  javascript: Sources;
  typescript: Sources;
  python: Sources;
  sql: { task: string; hints: string[]; starter: string; solution: string; ordered: boolean; cases: QueryCase[] };
};

/**
 * Makes the exercise for a domain. The name of the domain is not at hand: a learner chose its words, and an exercise is shown to a model that
 * reviews its solutions.
 */
export type MakeTemplate = (variables: Omit<UniversalVariables, 'DOMAIN'>) => ExerciseTemplate;

/** A text as it stands in the source of JavaScript, TypeScript or Python. */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** A text as it stands in SQL. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The file that a learner edits. */
export const ENTRYPOINTS: Record<Language, string> = {
  javascript: 'solution.js',
  typescript: 'solution.ts',
  python: 'solution.py',
  sql: 'solution.sql',
};
