import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { travel } from './frontend-journey.ts';

/** `npm run journey -- [base URL]`: walks through a running platform as the frontend would, and says what it saw. */
const [baseUrl = 'http://127.0.0.1:8080'] = process.argv.slice(2);
const solutionFile = new URL(
  '../../shared/learning/catalogue/skerry-post/01-atom/label-reader/solution.js',
  import.meta.url,
);
const journey = await travel(baseUrl, readFileSync(fileURLToPath(solutionFile), 'utf8'));
const expected = {
  accepted: 'accepted',
  wrong: 'wrong_answer',
  endless: 'time_limit',
  crashing: 'runtime_error',
} as const;

let failures = 0;
for (const [step, verdict] of Object.entries(expected)) {
  const seen = journey[step as keyof typeof expected].verdict;
  if (seen !== verdict) failures += 1;
  process.stdout.write(`${seen === verdict ? 'ok  ' : 'FAIL'} ${step.padEnd(9)} ${seen}\n`);
}
if (!journey.solved) failures += 1;
process.stdout.write(`${journey.solved ? 'ok  ' : 'FAIL'} solved    ${journey.solved}\n`);
process.exitCode = failures === 0 ? 0 : 1;
