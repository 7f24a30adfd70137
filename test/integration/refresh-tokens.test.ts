import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { sql } from '../../shared/db/sql.ts';
import { uniquePrefix } from '../support/backends.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { buildAccount, logInToOps } from '../support/ops-browser.ts';
import { expectProblem } from '../support/problems.ts';
import { sessionOf, sessions, tokensOf } from '../support/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let api: InProcessApi;

beforeAll(async () => {
  database = await createTestDatabase();
  // As long as a test may take, so that the grace ends when a test says so.
  const extra = { REFRESH_GRACE_SECONDS: '60' };
  api = await openApi({ databaseUri: database.uri, prefix: uniquePrefix(), extra });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const { logIn, refresh, as, newAccount, expectOver, auditOf } = sessions(() => ({ api, db: database.db }));
const hashOf = (token: string) => createHash('sha256').update(token).digest();
const mailsTo = (email: string, template: string) =>
  database.db.any(sql.type(z.object({ recipient: z.string() }))`
    SELECT recipient FROM mails WHERE recipient = ${email} AND template = ${template}`);

/** Lets the grace of all refresh tokens of a session pass. */
const passGrace = (sessionId: string) =>
  database.db.query(sql.typeAlias('void')`
    UPDATE session_tokens SET consumed_at = consumed_at - interval '61 seconds' WHERE session_id = ${sessionId}`);

describe('a refresh token', () => {
  test('is exchanged for new tokens that work', async () => {
    const { tokens: first } = await newAccount();
    const second = tokensOf(await refresh(first.refreshToken));
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(sessionOf(second)).toBe(sessionOf(first));
    expect((await as(second).get('/api/v1/users/me')).status).toBe(200);
    expect((await refresh(second.refreshToken)).status).toBe(200);
  });

  test('gives the same successor again when its answer got lost, with an access token of its own', async () => {
    const { tokens: first } = await newAccount();
    const lost = tokensOf(await refresh(first.refreshToken));
    const again = tokensOf(await refresh(first.refreshToken));
    expect(again.refreshToken).toBe(lost.refreshToken);
    expect(again.accessToken).not.toBe(lost.accessToken);
    expect((await as(again).get('/api/v1/users/me')).status).toBe(200);
    expect((await refresh(again.refreshToken)).status).toBe(200);
  });

  test('gives one successor to all who present it at once', async () => {
    const { id, tokens } = await newAccount();
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(tokens.refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(new Set(answers.map((answer) => tokensOf(answer).refreshToken)).size).toBe(1);
    expect(await auditOf(id, 'session.refresh_token_reused')).toEqual([]);
    const unused = await database.db.oneFirst(sql.typeAlias('count')`
      SELECT count(*) FROM session_tokens WHERE session_id = ${sessionOf(tokens)} AND consumed_at IS NULL`);
    expect(unused).toBe(1);
  });

  test('that was stolen and turns up after two rotations ends the family, tells the owner, and leaves other sessions alone', async () => {
    const { id, email, tokens: stolen } = await newAccount();
    const elsewhere = await logIn(email);
    const second = tokensOf(await refresh(stolen.refreshToken));
    const third = tokensOf(await refresh(second.refreshToken));
    expectProblem(await refresh(stolen.refreshToken), 401, 'UNAUTHENTICATED');
    await expectOver(third);
    expectProblem(await as(second).get('/api/v1/users/me'), 401, 'UNAUTHENTICATED');
    expect((await as(elsewhere).get('/api/v1/users/me')).status).toBe(200);
    expect((await refresh(elsewhere.refreshToken)).status).toBe(200);
    // Presented once more it is neither audited nor told again.
    expectProblem(await refresh(stolen.refreshToken), 401, 'UNAUTHENTICATED');
    expect(await auditOf(id, 'session.refresh_token_reused')).toEqual([{ target: sessionOf(stolen), details: {} }]);
    expect(await mailsTo(email, 'refresh_token_reused')).toHaveLength(1);
    expect((await api.client.get('/metrics')).text).toMatch(/auth_attempts_total\{result="refresh_reused"\} [1-9]/);
  });

  test('that was stolen and turns up after the grace ends the family, although its successor was not used', async () => {
    const { tokens: stolen } = await newAccount();
    const owner = tokensOf(await refresh(stolen.refreshToken));
    await passGrace(sessionOf(stolen));
    expectProblem(await refresh(stolen.refreshToken), 401, 'UNAUTHENTICATED');
    await expectOver(owner);
  });

  test('works once and no more where no grace is configured', async () => {
    const strict = await openApi({
      databaseUri: database.uri,
      prefix: uniquePrefix(),
      extra: { REFRESH_GRACE_SECONDS: '0' },
    });
    try {
      const { tokens } = await newAccount();
      const next = tokensOf(await refresh(tokens.refreshToken, strict));
      expectProblem(await refresh(tokens.refreshToken, strict), 401, 'UNAUTHENTICATED');
      expectProblem(await refresh(next.refreshToken, strict), 401, 'UNAUTHENTICATED');
    } finally {
      await strict.close();
    }
  });

  test('is refused when it never was one, is over its time, or belongs to the operators’ pages', async () => {
    expectProblem(await refresh('x'.repeat(43)), 401, 'UNAUTHENTICATED');
    const { tokens } = await newAccount();
    await database.db.query(
      sql.typeAlias('void')`UPDATE sessions SET expires_at = now() WHERE id = ${sessionOf(tokens)}`,
    );
    expectProblem(await refresh(tokens.refreshToken), 401, 'UNAUTHENTICATED');
    const { email } = await buildAccount(database.db, 'operator');
    const { Cookie } = await logInToOps(api.client, email);
    expectProblem(await refresh(decodeURIComponent(Cookie.split('=').at(-1) ?? '')), 401, 'UNAUTHENTICATED');
  });

  test('brings the roles that the account has by now, and keeps how its user proved who they are', async () => {
    const { id, tokens } = await newAccount();
    await database.db.query(sql.typeAlias('void')`UPDATE users SET roles = '{learner,instructor}' WHERE id = ${id}`);
    await database.db.query(sql.typeAlias('void')`
      UPDATE sessions SET second_factor = true, authenticated_at = now() - interval '1 hour' WHERE id = ${sessionOf(tokens)}`);
    const claims = decodeJwt(tokensOf(await refresh(tokens.refreshToken)).accessToken);
    expect(claims).toMatchObject({ roles: ['learner', 'instructor'], amr: ['pwd', 'otp', 'mfa'] });
    const hourAgo = Number(claims.iat) - 3600;
    expect(Math.abs(Number(claims['auth_time']) - hourAgo)).toBeLessThan(60);
  });

  test('lies nowhere in the database, and its sealed successor goes as soon as that is used', async () => {
    const { tokens: first } = await newAccount();
    const second = tokensOf(await refresh(first.refreshToken));
    const stored = async () => {
      const rows = await database.db.any(
        sql.type(
          z.object({ token_hash: z.instanceof(Buffer), successor_sealed: z.instanceof(Buffer).nullable() }),
        )`SELECT token_hash, successor_sealed FROM session_tokens WHERE session_id = ${sessionOf(first)} ORDER BY created_at, token_hash`,
      );
      return {
        bytes: rows.flatMap((row) => [row.token_hash, row.successor_sealed ?? Buffer.alloc(0)]),
        sealed: rows.filter((row) => row.successor_sealed !== null).map((row) => row.token_hash.toString('hex')),
      };
    };
    const before = await stored();
    expect(before.sealed).toEqual([hashOf(first.refreshToken).toString('hex')]);
    for (const { refreshToken } of [first, second]) {
      const forms = [Buffer.from(refreshToken), Buffer.from(refreshToken, 'base64url')];
      expect(before.bytes.some((bytes) => forms.some((form) => bytes.includes(form)))).toBe(false);
    }
    await refresh(second.refreshToken);
    expect((await stored()).sealed).toEqual([hashOf(second.refreshToken).toString('hex')]);
  });

  test('answers in any order of use as its rules say', async () => {
    const { email } = await buildAccount(database.db, 'learner');
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ present: fc.nat(3), atOnce: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 1, arbitrary: fc.constant('pass grace' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const first = await logIn(email);
        const family = new ExpectedFamily(first.refreshToken);
        for (const next of steps) {
          if (next === 'pass grace') {
            await passGrace(sessionOf(first));
            family.passGrace();
            continue;
          }
          const token = family.fromTheEnd(next.present);
          const answers = await Promise.all(Array.from({ length: next.atOnce }, () => refresh(token)));
          const expected = family.present(token);
          const successors = answers.map((answer) =>
            answer.status === 200 ? tokensOf(answer).refreshToken : answer.status,
          );
          if (expected === 'new') family.append(String(successors[0]));
          expect(new Set(successors)).toEqual(new Set([expected === 'new' ? family.fromTheEnd(0) : expected]));
        }
      }),
      { numRuns: 15 },
    );
  });

  test('and its successor, presented at the same moment, end in one order or the other and never in an error', async () => {
    const { email } = await buildAccount(database.db, 'learner');
    for (let round = 0; round < 4; round += 1) {
      const first = await logIn(email);
      const second = tokensOf(await refresh(first.refreshToken));
      const [older, newer] = await Promise.all([refresh(first.refreshToken), refresh(second.refreshToken)]);
      expect(newer.status).toBe(200);
      // First: the same successor again. Second: a token whose successor has been used.
      if (older.status === 200) expect(tokensOf(older)).toMatchObject({ refreshToken: second.refreshToken });
      else expectProblem(older, 401, 'UNAUTHENTICATED');
      const next = await refresh(tokensOf(newer).refreshToken);
      expect(next.status).toBe(older.status);
    }
  });
});

/** What the rules say of one family of refresh tokens: the oldest first, of which all but the last were used. */
class ExpectedFamily {
  readonly #tokens: string[];
  #isWithinGrace = false;
  #hasEnded = false;

  constructor(first: string) {
    this.#tokens = [first];
  }

  fromTheEnd(offset: number): string {
    return this.#tokens.at(-1 - Math.min(offset, this.#tokens.length - 1)) ?? '';
  }

  passGrace(): void {
    this.#isWithinGrace = false;
  }

  append(token: string): void {
    this.#tokens.push(token);
  }

  /** What each of those answers that present this token at once: `new`, the successor that was given before, or a refusal. */
  present(token: string): string | 401 {
    const place = this.#tokens.length - 1 - this.#tokens.indexOf(token);
    if (this.#hasEnded) return 401;
    if (place === 0) {
      this.#isWithinGrace = true;
      return 'new';
    }
    if (place === 1 && this.#isWithinGrace) return this.fromTheEnd(0);
    this.#hasEnded = true;
    return 401;
  }
}
