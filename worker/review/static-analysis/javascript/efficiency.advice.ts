import type { Advice } from '../remark.ts';

/** About work that grows faster than the input. */
export const efficiencyAdvice = {
  'search-in-loop': {
    category: 'efficiency',
    severity: 'major',
    usefulness: 0.88,
    concept: 'Lookup by hashing',
    quadratic: true,
    gist: 'the search through {list} in every round',
    explanation:
      '{method} walks through {list} from its beginning, and it is asked once for every item. With ten times as many items that is about a hundred times the work.',
    hint: 'What do you want to know about an item when you get to it? Think of a structure that answers just that without looking at all the others.',
    followUp: 'How long would this take with 100,000 items, if 1,000 take a millisecond?',
  },
  'nested-loops': {
    category: 'efficiency',
    severity: 'major',
    usefulness: 0.85,
    concept: 'Quadratic time',
    quadratic: true,
    gist: 'the loop inside a loop',
    explanation:
      'For every item of {outer} the inner loop goes through {inner}. The number of comparisons grows with the product of the two sizes.',
    hint: 'What does the inner loop find out that could have been noted down on a first pass?',
    followUp: 'Count the comparisons for 10, 100 and 1,000 items. What pattern do you see?',
  },
  'sort-in-loop': {
    category: 'efficiency',
    severity: 'major',
    usefulness: 0.8,
    concept: 'Work that can be done once',
    quadratic: true,
    gist: 'sorting {list} in every round',
    explanation:
      '{list} is put in order again in every round of the loop, although it has not changed since the last one.',
    hint: 'Which lines of the loop give the same answer in each round? They can move.',
  },
  'shift-in-loop': {
    category: 'efficiency',
    severity: 'minor',
    usefulness: 0.5,
    concept: 'Cost of list operations',
    quadratic: true,
    gist: '{method} on {list} in every round',
    explanation:
      '{method} works at the front of {list}, so all the items behind it may have to move by one place, in every round.',
    hint: 'At which end of an array is adding and removing cheap? Would the other end serve you as well?',
  },
  'copy-in-loop': {
    category: 'efficiency',
    severity: 'major',
    usefulness: 0.75,
    concept: 'Copying in a loop',
    quadratic: true,
    gist: 'copying {list} in every round',
    explanation:
      'Each round makes a new copy of all that was collected so far, to add one more thing to it. The copies together are quadratic work.',
    hint: 'Nobody else has seen the collection yet. What would be lost if it grew in place?',
    followUp: 'When is a fresh copy worth its price, and when is it not?',
  },
  'rebuild-in-loop': {
    category: 'efficiency',
    severity: 'major',
    usefulness: 0.65,
    concept: 'Single pass',
    quadratic: true,
    gist: 'rebuilding {list} round after round',
    explanation: 'Every round searches {list} from the beginning and builds it anew, only to take a little out of it.',
    hint: 'If you could look at each character just once, what would you have to remember about those before it?',
    followUp: 'Which input would make this loop run the most rounds?',
  },
  'wait-in-loop': {
    category: 'efficiency',
    severity: 'minor',
    usefulness: 0.62,
    concept: 'Concurrency',
    gist: 'waiting for one answer before asking for the next',
    explanation:
      'Each round waits for its answer before the next question is asked, though no round needs the answer of another. The waiting times add up.',
    hint: 'All the questions are known before the loop begins. Does anything speak against asking them before you wait?',
    followUp: 'What should happen to the others when one of the answers is an error?',
  },
  'sort-for-one': {
    category: 'efficiency',
    severity: 'minor',
    usefulness: 0.66,
    concept: 'Linear search for an extreme',
    gist: 'sorting all of {list} for one item',
    explanation:
      'All of {list} is put in order, and then only the item at one end is used. Sorting does much more than the question asks for.',
    hint: 'If somebody read you the items one after another, what would you have to keep in mind to answer at the end?',
  },
  'naive-recursion': {
    category: 'efficiency',
    severity: 'critical',
    usefulness: 0.95,
    concept: 'Overlapping subproblems',
    quadratic: true,
    gist: 'the doubling recursion of {name}',
    explanation:
      '{name} asks itself twice in each call, and the two ask for many of the same answers. The number of calls nearly doubles with each step.',
    hint: 'Draw the calls for 5 as a tree and mark those that appear more than once. What could spare you the second time?',
    followUp: 'How many calls does {name} need for 30, and how many different answers are there?',
  },
} as const satisfies Record<string, Advice>;
