import { renameSync, writeFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';

/**
 * Makes the data directory of a PostgreSQL server that was never used, and writes it as a tar archive to the path given as argument:
 * one database, owned by the role that setups and learners have, without the templates that nobody needs and a small log.
 */
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: postgres-image-builder PATH');

const database = await PGlite.create({
  initDbStartParams: ['--wal-segsize=1', '--no-data-checksums'],
  startParams: [...PGlite.defaultStartParams, '-c', 'min_wal_size=2MB', '-c', 'max_wal_size=4MB'],
});
await database.exec(`
  CREATE ROLE learner LOGIN CREATEROLE;
  ALTER DATABASE postgres OWNER TO learner;
  UPDATE pg_database SET datistemplate = false;`);
for (const template of ['template0', 'template1']) await database.exec(`DROP DATABASE ${template}`);
await database.exec('VACUUM (FREEZE, ANALYZE)');
await database.exec('CHECKPOINT');
const archive = await database.dumpDataDir('none');
const unfinished = `${path}.${process.pid}`;
writeFileSync(unfinished, Buffer.from(await archive.arrayBuffer()), { mode: 0o644 });
renameSync(unfinished, path);
process.exit(0);
