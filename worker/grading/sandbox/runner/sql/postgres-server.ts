import { PGlite } from '@electric-sql/pglite';
import { EngineHost } from './postgres-host.ts';
import { entryPointsOf, type EngineModule, type EntryPoints } from './postgres-engine.ts';
import { FileSnapshot } from './postgres-files.ts';
import { MemorySnapshot } from './postgres-memory.ts';
import { confineSession } from './postgres-session-role.ts';
import { ServerMessages, copyFailMessage, type ServerMessage } from './postgres-wire.ts';

/** Not a superuser, owns the database: what setups and learners are. */
const LEARNER_ROLE = 'learner';

const START_PARAMETERS = [
  '--single',
  // No fsync.
  '-F',
  '-j',
  ...Object.entries({
    search_path: 'public',
    exit_on_error: 'false',
    // Who makes a role may become it, as exercises about privileges do.
    createrole_self_grant: 'set, inherit',
    shared_buffers: '4MB',
    wal_buffers: '256kB',
    max_connections: '4',
    max_worker_processes: '0',
    max_parallel_workers: '0',
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    io_method: 'sync',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    temp_file_limit: '64MB',
    maintenance_work_mem: '16MB',
    log_checkpoints: 'false',
    log_min_messages: 'panic',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
];

/** What PostgreSQL loads when it is first needed: PL/pgSQL, stemming, LATIN1. Later it cannot, see `LockableImports`. */
const LOAD_LIBRARIES = `
  DO $$ BEGIN PERFORM to_tsvector('english', 'loaded'); END $$;
  SELECT convert_to('x', 'LATIN1');
`;

/** What exercises are made of. What PostgreSQL learns by it of its own catalog is kept in the snapshot; the tables are not. */
const WARM_UP = `
  BEGIN;
  CREATE TABLE warm_kinds (id SERIAL PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE);
  CREATE TABLE warm (id INTEGER PRIMARY KEY, kind INT REFERENCES warm_kinds (id), name TEXT NOT NULL DEFAULT '', price NUMERIC(10, 2)
    CHECK (price >= 0), size REAL, weight DOUBLE PRECISION, amount BIGINT, done BOOLEAN, born DATE, seen TIMESTAMP, seen_at TIMESTAMPTZ);
  CREATE INDEX warm_by_name ON warm (name);
  INSERT INTO warm_kinds (name) VALUES ('a'), ('b');
  INSERT INTO warm VALUES (1, 1, 'x', 1.5, 1, 2.5, 3, true, '2026-01-01', '2026-01-01 12:00', '2026-01-01 12:00+00'),
    (2, 2, 'y', NULL, NULL, NULL, NULL, false, NULL, NULL, NULL);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3), k AS (SELECT * FROM warm_kinds)
    SELECT k.name, count(*), count(DISTINCT w.name), sum(price), sum(amount), avg(weight), min(born), max(seen), string_agg(w.name, ', '),
      round(avg(price), 2), coalesce(max(w.name), 'none')
    FROM warm w JOIN k ON k.id = w.kind LEFT JOIN n ON n.i = w.id WHERE w.name LIKE '%' AND price BETWEEN 0 AND 9 OR w.id IN (1, 2)
    GROUP BY k.name HAVING count(*) > 0 ORDER BY 2 DESC, k.name LIMIT 5 OFFSET 0;
  SELECT id, row_number() OVER (PARTITION BY kind ORDER BY price DESC), rank() OVER (ORDER BY id), lag(price) OVER (ORDER BY id),
    sum(price) OVER (ORDER BY id), CASE WHEN done THEN upper(name) ELSE lower(name) || length(name) END, extract(year FROM born),
    date_trunc('month', seen), born + interval '1 day', price::text, id::numeric / 2, id % 2, substring(name FROM 1 FOR 1)
    FROM warm WHERE EXISTS (SELECT 1 FROM warm_kinds WHERE id = kind) AND kind NOT IN (SELECT 7) ORDER BY id;
  SELECT name FROM warm UNION SELECT name FROM warm_kinds EXCEPT SELECT 'z' ORDER BY 1;
  UPDATE warm SET price = price + 1 WHERE id = 1 RETURNING id, price;
  DELETE FROM warm WHERE id = 2;
  CREATE VIEW warm_view AS SELECT id, name FROM warm;
  SELECT * FROM warm_view;
  ALTER TABLE warm ADD COLUMN extra TEXT;
  ROLLBACK;`;

/** PostgreSQL leaves its main loop by this exit status to handle an error. */
const ERROR_JUMP = 100;

/** The engine broke down in the middle of something: a trap, or its stack overflowed. It must not be used again. */
export class EngineTrap extends Error {
  override name = 'EngineTrap';
}

/**
 * One PostgreSQL server with one session, in WebAssembly. `restore` takes it back to the moment after its start: memory and files, so also
 * everything that learner code did and that PostgreSQL itself would call permanent.
 */
export class PostgresServer {
  readonly #module: EngineModule;
  readonly #entry: EntryPoints;
  readonly #host: EngineHost;
  readonly #memory: MemorySnapshot;
  readonly #files: FileSnapshot;
  readonly #stack: number;
  #messages = new ServerMessages();
  #onMessage: (message: ServerMessage) => void = () => undefined;
  #input: Buffer = Buffer.alloc(0);

  private constructor(module: EngineModule, host: EngineHost) {
    this.#module = module;
    this.#entry = entryPointsOf(module);
    this.#host = host;
    const read = module.addFunction((address: number, most: number) => this.#read(address, most), 'ipi');
    const write = module.addFunction((address: number, length: number) => this.#write(address, length), 'ipi');
    this.#entry.setCallbacks(read, write);
    this.#stack = module.stackSave();
    this.#seedRandomDevices();
    this.#files = new FileSnapshot(module.FS, `${PGlite.paths.PGDATA}/PG_VERSION`);
    this.#memory = new MemorySnapshot(host.memory, host.breakAddress());
  }

  /**
   * @param dataDirectory of a server that was initialised before, as a tar archive
   * @throws Error when the session's role is not confined
   */
  static async start(dataDirectory: Uint8Array<ArrayBuffer>): Promise<PostgresServer> {
    const host = await EngineHost.prepare();
    const database = await PGlite.create({
      fs: host,
      loadDataDir: new Blob([dataDirectory]),
      startParams: START_PARAMETERS,
    });
    const module = database.Module as unknown as EngineModule;
    await database.exec(LOAD_LIBRARIES);
    await confineSession(database, () => host.usedMemory(), LEARNER_ROLE);
    for (let round = 0; round < 2; round++) await database.exec(WARM_UP);
    host.imports.shut();
    return new PostgresServer(module, host);
  }

  /** Sends messages, and hands over what the server says to them. Whatever `onMessage` throws ends it; then only `restore` helps. */
  exchange(messages: Buffer, onMessage: (message: ServerMessage) => void): void {
    this.#messages = new ServerMessages();
    this.#input = messages;
    this.#onMessage = onMessage;
    while (this.#input.length > 0 || this.#entry.bytesBuffered() > 0) this.#handleOne();
    this.#entry.sendReady();
    this.#entry.flush();
  }

  /** Back to the moment after the start. A run may then take so much memory, and write so much to files. */
  restore(limits: { memoryBytes: number; fileBytes: number }): void {
    this.#module.stackRestore(this.#stack);
    this.#memory.restore(limits.memoryBytes);
    this.#files.restore();
    this.#host.imports.random.restart();
    this.#files.budgetBytes = limits.fileBytes;
  }

  /** Memory and files that were taken since the last return. */
  get takenBytes(): number {
    return this.#memory.takenBytes + this.#files.writtenBytes;
  }

  #seedRandomDevices(): void {
    for (const path of ['/dev/random', '/dev/urandom']) {
      const device = this.#module.FS.getDevice(this.#module.FS.lookupPath(path).node.rdev);
      device.stream_ops.read = (_stream, buffer, offset, length) => {
        this.#host.imports.random.write(buffer.subarray(offset, offset + length));
        return length;
      };
    }
  }

  #handleOne(): void {
    const stack = this.#module.stackSave();
    try {
      this.#entry.handleMessage();
    } catch (error) {
      this.#module.stackRestore(stack);
      if (isErrorJump(error)) return this.#entry.recover();
      throw isEngineFailure(error) ? new EngineTrap('the engine broke down', { cause: error }) : error;
    }
  }

  #read(address: number, most: number): number {
    const piece = this.#input.subarray(0, most);
    this.#input = this.#input.subarray(piece.length);
    this.#module.HEAPU8.set(piece, address);
    return piece.length;
  }

  #write(address: number, length: number): number {
    const piece = this.#module.HEAPU8.subarray(address, address + length);
    for (const message of this.#messages.push(piece)) {
      // It would wait for data for ever.
      if (message.type === 'G') this.#input = copyFailMessage('there is no input to copy from');
      this.#onMessage(message);
    }
    return length;
  }
}

function isErrorJump(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'status' in error && error.status === ERROR_JUMP;
}

/** A trap, an end of the server, or the host's stack overflowed below the engine's. */
function isEngineFailure(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return true;
  return typeof error === 'object' && error !== null && 'status' in error;
}
