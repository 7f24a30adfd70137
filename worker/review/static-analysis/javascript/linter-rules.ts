import type { Linter } from 'eslint';
import type { JavaScriptRule } from './javascript.advice.ts';

type LinterRule = { options?: unknown[]; as?: JavaScriptRule };

/** ESLint's rules that tell a learner something worth knowing. `as`: several of ESLint's are one to us. */
const RULES: Record<string, LinterRule> = {
  'no-undef': {},
  'no-cond-assign': { options: ['always'] },
  eqeqeq: { options: ['always', { null: 'ignore' }] },
  'no-unused-vars': {
    options: [
      {
        args: 'after-used',
        caughtErrors: 'none',
        ignoreRestSiblings: true,
        argsIgnorePattern: '^_',
        varsIgnorePattern: '^_',
      },
    ],
  },
  'no-unreachable': {},
  'no-unreachable-loop': {},
  'array-callback-return': {},
  'consistent-return': {},
  'no-fallthrough': {},
  'no-loop-func': {},
  'no-var': {},
  'no-shadow': { options: [{ hoist: 'functions' }] },
  'no-useless-assignment': {},
  'no-unmodified-loop-condition': {},
  'for-direction': {},
  'no-unused-expressions': { options: [{ allowShortCircuit: true, allowTernary: true }] },
  'no-constant-condition': { options: [{ checkLoops: 'none' }] },
  'no-constant-binary-expression': {},
  'no-dupe-else-if': { as: 'no-duplicate-branch' },
  'no-duplicate-case': { as: 'no-duplicate-branch' },
  'no-dupe-keys': {},
  'no-dupe-class-members': { as: 'no-dupe-keys' },
  'no-const-assign': {},
  'no-self-compare': {},
  'no-self-assign': { as: 'no-useless-assignment' },
  'no-unsafe-finally': {},
  'no-unsafe-optional-chaining': {},
  'no-loss-of-precision': {},
  'use-isnan': {},
  'valid-typeof': { options: [{ requireStringLiterals: true }] },
  'no-throw-literal': {},
  'no-async-promise-executor': {},
  'no-sparse-arrays': {},
  'no-template-curly-in-string': {},
  radix: {},
};

/** Names that exist without a declaration, beyond those of the language itself: what runs learner code offers, and CommonJS. */
const GLOBALS = [
  'console',
  'module',
  'exports',
  'require',
  'process',
  'globalThis',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'queueMicrotask',
  'structuredClone',
  'performance',
  'Buffer',
  'URL',
  'URLSearchParams',
  'TextEncoder',
  'TextDecoder',
  'AbortController',
  'AbortSignal',
  'crypto',
  'fetch',
  'print',
  'WebAssembly',
  'btoa',
  'atob',
  'Event',
  'EventTarget',
  'Blob',
  'Headers',
  'Request',
  'Response',
  'window',
  'document',
  'describe',
  'test',
  'it',
  'expect',
  'beforeEach',
  'prompt',
];

/** How ESLint is asked; a learner's own comments cannot switch anything off. */
export function linterConfig(sourceType: 'module' | 'commonjs'): Linter.Config {
  return {
    languageOptions: {
      ecmaVersion: 'latest',
      sourceType,
      globals: Object.fromEntries(GLOBALS.map((name) => [name, 'readonly' as const])),
    },
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'off' },
    rules: Object.fromEntries(Object.entries(RULES).map(([name, { options = [] }]) => [name, ['error', ...options]])),
  };
}

/** Our name of one of ESLint's rules. */
export function ruleFor(ruleId: string): JavaScriptRule | null {
  const rule = RULES[ruleId];
  return rule === undefined ? null : (rule.as ?? (ruleId as JavaScriptRule));
}
