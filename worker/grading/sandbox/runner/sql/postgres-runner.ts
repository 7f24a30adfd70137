import { readFile } from 'node:fs/promises';
import { PostgresDatabase } from './postgres-database.ts';
import { PostgresServer } from './postgres-server.ts';
import { serveQueries } from './query-runner.ts';

/** Entry of a runner process for SQL in the dialect of PostgreSQL. Its argument is the image to start from. */
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: postgres-runner IMAGE');
// Not kept in a variable: the server has copies of its own.
const server = await PostgresServer.start(await readFile(path));
await serveQueries(new PostgresDatabase(server), 'postgres', 12);
