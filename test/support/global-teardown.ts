/** Stops the servers that global setup started. */
export default async function tearDown(): Promise<void> {
  const servers = globalThis.learnifyTestServers;
  await servers?.redis?.stop();
  await servers?.postgres?.stop();
}
