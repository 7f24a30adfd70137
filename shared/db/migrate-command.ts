import { z } from 'zod';
import { readConfigOrExit } from '../config/env.ts';
import {
  EVEN_IF_OTHERS_FAILED,
  databaseSettings,
  databaseUri,
  queueSettings,
  requireDatabase,
} from '../config/sections.ts';
import { migrate, migrateQueueBackend } from './migrate.ts';

/** `npm run migrate` brings the database up to date; `npm run migrate -- down [count]` undoes the newest migration, or `count` of them. */
const config = readConfigOrExit(
  z
    .object({ ...databaseSettings, REDIS_URL: queueSettings.REDIS_URL })
    .superRefine(requireDatabase, EVEN_IF_OTHERS_FAILED),
);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const [direction = 'up', count = '1'] = process.argv.slice(2);

if (direction === 'up') {
  report(await migrate({ uri: databaseUri(config), log: say }));
  if (config.REDIS_URL === undefined) await migrateQueueBackend(databaseUri(config));
} else if (direction === 'down' && /^[1-9]\d*$/.test(count)) {
  report(await migrate({ uri: databaseUri(config), direction, count: Number(count), log: say }));
} else {
  process.stderr.write('Usage: npm run migrate -- [up | down [count]]\n');
  process.exitCode = 64;
}

function report(names: readonly string[]): void {
  say(names.length === 0 ? 'Nothing to do.' : `${direction}: ${names.join(', ')}`);
}
