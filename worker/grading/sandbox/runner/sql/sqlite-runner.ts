import { serveQueries } from './query-runner.ts';
import { sqlite } from './sqlite-database.ts';

/** Entry of a runner process for SQL in the dialect of SQLite. */
await serveQueries(sqlite, 'sqlite', 20);
