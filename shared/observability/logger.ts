import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { loggedError } from './logged-error.ts';
import { printable } from './printable.ts';

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

/**
 * One JSON object a line with the field names of the log aggregation; `pretty` is for a person at a terminal. Whatever is
 * logged stays on its line and commands no terminal.
 */
export function createLogger(
  processName: string,
  settings: LogSettings,
  contextFields: () => Record<string, string> = () => ({}),
  destination?: DestinationStream,
): Logger {
  const options: LoggerOptions = {
    level: settings.LOG_LEVEL,
    messageKey: 'message',
    base: { process: processName },
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: loggedError },
    redact: { paths: REDACTED, censor: '[redacted]' },
    mixin: contextFields,
    hooks: { streamWrite: escapeLine },
  };
  if (settings.LOG_FORMAT === 'pretty') return pino(options, prettyDestination(destination ?? process.stdout));
  return pino(options, destination ?? pino.destination({ fd: 1, sync: false }));
}

/** JSON has escaped the characters below U+0020 itself; the others stand within strings, where an escape means the same. */
const escapeLine = (line: string): string => `${printable(line.slice(0, -1))}\n`;

/** `HH:MM:SS LEVEL message key=value …` */
function prettyDestination(output: Pick<DestinationStream, 'write'>): DestinationStream {
  return {
    write(line: string) {
      const { timestamp, level, message, process: name, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const rest = Object.entries(fields).map(
        ([key, value]) =>
          `${prettyText(key)}=${typeof value === 'string' ? prettyText(value) : printable(JSON.stringify(value))}`,
      );
      output.write(
        `${String(timestamp).slice(11, 19)} ${String(level).toUpperCase().padEnd(5)} [${String(name)}] ${printable(String(message))} ${rest.join(' ')}\n`,
      );
    },
  };
}

/** Quoted where it could be taken for more than one value. */
const prettyText = (text: string): string => printable(/[\s"=]/.test(text) ? JSON.stringify(text) : text);
