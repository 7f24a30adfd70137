import { Gauge, type Registry } from 'prom-client';

/** What the list of revoked access tokens holds and how fresh it is. Read at each scrape. */
export function observeRevocations(registry: Registry, list: { readonly size: number; readonly ageMs: number }): void {
  const registers = [registry];
  new Gauge({
    name: 'auth_revocations_known',
    help: 'Sessions and users whose access tokens are refused before they expire',
    registers,
    collect() {
      this.set(list.size);
    },
  });
  new Gauge({
    name: 'auth_revocations_age_seconds',
    help: 'Time since the revoked access tokens were last read from the database; above a few seconds, revocations come late',
    registers,
    collect() {
      this.set(list.ageMs / 1000);
    },
  });
}
