import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

/** A mail as its reader sees it. */
export interface ReadMail {
  headers: Record<string, string>;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The link of its button; null when there is none. */
  link: string | null;
  /** What stands in the link's fragment; empty without a link. */
  token: string;
}

/** The mails that a worker wrote into its folder, oldest first. */
export function readMailbox(dir: string): ReadMail[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.eml'))
    .sort()
    .map((name) => parseMail(readFileSync(join(dir, name), 'utf8')));
}

/** Waits for the newest mail to an address, and for as many before it. */
export function awaitMail(dir: string, to: string, count = 1): Promise<ReadMail> {
  return eventually(`mail ${count} to ${to}`, () => {
    const mails = readMailbox(dir).filter((mail) => mail.to === to);
    return mails.length >= count ? mails.at(-1) : null;
  });
}

/** Reads what our templates make: one header block, a text part and an HTML part. */
export function parseMail(source: string): ReadMail {
  const { headers, body } = splitPart(source);
  const boundary = /boundary="([^"]+)"/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const [text = '', html = ''] = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => decodePart(part.trimStart()));
  const link = /https?:\/\/\S+#token=\S+/.exec(text)?.[0] ?? null;
  return {
    headers,
    to: (headers['to'] ?? '').replace(/^<|>$/g, ''),
    subject: headers['subject'] ?? '',
    text,
    html,
    link,
    token: link?.split('#token=')[1] ?? '',
  };
}

function splitPart(part: string): { headers: Record<string, string>; body: string } {
  const [head = '', ...rest] = part.replaceAll('\r\n', '\n').split('\n\n');
  const lines = head.replace(/\n[ \t]+/g, ' ').split('\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { headers: Object.fromEntries(headers), body: rest.join('\n\n') };
}

function decodePart(part: string): string {
  const { headers, body } = splitPart(part);
  if (headers['content-transfer-encoding'] !== 'quoted-printable') return body.trim();
  const bytes = body
    .replace(/=\n/g, '')
    .replace(/=([\dA-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8').trim();
}
