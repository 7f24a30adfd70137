import { rmSync } from 'node:fs';

/** Stops the servers that global setup started. */
export default async function tearDown(): Promise<void> {
  const servers = globalThis.learnifyTestServers;
  await servers?.redis?.stop();
  await servers?.postgres?.stop();
  if (servers !== undefined) rmSync(servers.mailDirectory, { recursive: true, force: true });
  if (servers?.directory !== undefined) rmSync(servers.directory, { recursive: true, force: true });
}
