import type { EngineLimits } from '../../limits.ts';
import type { Fault, Outcome, RunRequest } from '../../protocol.ts';
import { FrameReader } from '../framing.ts';
import { MAX_REQUEST_BYTES, sendOutcome, sendReady, watchParent } from '../runner-process-io.ts';
import { TimeGuard } from '../time-guard.ts';
import type { QueryAnswer, QueryEngine } from './query-engine.ts';
import { splitStatements, type Dialect, type Script } from './sql-text.ts';
import { SqlFault, syntaxFault } from './sql-fault.ts';
import { residentKb } from '../process-memory.ts';

const MAX_MESSAGE_CHARS = 4000;
const NO_ROWS = '{"columns":[],"rows":[]}';
const PRACTICE_LIMITS = { cpuMs: 10_000, wallMs: 10_000, memoryBytes: 64 * 1024 * 1024, outputBytes: 1000 };

/** Serves submissions to one database engine, one after the other, until the parent is gone. */
export async function serveQueries(engine: QueryEngine, dialect: Dialect, practiceRounds: number): Promise<void> {
  for (let round = 0; round < practiceRounds; round++) practise(engine);
  engine.prepare(PRACTICE_LIMITS);
  const guard = await TimeGuard.start();
  await watchParent();
  const reader = new FrameReader(MAX_REQUEST_BYTES);
  process.stdin.on('data', (chunk: Buffer) => {
    // The parent sends the next request only after the last outcome, so requests never overlap.
    for (const message of reader.push(chunk)) serve(engine, dialect, guard, message as RunRequest);
  });
  process.stdin.on('end', () => process.exit(0));
  sendReady(engine.name);
}

function serve(engine: QueryEngine, dialect: Dialect, guard: TimeGuard, { program, task, limits }: RunRequest): void {
  if (task.kind !== 'queries') throw new Error(`a database does not run ${task.kind}`);
  const script = program.files.find(({ path }) => path === program.entrypoint)?.content ?? '';
  const source: Script = { entrypoint: program.entrypoint, script };
  const guarded = { ...limits, mayGrowBytes: engine.mayGrowBytes(limits) };
  const loaded = measure(guard, guarded, () => {
    load(engine, dialect, source);
    return { kind: 'loaded', stdout: '' };
  });
  sendOutcome(loaded);
  if (loaded.kind !== 'loaded') return;
  for (const query of task.queries) {
    engine.prepare(limits);
    const outcome = measure(guard, guarded, () => rowsOutcome(engine.run(source, query, limits)));
    sendOutcome(outcome);
    if (outcome.spent) return;
  }
  // While nobody waits for it; what the last script left must not stay for long either.
  setImmediate(() => engine.prepare(limits));
}

function load(engine: QueryEngine, dialect: Dialect, source: Script): void {
  if (splitStatements(source.script, dialect).length === 0) {
    throw new SqlFault('invalid_submission', `\`${source.entrypoint}\` holds no statement`);
  }
  // Both databases would take it for the end of the script.
  const nul = source.script.indexOf('\0');
  if (nul >= 0) throw syntaxFault('the character NUL', source, nul);
  engine.load(source);
}

type Result =
  { kind: 'loaded'; stdout: string } | { kind: 'rows'; json: string; stdout: string; takenBytes: number | null };

function rowsOutcome({ rows, printed, takenBytes }: QueryAnswer): Result {
  return { kind: 'rows', json: rows?.toJson() ?? NO_ROWS, stdout: printed, takenBytes };
}

type Guarded = EngineLimits & { mayGrowBytes: number | undefined };

/** Runs a step under the guard. Errors that are no fault of the script end the runner. */
function measure(guard: TimeGuard, limits: Guarded, step: () => Result): Outcome {
  guard.arm(limits, limits.mayGrowBytes);
  const result = attempt(step);
  const times = guard.disarm();
  const measured = { ...times, memoryKb: null, rssKb: residentKb(), spent: false };
  if (result instanceof SqlFault) return { ...measured, ...faultOf(result) };
  if (result.kind === 'loaded') return { ...measured, ...result };
  const { takenBytes, ...answer } = result;
  return { ...measured, ...answer, memoryKb: takenBytes === null ? null : Math.ceil(takenBytes / 1024) };
}

function attempt(step: () => Result): Result | SqlFault {
  try {
    return step();
  } catch (error) {
    if (error instanceof SqlFault) return error;
    throw error;
  }
}

function faultOf({
  verdict,
  message,
  printed,
  spent,
}: SqlFault): Pick<Fault, 'kind' | 'verdict' | 'message' | 'stdout' | 'spent'> {
  return { kind: 'fault', verdict, message: message.slice(0, MAX_MESSAGE_CHARS), stdout: printed, spent };
}

/** A submission of our own: proves that the engine works, and has its hot code compiled before a learner waits for it. */
function practise(engine: QueryEngine): void {
  const source = {
    entrypoint: 'practice.sql',
    script: `WITH big AS (SELECT * FROM animals WHERE weight > 1.5) SELECT kind, count(*), sum(weight) FROM big
      JOIN kinds USING (kind) GROUP BY kind HAVING count(*) > 0 ORDER BY 3 DESC, kind LIMIT 5;`,
  };
  const setup = `CREATE TABLE kinds (kind TEXT PRIMARY KEY);
    CREATE TABLE animals (id INTEGER PRIMARY KEY, kind TEXT NOT NULL REFERENCES kinds (kind), weight REAL);
    INSERT INTO kinds VALUES ('cat'), ('dog');
    INSERT INTO animals (id, kind, weight) VALUES (1, 'cat', 4.5), (2, 'dog', 12), (3, 'cat', 3.5), (4, 'dog', 1);`;
  engine.load(source);
  engine.prepare(PRACTICE_LIMITS);
  const { rows } = engine.run(source, { setup, check: 'SELECT count(*) FROM animals' }, PRACTICE_LIMITS);
  if (rows?.toJson().endsWith('"rows":[[4]]}') !== true) throw new Error('the engine fails its own practice');
}
