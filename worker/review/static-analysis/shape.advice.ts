import type { Advice } from './remark.ts';
import type { ShapeRule } from './shape.ts';

/** What is said about a function's size, in every language. */
export const shapeAdvice: Record<ShapeRule | 'syntax-error', Advice> = {
  'syntax-error': {
    category: 'codeSense',
    severity: 'critical',
    usefulness: 1,
    concept: 'Syntax',
    gist: 'a syntax error',
    explanation: 'The code cannot be read from here on: {problem}. Nothing of it runs until that is repaired.',
    hint: 'Read the line and the one before it aloud, bracket by bracket: what is opened and not closed, or begun and not ended?',
  },
  'deep-nesting': {
    category: 'taste',
    severity: 'major',
    usefulness: 0.72,
    concept: 'Guard clauses',
    gist: '{size} levels of nesting in {name}',
    explanation:
      'Conditions and loops in {name} are nested {size} levels deep. To know when the innermost line runs, a reader has to keep all the levels above it in mind.',
    hint: 'Which cases can be answered at once and left behind? And does any level repeat a decision that was made in another branch already?',
    followUp: 'If one more rule came along, in how many places of {name} would you have to write it?',
  },
  'complex-function': {
    category: 'taste',
    severity: 'major',
    usefulness: 0.6,
    concept: 'One job per function',
    gist: 'the number of decisions in {name}',
    explanation:
      'There are {size} different ways through {name}. Each of them wants a test of its own, and a reader has to tell them apart.',
    hint: 'Which of the decisions belong together under one name? Could some of them be data, looked up instead of asked?',
    followUp: 'Which parts of {name} would you like to test without the rest?',
  },
  'long-function': {
    category: 'taste',
    severity: 'minor',
    usefulness: 0.45,
    concept: 'One job per function',
    gist: 'the length of {name}',
    explanation: '{name} is {size} lines long, more than fits on a screen, so nobody sees all of it at once.',
    hint: 'Where would you put headings into {name}? Each heading is a candidate for the name of a function.',
  },
};
