import type { Advice } from '../remark.ts';
import { shapeAdvice } from '../shape.advice.ts';

/** What is said about each rule of SQL. */
export const sqlAdvice = {
  'syntax-error': shapeAdvice['syntax-error'],
  star: {
    category: 'taste',
    severity: 'minor',
    usefulness: 0.6,
    concept: 'Choosing columns',
    gist: 'asking for every column',
    explanation:
      'The star returns all columns, those nobody asked for and those that are added to the table one day too. Whoever reads the result relies on their order.',
    hint: 'Which columns does the exercise name, and in which order?',
  },
  'null-compared': {
    category: 'edgeCases',
    severity: 'critical',
    usefulness: 0.96,
    concept: 'NULL',
    gist: 'comparing with NULL',
    explanation:
      'NULL means "not known", and no comparison with it is ever true, not even NULL = NULL. This condition lets no row through.',
    hint: 'SQL has a question of its own for "is there no value?". It is not made with an equals sign.',
    followUp: 'What are the three answers that a condition in SQL can have?',
  },
  'not-in-nulls': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.92,
    concept: 'NULL in lists',
    gist: 'NOT IN over a column that can be NULL',
    explanation:
      'If the subquery gives a single NULL in {column}, NOT IN is true for no row at all, and the result is empty.',
    hint: 'Write out what NOT IN (1, NULL) means as a chain of comparisons. Is there another way to ask that something does not exist?',
    followUp: 'Which constraint on the table would make this query safe?',
  },
  'leading-wildcard': {
    category: 'efficiency',
    severity: 'minor',
    usefulness: 0.62,
    concept: 'Indexes',
    gist: 'a pattern that begins with %',
    explanation:
      'An index is sorted by the beginning of the text. A pattern that leaves the beginning open makes the database read every row.',
    hint: 'Can the value really begin with anything? If not, say how it begins, or what it is.',
  },
  cartesian: {
    category: 'codeSense',
    severity: 'critical',
    usefulness: 0.95,
    concept: 'Joins',
    gist: 'tables that nothing ties together',
    explanation:
      'No condition connects {table} with the other tables, so every row of one is combined with every row of the other.',
    hint: 'Which columns tell that two rows belong together?',
    followUp: 'How many rows come out of two tables of 1,000 rows that nothing connects?',
  },
  'comma-join': {
    category: 'taste',
    severity: 'minor',
    usefulness: 0.42,
    concept: 'Joins',
    gist: 'joining with a comma',
    explanation:
      'How the tables belong together is mixed with what is searched for. When one condition is forgotten, nobody notices that rows multiply.',
    hint: 'Which of the conditions connect tables, and which choose rows? There is a place for each kind.',
  },
  'distinct-patch': {
    category: 'taste',
    severity: 'major',
    usefulness: 0.7,
    concept: 'Duplicates',
    gist: 'DISTINCT over rows that should not be there',
    explanation:
      'The rows repeat because of the way the tables are combined. DISTINCT removes the copies after all of them were made, and hides the reason.',
    hint: 'Leave DISTINCT out for a moment and ask of each extra row where it comes from.',
  },
  'outer-join-undone': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.86,
    concept: 'Outer joins',
    gist: 'a condition that undoes the outer join',
    explanation:
      'Rows without a partner have NULL in the columns of {table}, and this condition in WHERE is not true for NULL. So the rows that the outer join kept are thrown away again.',
    hint: 'When is WHERE applied, and when ON? Which of the two decides about partners?',
  },
  'count-of-no-partner': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.86,
    concept: 'Outer joins',
    gist: 'counting the row of a missing partner',
    explanation:
      'An outer join gives one row, filled with NULLs, where there is no partner. COUNT(*) counts rows, that one too, so the answer is 1 where it should be 0.',
    hint: 'COUNT can also count values of a column. What does it do with NULL?',
  },
  'ungrouped-column': {
    category: 'codeSense',
    severity: 'major',
    usefulness: 0.85,
    concept: 'Grouping',
    gist: 'the column {column}, which belongs to no group',
    explanation:
      '{column} can have many values in one group, and the result has room for one. PostgreSQL refuses that; SQLite picks any row.',
    hint: 'For each column of the result: is it the same in the whole group, or what should be computed from it?',
  },
  'aggregate-in-where': {
    category: 'codeSense',
    severity: 'critical',
    usefulness: 0.93,
    concept: 'WHERE and HAVING',
    gist: '{method} inside WHERE',
    explanation:
      'WHERE looks at one row at a time, before there are any groups, so {method} has nothing to be computed from there. The database refuses the query.',
    hint: 'In which order are rows chosen, grouped and computed? Where could the value be computed before it is compared?',
  },
  'late-filter': {
    category: 'efficiency',
    severity: 'minor',
    usefulness: 0.66,
    concept: 'WHERE and HAVING',
    gist: 'filtering rows after they were grouped',
    explanation:
      'This condition looks at single rows, and it is asked only after all rows were grouped. The groups of the unwanted rows were made for nothing.',
    hint: 'Which conditions need the result of a group, and which do not?',
  },
  ordinal: {
    category: 'taste',
    severity: 'minor',
    usefulness: 0.4,
    concept: 'Readable queries',
    gist: 'numbers in the place of column names',
    explanation:
      'The number means the place of a column in the result. Whoever adds a column in front changes what the query does without noticing.',
    hint: 'Could it be said by name?',
  },
  'wrapped-column': {
    category: 'efficiency',
    severity: 'minor',
    usefulness: 0.6,
    concept: 'Indexes',
    gist: '{method} around the column {column}',
    explanation:
      'The database has to compute {method} for every row before it can compare, so an index on {column} is of no use.',
    hint: 'Can the other side of the comparison be changed in its place? And do the values really come in different spellings?',
  },
  'update-all': {
    category: 'edgeCases',
    severity: 'critical',
    usefulness: 0.97,
    concept: 'Changing rows',
    gist: 'an UPDATE of every row',
    explanation: 'Without a condition UPDATE changes every row of the table.',
    hint: 'Which rows does the exercise speak of? Try the condition with a SELECT first.',
    followUp: 'How can you make sure that a change can be taken back while you check it?',
  },
  'delete-all': {
    category: 'edgeCases',
    severity: 'critical',
    usefulness: 0.97,
    concept: 'Changing rows',
    gist: 'a DELETE of every row',
    explanation: 'Without a condition DELETE removes every row of the table.',
    hint: 'Which rows does the exercise speak of? Try the condition with a SELECT first.',
    followUp: 'How can you make sure that a change can be taken back while you check it?',
  },
  'mixed-conditions': {
    category: 'codeSense',
    severity: 'major',
    usefulness: 0.8,
    concept: 'Precedence',
    gist: 'AND and OR without brackets',
    explanation:
      'AND binds more tightly than OR, so the condition after AND holds only for the part beside it, not for the whole.',
    hint: 'Put brackets around what belongs together and compare the results.',
  },
  'unordered-limit': {
    category: 'edgeCases',
    severity: 'major',
    usefulness: 0.88,
    concept: 'Order of rows',
    gist: 'LIMIT without an order',
    explanation: 'A table has no order of its own. LIMIT then keeps any rows, and others tomorrow.',
    hint: 'The first ones by what? And what if two are equal in that?',
  },
  'repeated-scan': {
    category: 'efficiency',
    severity: 'major',
    usefulness: 0.7,
    concept: 'Ranking rows',
    gist: 'reading {table} again for each step',
    explanation:
      'Each subquery goes through {table} once more to find the next value. For a longer list it would take as many subqueries, and rows with equal values are counted wrongly.',
    hint: 'Is it the values that you want, or the places in an order? SQL can put rows in an order and stop.',
  },
  'counting-for-existence': {
    category: 'efficiency',
    severity: 'major',
    usefulness: 0.72,
    concept: 'EXISTS',
    gist: 'counting all rows to learn whether there is one',
    explanation:
      'For each row the subquery counts all that belong to it, though it only matters whether there is one at all.',
    hint: 'When could the search stop? There is a word for "is there any".',
  },
  'query-per-row': {
    category: 'efficiency',
    severity: 'minor',
    usefulness: 0.58,
    concept: 'Correlated subqueries',
    gist: 'a subquery for every row',
    explanation: 'The subquery depends on the row around it, so it may be run once for each row of the result.',
    hint: 'Could all of the answers be computed in one go, by group, and then be joined?',
  },
  'division-by-aggregate': {
    category: 'edgeCases',
    severity: 'minor',
    usefulness: 0.55,
    concept: 'Division in SQL',
    gist: 'dividing by {method}',
    explanation:
      '{method} can be 0 or NULL for a group, and where both sides are whole numbers the result is cut to a whole number too.',
    hint: 'Try a group without rows that count, and one where the result has a fraction.',
  },
} as const satisfies Record<string, Advice>;

export type SqlRule = keyof typeof sqlAdvice;
