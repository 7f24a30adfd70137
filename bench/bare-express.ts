import express from 'express';
import { Pool } from 'pg';

/**
 * The limit that API reads are held against: Express and one query by primary key over `pg`, with nothing else.
 * Arguments: port, database URL, exercise id.
 */
const [port, databaseUrl, exerciseId] = process.argv.slice(2);
const pool = new Pool({ connectionString: databaseUrl, max: 20 });

const app = express();
app.get('/exercise', async (_request, response) => {
  const { rows } = await pool.query({
    name: 'exercise',
    text: `SELECT x.id, v.definition FROM exercises x JOIN exercise_versions v ON v.id = x.current_version_id WHERE x.id = $1`,
    values: [exerciseId],
  });
  response.json(rows[0]);
});
app.listen(Number(port), '127.0.0.1', () => process.send?.('listening'));
process.once('disconnect', () => process.exit(0));
