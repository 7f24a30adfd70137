import { expect, test } from '@jest/globals';
import { Client } from 'pg';
import { runHealthChecks } from '../../shared/observability/health.ts';

test('readiness, which anybody may ask for, says why something fails, and not where or as whom it is asked', async () => {
  // Where nobody listens, and nobody else may.
  const port = 1;
  const ping = async (): Promise<void> => {
    await new Client({ host: '127.0.0.1', port, user: 'somebody', database: 'somewhere' }).connect();
  };
  await expect(ping()).rejects.toThrow(`127.0.0.1:${port}`);
  const wrapped = () =>
    ping().catch((cause: unknown) => {
      throw new Error(`cannot ask 127.0.0.1:${port}`, { cause });
    });
  for (const check of [ping, wrapped]) {
    expect(await runHealthChecks([{ name: 'database', required: true, check }])).toEqual({
      status: 'unavailable',
      checks: { database: { ok: false, detail: 'ECONNREFUSED' } },
    });
  }
});

test('readiness repeats what we say ourselves', async () => {
  const check = () => {
    throw new Error('no runner is ready');
  };
  expect(await runHealthChecks([{ name: 'sandbox', required: false, check }])).toEqual({
    status: 'degraded',
    checks: { sandbox: { ok: false, detail: 'no runner is ready' } },
  });
});
