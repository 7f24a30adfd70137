import type { LauncherConfig } from '../config/launcher.config.ts';
import type { LocalState, SampleAccount } from './local-state.ts';

interface BannerFacts {
  config: LauncherConfig;
  state: LocalState;
  database: string;
  exercises: { verified: number; rejected: readonly string[] };
  /** The exercise whose solution the curl line submits; null when there is none. */
  sampleExerciseId: string | null;
}

/** The one block that tells a newcomer where everything is. */
export function banner({ config, state, database, exercises, sampleExerciseId }: BannerFacts): string {
  const api = `http://${config.SERVER_HOST === '0.0.0.0' ? '127.0.0.1' : config.SERVER_HOST}:${config.SERVER_PORT}`;
  const learner = state.accounts.find((account) => account.role === 'learner');
  const rows: [string, string][] = [
    ['API', `${api}/api/v1`],
    ['API docs', `${api}/docs`],
    ['Queues', `${api}/ops/queues   (log in as operator, or as admin to act)`],
    ['Health', `${api}/readiness   http://${config.WORKER_HOST}:${config.WORKER_PORT}/readiness`],
    ['Metrics', `${api}/metrics   http://${config.WORKER_HOST}:${config.WORKER_PORT}/metrics`],
    ['Database', database],
    ['Queue backend', config.REDIS_URL === undefined ? 'PostgreSQL (set REDIS_URL for Redis)' : 'Redis'],
    [
      'Exercises',
      exercises.rejected.length === 0 ? `${exercises.verified} verified` : `rejected: ${exercises.rejected.join(', ')}`,
    ],
    ['Mails', config.SMTP_URL === undefined ? (config.MAIL_DIR ?? state.mailDir) : 'sent by SMTP'],
    ['Logs', state.logDir],
    ...state.accounts.map(({ role, email, password }): [string, string] => [`Login ${role}`, `${email}  ${password}`]),
  ];
  return [
    '',
    'Learnify is running.',
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(17)}${value}`),
    '',
    ...(learner === undefined || sampleExerciseId === null
      ? []
      : submitLines(api, learner, sampleExerciseId, state.sampleSubmissionFile)),
    'Ctrl-C stops everything; the data stay.',
    '',
  ].join('\n');
}

function submitLines(
  api: string,
  { email, password }: SampleAccount,
  exerciseId: string,
  solutionFile: string,
): string[] {
  return [
    'Submit a right solution, then look at its grade:',
    '',
    `  TOKEN=$(curl -s ${api}/api/v1/auth/login -H 'Content-Type: application/json' \\`,
    `    -d '{"email":"${email}","password":"${password}"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`,
    `  curl -s ${api}/api/v1/exercises/${exerciseId}/submissions -H "Authorization: Bearer $TOKEN" \\`,
    `    -H 'Content-Type: application/json' -d @${solutionFile}; sleep 1; echo`,
    `  curl -s ${api}/api/v1/exercises/${exerciseId}/submissions -H "Authorization: Bearer $TOKEN"; echo`,
    '',
  ];
}
