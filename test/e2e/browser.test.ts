import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { newId } from '../../shared/db/id.ts';
import { BACKENDS, sharedRedisUrl, uniquePrefix } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { openApi, type InProcessApi } from '../support/in-process.ts';
import { buildAccount, OPS_PASSWORD } from '../support/ops-browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const isInstalled = existsSync(CHROMIUM);
if (!isInstalled)
  process.stderr.write(`\n!!! There is no ${CHROMIUM}: the browser suite IS SKIPPED. Set CHROMIUM_PATH.\n\n`);

/** What opens the actions on a queue, in Bull Board's page of it. */
const ACTIONS_MENU = 'button[aria-haspopup="menu"]';

const STEP_TIMEOUT_MS = 45_000;
jest.setTimeout(180_000);

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

(isInstalled ? describe : describe.skip).each(BACKENDS)('in a browser, with queues on %s', (kind) => {
  let database: TestDatabase;
  let api: InProcessApi;
  let browser: Browser;
  let page: Page;
  /** What the browser complained about: errors on the console, uncaught exceptions, requests to other hosts. */
  let complaints: string[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const redisUrl = kind === 'redis' ? sharedRedisUrl() : undefined;
    api = await openApi({ databaseUri: database.uri, redisUrl, prefix: uniquePrefix() });
    await eventually('the queues are connected', () => api.deps.backend.isReady());
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(async () => {
    await browser.close();
    await api.close();
    await database.drop();
  });
  afterEach(() => page.context().close());

  const openPage = async (): Promise<void> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
    complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== api.url) complaints.push(`request to ${origin}`);
    });
  };
  const logIn = async (email: string, password = OPS_PASSWORD): Promise<void> => {
    await page.goto(`${api.url}/ops/queues`);
    expect(new URL(page.url()).pathname).toBe('/ops/login');
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  test('an operator logs in and sees the queues with their jobs, and has nothing to change them with', async () => {
    await api.deps.backend.queue('grading').add('grade', { runId: newId(), dispatch: 1 });
    const { email } = await buildAccount(database.db, 'operator');
    await openPage();
    await logIn(email);
    await page.waitForURL('**/ops/queues**');
    for (const name of ['grading', 'review', 'mail', 'maintenance'])
      await page.getByText(name, { exact: true }).first().waitFor();
    await page.goto(`${api.url}/ops/queues/queue/grading?status=waiting`);
    await page.getByText('grade', { exact: true }).first().waitFor();
    await page.screenshot({ path: `/tmp/learnify-bull-board-${kind}.png` });
    expect(await page.locator(ACTIONS_MENU).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('a wrong password is told on the page, and what was typed is not kept', async () => {
    const { email } = await buildAccount(database.db, 'operator');
    await openPage();
    await logIn(email, 'wrong password');
    expect(await page.getByRole('alert').textContent()).toBe('The email address, the password or the code is wrong.');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
  });

  test('an admin pauses a queue from the menu that is there for it', async () => {
    const grading = api.deps.backend.queue('grading');
    await grading.add('grade', { runId: newId(), dispatch: 1 });
    const { email } = await buildAccount(database.db, 'admin');
    await openPage();
    await logIn(email);
    await page.waitForURL('**/ops/queues**');
    await page.goto(`${api.url}/ops/queues/queue/grading?status=waiting`);
    await page.locator(ACTIONS_MENU).click();
    await page.getByRole('menuitem', { name: /^pause/i }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await eventually('the queue is paused', () => grading.isPaused());
    await grading.resume();
    expect(complaints).toEqual([]);
  });

  test('the documentation shows every operation and can be opened', async () => {
    await openPage();
    await page.goto(`${api.url}/docs`);
    const submit = page.locator('#operations-Submissions-postExercisesIdSubmissions');
    await submit.waitFor();
    await page.locator('.opblock').nth(13).waitFor();
    await submit.locator('.opblock-summary').click();
    await submit.getByText('Idempotency-Key').first().waitFor();
    await page.screenshot({ path: `/tmp/learnify-docs-${kind}.png` });
    expect(complaints).toEqual([]);
  });
});
