import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';

interface LogSettings {
  LOG_LEVEL: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  LOG_FORMAT: 'json' | 'pretty';
}

/** Wherever a secret may hide in what is logged. */
const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'code',
  'err.config',
  '*.authorization',
  '*.cookie',
  '*.password',
  '*.token',
  '*.accessToken',
  '*.refreshToken',
];

/** One JSON object a line with the field names of the log aggregation; `pretty` is for a person at a terminal. */
export function createLogger(
  process: string,
  settings: LogSettings,
  contextFields: () => Record<string, string> = () => ({}),
  destination?: DestinationStream,
): Logger {
  const options: LoggerOptions = {
    level: settings.LOG_LEVEL,
    messageKey: 'message',
    base: { process },
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '[redacted]' },
    mixin: contextFields,
  };
  if (destination !== undefined) return pino(options, destination);
  if (settings.LOG_FORMAT === 'pretty') return pino(options, prettyDestination());
  return pino(options, pino.destination({ fd: 1, sync: false }));
}

/** `HH:MM:SS LEVEL message key=value …` */
function prettyDestination(): DestinationStream {
  return {
    write(line: string) {
      const { timestamp, level, message, process: name, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const rest = Object.entries(fields).map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      process.stdout.write(
        `${String(timestamp).slice(11, 19)} ${String(level).toUpperCase().padEnd(5)} [${String(name)}] ${String(message)} ${rest.join(' ')}\n`,
      );
    },
  };
}
