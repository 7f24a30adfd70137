import type { Advice } from '../remark.ts';

/** About code that does not mean what it seems to say, and about clarity. */
export const senseAdvice = {
  'for-each-async': {
    category: 'codeSense',
    severity: 'critical',
    usefulness: 0.95,
    concept: 'Asynchronous code',
    gist: 'forEach, which does not wait',
    explanation:
      'forEach calls the async function for each item and waits for none of them. The code after it goes on while the work has hardly begun.',
    hint: 'Who holds the promises that the callback returns? Look for a way to go through the items that does not throw them away.',
    followUp: 'In which order do the lines run? Write a number beside each.',
  },
  'map-async': {
    category: 'codeSense',
    severity: 'major',
    usefulness: 0.85,
    concept: 'Asynchronous code',
    gist: 'a list of promises in the place of values',
    explanation: 'map with an async function answers with a list of promises, and nothing here waits for them.',
    hint: 'What is the type of one item of the result? Something has to turn many promises into one.',
  },
  'async-test': {
    category: 'codeSense',
    severity: 'critical',
    usefulness: 0.92,
    concept: 'Asynchronous code',
    gist: '{method} with an async test',
    explanation:
      'An async function always returns a promise, and a promise counts as true. So {method} takes every item for a match.',
    hint: 'What does {method} get back from the callback at the moment it decides?',
  },
  'forgotten-wait': {
    category: 'codeSense',
    severity: 'major',
    usefulness: 0.86,
    concept: 'Asynchronous code',
    gist: 'the call of {name} that nobody waits for',
    explanation:
      '{name} is async, and its promise is dropped. The next line runs before it is done, and an error in it is lost.',
    hint: 'When must the work of {name} be finished? Say so at the call.',
  },
  'keys-of-list': {
    category: 'codeSense',
    severity: 'minor',
    usefulness: 0.7,
    concept: 'Iterating over lists',
    gist: 'for…in over a list',
    explanation:
      'for…in goes through the keys of an object, as texts: "0", "1", and whatever else somebody attached to {list}. It is not made for the items of a list.',
    hint: 'There is a loop that hands you the items themselves. Do you need the index at all?',
  },
  'shared-fill': {
    category: 'codeSense',
    severity: 'critical',
    usefulness: 0.92,
    concept: 'References',
    gist: 'one object in every place',
    explanation:
      'The value given to fill is made once, and every place of the list refers to that same object. A change in one place shows in all of them.',
    hint: 'Change one entry and print the whole list. How could each place get an object of its own?',
  },
  'yes-or-no-comparator': {
    category: 'codeSense',
    severity: 'major',
    usefulness: 0.9,
    concept: 'Comparison functions',
    gist: 'a comparison that answers yes or no',
    explanation:
      'sort wants to know which of two items comes first, and there are three answers to that: a number below 0, 0, or above. A yes or no has only two of them, so the order is left to chance.',
    hint: 'What should the function answer for (1, 2), (2, 1) and (1, 1)?',
  },
  'return-without-wait': {
    category: 'codeSense',
    severity: 'major',
    usefulness: 0.85,
    concept: 'Asynchronous code',
    gist: 'leaving the try before {name} is done',
    explanation:
      'The promise of {name} is handed on as it is. When it fails, the try block is over already, and catch never hears of it.',
    hint: 'At which moment does the try block end, and at which one is it known whether {name} succeeds?',
  },
  'flag-in-loop': {
    category: 'taste',
    severity: 'minor',
    usefulness: 0.46,
    concept: 'Early return',
    gist: 'going on when the answer is known',
    explanation:
      'Once {name} has changed, nothing can change it back, and the loop goes through all the rest for nothing. A reader has to make sure of that.',
    hint: 'What could happen at the moment when the answer is certain?',
  },
  'parameter-changed': {
    category: 'codeSense',
    severity: 'minor',
    usefulness: 0.45,
    concept: 'Side effects',
    gist: "changing the caller's {list}",
    explanation:
      '{method} changes {list} itself, and that list belongs to the caller, who may not expect to find it different afterwards.',
    hint: 'Would your function give the same answer if it were called twice with the same list?',
  },
  'boolean-compared': {
    category: 'taste',
    severity: 'minor',
    usefulness: 0.35,
    concept: 'Boolean expressions',
    gist: 'comparing with true or false',
    explanation:
      'The value is a yes or no already; comparing it with true or false says the same again, with more words.',
    hint: 'Read the condition aloud. Which words could go?',
  },
  'any-type': {
    category: 'taste',
    severity: 'major',
    usefulness: 0.6,
    concept: 'Types as documentation',
    gist: 'the type any',
    explanation:
      'any switches the checks off for this value and for everything made from it: a misspelt property is found only when it runs.',
    hint: 'Which properties does the code really use? Write them down as a type.',
    followUp: 'Which mistake could the compiler have told you about if the types were exact?',
  },
  'nested-choice': {
    category: 'taste',
    severity: 'minor',
    usefulness: 0.4,
    concept: 'Readable conditions',
    gist: 'a choice inside a choice',
    explanation:
      'One ?: stands inside another, and a reader has to find out which colon belongs to which question mark.',
    hint: 'Could the cases stand below each other, one on a line?',
  },
} as const satisfies Record<string, Advice>;
