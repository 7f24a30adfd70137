import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import type { BlowUpTask } from '../support/blow-up.worker.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** As much as the headers of a request hold at most. */
const PATTERN_LENGTH = 16 * 1024;
/** Enough to find what is worse than quadratic: workers look at programs in processes and threads that have a deadline, and at short answers. */
const EXPONENTIAL_LENGTH = 4 * 1024;
/** As much as an ordinary body holds at most. */
const FIELD_LENGTH = 100 * 1024;
/** A linear match of so much text takes less than a millisecond. So this is no measurement, only the end of patience. */
const PATIENCE_MS = 10_000;

/** Works on the task in a thread of its own and answers what it was busy with when patience ended, or `done`. */
async function blowUp(task: BlowUpTask, patienceMs = PATIENCE_MS): Promise<{ last: string; steps: number }> {
  const worker = new Worker(new URL('../support/blow-up.worker.ts', import.meta.url), { workerData: task });
  let steps = 0;
  try {
    return await new Promise((resolve, reject) => {
      let last = 'nothing';
      const giveUp = (): void => resolve({ last, steps });
      let patience = setTimeout(giveUp, 4 * PATIENCE_MS);
      worker.on('message', (what: string) => {
        last = what;
        steps += 1;
        clearTimeout(patience);
        if (what === 'done') giveUp();
        else patience = setTimeout(giveUp, patienceMs);
      });
      worker.on('error', reject);
    });
  } finally {
    await worker.terminate();
  }
}

/** The regular expressions that are written in the code of these folders. */
function patternsInCode(...folders: string[]): NonNullable<BlowUpTask['patterns']> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest);
      const found: NonNullable<BlowUpTask['patterns']> = [];
      const visit = (node: ts.Node): void => {
        const parts = ts.isRegularExpressionLiteral(node) ? /^\/(.*)\/([a-z]*)$/s.exec(node.text) : null;
        if (parts !== null) found.push({ where: file, source: parts[1] ?? '', flags: parts[2] ?? '' });
        ts.forEachChild(node, visit);
      };
      visit(source);
      return found;
    });
}

describe('regular expressions that meet the texts of strangers', () => {
  test('are found out here when one of them blows up', async () => {
    const evil = [{ where: 'this test', source: '^(a+)+$', flags: '' }];
    const { last } = await blowUp({ patterns: evil, patternLength: 64 }, 1000);
    expect(last).toMatch(/this test/);
  }, 30_000);

  test.each([
    { met: 'requests', folders: ['api', 'shared'], patternLength: PATTERN_LENGTH },
    { met: 'programs, and answers of models', folders: ['worker'], patternLength: EXPONENTIAL_LENGTH },
  ])(
    'take no text for so long that it would be noticed, of those that meet $met',
    async ({ folders, patternLength }) => {
      const patterns = patternsInCode(...folders);
      expect(patterns.length).toBeGreaterThan(20);
      const { last, steps } = await blowUp({ patterns, patternLength });
      expect(last).toBe('done');
      expect(steps).toBeGreaterThan(patterns.length);
    },
    120_000,
  );

  test('and whole contracts take no field for so long either, however long it is', async () => {
    const { last, steps } = await blowUp({ contracts: join(ROOT, 'shared/contracts'), fieldLength: FIELD_LENGTH });
    expect(last).toBe('done');
    expect(steps).toBeGreaterThan(1000);
  }, 120_000);
});
