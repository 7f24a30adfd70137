import type { TestVerdict } from '../../shared/contracts/grade.contract.ts';

/** What attacks may end as. `accepted` is in none of them. */
export const TIME: TestVerdict[] = ['time_limit'];
export const MEMORY: TestVerdict[] = ['memory_limit'];
export const WRONG: TestVerdict[] = ['wrong_answer'];
export const ERROR: TestVerdict[] = ['runtime_error'];
export const COMPILE: TestVerdict[] = ['compile_error'];
export const ANY_LIMIT: TestVerdict[] = ['time_limit', 'memory_limit', 'runtime_error', 'output_limit'];
