import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Language } from '../../../shared/contracts/exercise.contract.ts';
import type { Grade, TestResult } from '../../../shared/contracts/grade.contract.ts';
import { ReviewCategory } from '../../../shared/contracts/review.contract.ts';
import type { ReviewSubject } from '../../../worker/review/subject.ts';

/** Something a senior reviewer would say about lines of a program. */
export type Label = { startLine: number; endLine: number; category: ReviewCategory; text: string };

/** A program with what should be said about it. `tolerated`: it may be said, and nobody misses it. */
export type LabelledProgram = {
  name: string;
  subject: ReviewSubject;
  defects: Label[];
  tolerated: Label[];
  /** Nothing grave may be said about it. */
  isClean: boolean;
  /** Not looked at while the analysis is being tuned. */
  isHeldOut: boolean;
};

type Unplaced = Omit<LabelledProgram, 'isHeldOut' | 'isClean'>;

type Exercise = { language: Language; dialect: ReviewSubject['dialect']; exercise: ReviewSubject['exercise'] };

const FOLDER = new URL('set/', import.meta.url);
const ENTRYPOINTS: Record<Language, string> = {
  javascript: 'main.js',
  typescript: 'main.ts',
  python: 'main.py',
  sql: 'query.sql',
};
const EVERY_THIRD = 3;
/** Programs that were written to see what rules do that do not know them, and that the rules have learnt from since. */
const LEARNT = 'learnt.txt';

/**
 * Reads the labelled set. Its files are made of parts that begin with `@@`: an exercise, its solution, and programs for it with labels.
 * @throws Error naming the file and the part that breaks the form.
 */
export async function readLabelledSet(): Promise<LabelledProgram[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.txt')).sort();
  const programs = await Promise.all(
    files.map(async (file) => readPrograms(await readFile(new URL(file, FOLDER), 'utf8'), file)),
  );
  return programs.flat();
}

function readPrograms(text: string, file: string): LabelledProgram[] {
  const programs: LabelledProgram[] = [];
  let exercise: Exercise | null = null;
  let program: Unplaced | null = null;
  for (const part of text.split(/^@@/m).slice(1)) {
    const [head = '', ...rest] = part.split('\n');
    const body = rest.join('\n').trimEnd();
    const [word = '', ...words] = head.split(' ');
    const said = words.join(' ');
    if (word === 'exercise') exercise = readExercise(said, body, file);
    else if (exercise === null) throw new Error(`${file}: "@@${head}" comes before any exercise`);
    else if (word === 'solution') exercise.exercise.solutionCode = body;
    else if (word === 'program') program = startProgram(said, exercise, file);
    else if (program === null) throw new Error(`${file}: "@@${head}" comes before any program`);
    else if (word === 'defect') program.defects.push(readLabel(said, file));
    else if (word === 'also') program.tolerated.push(readLabel(said, file));
    else if (word === 'code') {
      program.subject.code = `${body}\n`;
      const isThird = programs.length % EVERY_THIRD === EVERY_THIRD - 1;
      programs.push({
        ...program,
        isClean: program.defects.length === 0,
        isHeldOut: file !== LEARNT && isThird,
      });
    } else throw new Error(`${file}: unknown part "@@${head}"`);
  }
  return programs;
}

function readExercise(head: string, description: string, file: string): Exercise {
  const [slug = '', kind = '', title = ''] = head.split(' | ');
  const [language, dialect] = kind.split(' ');
  const parsed = Language.safeParse(language);
  if (!parsed.success) throw new Error(`${file}: exercise "${slug}" has no known language: ${kind}`);
  return {
    language: parsed.data,
    dialect: z
      .enum(['sqlite', 'postgres'])
      .nullable()
      .parse(dialect ?? null),
    exercise: { versionId: slug, title, description, starterCode: '', solutionCode: '' },
  };
}

function startProgram(head: string, { language, dialect, exercise }: Exercise, file: string): Unplaced {
  const [name = '', verdict = ''] = head.split(' | ');
  if (name === '' || !/^(?:accepted|wrong: .+)$/.test(verdict))
    throw new Error(`${file}: program "${head}" needs a name and a verdict`);
  const grade = gradeOf(verdict);
  return {
    name,
    subject: { language, dialect, entrypoint: ENTRYPOINTS[language], code: '', exercise: { ...exercise }, grade },
    defects: [],
    tolerated: [],
  };
}

const LABEL = /^(\d+)(?:-(\d+))? (\w+) \| (.+)$/;

function readLabel(head: string, file: string): Label {
  const match = LABEL.exec(head);
  const category = ReviewCategory.safeParse(match?.[3]);
  if (match === null || !category.success)
    throw new Error(`${file}: "${head}" is no label such as "3-5 efficiency | why"`);
  const startLine = Number(match[1]);
  return { startLine, endLine: Number(match[2] ?? startLine), category: category.data, text: match[4] ?? '' };
}

/** Four visible tests, a hidden one, and the one that fails. */
function gradeOf(verdict: string): Grade {
  const failing = /^wrong: (.+)$/.exec(verdict)?.[1];
  const tests = [
    ...['first example', 'second example', 'a longer example', 'an ordinary case'].map((name) =>
      testResult(name, 'accepted'),
    ),
    { ...testResult('hidden', 'accepted'), visibility: 'never' as const },
    ...(failing === undefined ? [] : [testResult(failing, 'wrong_answer')]),
  ];
  const isAccepted = failing === undefined;
  return {
    verdict: isAccepted ? 'accepted' : 'partial',
    score: isAccepted ? 100 : 83,
    fault: isAccepted ? null : 'learner',
    tests,
    stdout: '',
    engine: 'eval',
  };
}

function testResult(name: string, verdict: TestResult['verdict']): TestResult {
  return {
    name,
    verdict,
    visibility: 'always',
    weight: 1,
    cpuMs: 1,
    wallMs: 1,
    memoryKb: null,
    message: null,
    stdout: '',
  };
}
