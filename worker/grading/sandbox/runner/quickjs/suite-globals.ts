import type { ModuleStyle } from './modules.ts';

/** By these names a suite may import what it also finds as globals. */
export const SUITE_MODULES = ['@jest/globals', 'vitest'];

const DEFINITIONS = ['describe', 'suite', 'test', 'it', 'xtest', 'xit', 'fit', 'xdescribe', 'fdescribe'];
const HOOKS = ['beforeAll', 'beforeEach', 'afterEach', 'afterAll', 'before', 'after'];
const NAMES = [...DEFINITIONS, ...HOOKS, 'expect', 'jest', 'vi'];

/**
 * What to put around a suite so that it finds the test functions without importing them. They are no true globals: those would be the
 * learner's too. Written on the suite's first line, so line numbers stay true.
 */
export function globalsPrefix(code: string, style: ModuleStyle): { prefix: string; suffix: string } {
  if (style === 'commonjs') {
    // The inner function lets the suite declare the same names itself.
    return {
      prefix: `const { ${NAMES.join(', ')} } = require('@jest/globals'); (function () {`,
      suffix: '\n}).call(this);',
    };
  }
  const bound = topLevelNames(code);
  const missing = NAMES.filter((name) => !bound.has(name));
  return { prefix: `import { ${missing.join(', ')} } from '@jest/globals';`, suffix: '' };
}

/** Names that a module imports, or declares at the start of a line. */
function topLevelNames(code: string): Set<string> {
  const clauses = [...code.matchAll(/^\s*import\s+([^'"]*?)\s*from\s*['"]/gm)].map((match) => match[1] ?? '');
  const patterns = [...code.matchAll(/^(?:export\s+)?(?:const|let|var)\s*\{([^}]*)\}/gm)].map(
    (match) => match[1] ?? '',
  );
  const declared = [
    ...code.matchAll(/^(?:export\s+)?(?:async\s+)?(?:const|let|var|class|function\*?)\s+([A-Za-z_$][\w$]*)/gm),
  ].map((match) => match[1] ?? '');
  const bound = [...clauses, ...patterns].flatMap((clause) =>
    clause
      .split(/[{},]/)
      .map((part) => /([A-Za-z_$][\w$]*)\s*(?:=.*)?$/.exec(part.trim())?.[1])
      .filter((name) => name !== undefined),
  );
  return new Set([...bound, ...declared]);
}
