import { Gauge, type Registry } from 'prom-client';

/** `database_notifications_live`: whether changes are told at once rather than found by polling. Read at each scrape. */
export function observeNotifications(registry: Registry, isLive: () => boolean): void {
  new Gauge({
    name: 'database_notifications_live',
    help: '1 while PostgreSQL notifications arrive; 0 while changes are polled for',
    registers: [registry],
    collect() {
      this.set(isLive() ? 1 : 0);
    },
  });
}
