import type { Advice } from '../remark.ts';

/** About input that is empty, missing, or at the end of its range. */
export const edgeCaseAdvice = {
  'extreme-of-nothing': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.86,
    concept: 'Empty input',
    gist: 'Math.{method} of an empty list',
    explanation:
      'When {list} is empty, Math.{method} gets no number and answers with an infinity. A very long list breaks it too, since every item becomes an argument.',
    hint: 'What does the exercise want for no numbers at all? Say it before you ask for an extreme.',
  },
  'division-by-length': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.87,
    concept: 'Division by zero',
    gist: 'the division when {list} is empty',
    explanation:
      'When {list} is empty its length is 0, and the division gives NaN. NaN then travels on quietly through everything that is computed with it.',
    hint: 'Which input makes the right side of the division zero, and what should be the answer for it?',
  },
  'reduce-of-nothing': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.85,
    concept: 'Empty input',
    gist: 'reduce without a first value',
    explanation: 'Without a value to start with, reduce throws a TypeError when {list} is empty.',
    hint: 'What is the result before anything was added to it? reduce can be told.',
  },
  'first-of-nothing': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.84,
    concept: 'Empty input',
    gist: 'the first item of a list that may be empty',
    explanation:
      'The first item of {list} is read on from without asking whether there is one. Of an empty list it is undefined, and reading on throws.',
    hint: 'What does the code do when {list} has no items? Follow it line by line.',
  },
  'first-as-start': {
    category: 'edgeCases',
    severity: 'minor',
    usefulness: 0.55,
    concept: 'Empty input',
    gist: 'starting from an item that may not be there',
    explanation:
      'The search starts from the first item of {list}. Nothing says what happens when there is none: the value is then undefined.',
    hint: 'Which answer belongs to an empty list? Decide it before the first item is used.',
  },
  'answer-may-be-missing': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.83,
    concept: 'Missing values',
    gist: 'using the answer of {method} unseen',
    explanation:
      '{method} has no result when nothing fits, and the code reads from its result at once. For such an input it throws instead of answering.',
    hint: 'Which input does not fit? Give it to the function in your mind and look what {method} hands back.',
  },
  'extreme-from-zero': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.76,
    concept: 'Starting values',
    gist: 'a search for the largest that starts from 0',
    explanation:
      '{name} begins at 0, so an item has to be above 0 to be noticed at all. When all of them are below, the answer is 0, which is none of them.',
    hint: 'Try it with nothing but negative numbers. Which starting value is certainly not better than every item?',
  },
  'assertion-of-presence': {
    category: 'edgeCases',
    severity: 'minor',
    usefulness: 0.68,
    concept: 'Missing values',
    gist: 'an exclamation mark over a value that may be missing',
    explanation:
      'The exclamation mark only silences the compiler. When there is no such value, undefined goes on from here, and everything made of it is wrong.',
    hint: 'For which input is there nothing to be found, and what does the exercise want then?',
  },
  'replace-first-only': {
    category: 'edgeCases',
    severity: 'minor',
    usefulness: 0.7,
    concept: 'Regular expressions',
    gist: 'a replacement of the first match only',
    explanation:
      'Without the g flag, replace stops after the first match. Whatever fits further on in the text stays as it is.',
    hint: 'Try a text in which the pattern fits twice.',
  },
  'sum-without-start': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.84,
    concept: 'Missing values',
    gist: 'adding to an entry of {name} that may not be there yet',
    explanation: 'When {name} has no such entry yet, its value is undefined, and undefined plus a number is NaN.',
    hint: 'What is in {name} for a key that comes for the first time, and what should the sum begin with?',
  },
  'zero-as-nothing': {
    category: 'edgeCases',
    severity: 'minor',
    usefulness: 0.66,
    concept: 'Truthiness',
    gist: 'taking a {name} of 0 for none',
    explanation: 'A 0 counts as false, so this treats {name} of 0 in the same way as a missing one.',
    hint: 'Is 0 a value that can occur? Then ask for what you really mean.',
  },
  'search-stuck': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.86,
    concept: 'Loop progress',
    gist: 'a search that may not get any further',
    explanation:
      'When only two neighbours are left, the middle is {name} itself. Then this assignment changes nothing, and the loop never ends.',
    hint: 'Write down the variables for a list of two items, round by round. What do you know already about the item in the middle?',
    followUp: 'How can you convince somebody that the distance gets smaller in every round?',
  },
  'loop-past-end': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.86,
    concept: 'Off by one',
    gist: 'the round past the end of {list}',
    explanation:
      'The loop also runs with an index equal to the length of {list}, but the last item is one before that. The last round reads undefined.',
    hint: 'Write down the indexes for a list of three items, and then those that this loop visits.',
  },
  'sort-as-text': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.88,
    concept: 'Order of numbers and texts',
    gist: 'sorting numbers as if they were words',
    explanation:
      'Without a comparison of your own, sort compares items as text. Then 10 comes before 9, because "1" comes before "9".',
    hint: 'Try it with numbers of different lengths. How can you tell sort what "smaller" means to you?',
  },
  'fractions-compared': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.6,
    concept: 'Floating point',
    gist: 'comparing fractions exactly',
    explanation:
      'Fractions such as 0.1 are stored with a tiny error, so two computations of the same value often differ in the last digit and an exact comparison fails.',
    hint: 'How close is close enough here? Or could you count in a unit that has no fractions?',
  },
  'removal-in-loop': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.86,
    concept: 'Changing a list while going through it',
    gist: 'removing items from {list} on the way',
    explanation:
      'Removing an item moves all later ones one place forward, while the index goes on. The item after each removed one is never looked at.',
    hint: 'Play it through with three equal items in a row. Would it be easier to collect what stays?',
  },
  'error-swallowed': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.78,
    concept: 'Error handling',
    gist: 'the error that disappears',
    explanation:
      'Whatever goes wrong in the try block ends here without a trace. The caller cannot tell a failure from an answer.',
    hint: 'What should the caller learn when this fails? If you have no answer to the error, who does?',
  },
  'empty-words': {
    category: 'edgeCases',
    severity: 'minor',
    usefulness: 0.64,
    concept: 'Empty input',
    gist: 'the empty words that split leaves',
    explanation:
      'Splitting an empty text, or one that begins or ends with a blank, gives an empty string as a word, and it is treated like any other.',
    hint: 'What does split answer for a text of no characters? Print it once, with its length.',
  },
  radix: {
    category: 'edgeCases',
    severity: 'minor',
    usefulness: 0.3,
    concept: 'Parsing numbers',
    gist: 'parseInt without a base',
    explanation: 'parseInt chooses the base by the look of the text when it is not told: "0x10" is read as 16.',
    hint: 'Which base do you expect? parseInt takes it as a second argument.',
  },
  'use-isnan': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.9,
    concept: 'NaN',
    gist: 'the comparison with NaN',
    explanation: 'NaN is not equal to anything, not even to itself, so this check has the same result for every input.',
    hint: 'There are functions that answer the question "is this not a number?". Look for the one that does not convert its argument first.',
  },
  'no-unsafe-optional-chaining': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.75,
    concept: 'Missing values',
    gist: 'going on from a value that may be undefined',
    explanation:
      'The ?. allows for a missing value, but what stands around it does not: when the value is missing, it throws.',
    hint: 'What is the whole expression when the part before ?. is missing?',
  },
  'no-loss-of-precision': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.6,
    concept: 'Number precision',
    gist: 'a number with too many digits',
    explanation:
      'This number has more digits than a JavaScript number can hold, so another number stands in its place at run time.',
    hint: 'What is Number.MAX_SAFE_INTEGER, and on which side of it are you?',
  },
} as const satisfies Record<string, Advice>;
