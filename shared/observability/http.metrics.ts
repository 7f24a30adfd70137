import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

interface RequestLabels extends Record<string, string> {
  method: string;
  path: string;
  status: string;
}

export interface HttpMetrics {
  requestStarted: () => void;
  requestEnded: (labels: RequestLabels, seconds: number) => void;
}

/** The `http_*` metrics. Paths are route patterns. */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const registers = [registry];
  const total = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered',
    labelNames: ['method', 'path', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request line to the end of the answer',
    labelNames: ['method', 'path', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const inFlight = new Gauge({ name: 'http_requests_in_flight', help: 'Requests being served', registers });
  return {
    requestStarted: () => {
      inFlight.inc();
    },
    requestEnded: (labels, seconds) => {
      inFlight.dec();
      total.inc(labels);
      duration.observe(labels, seconds);
    },
  };
}
