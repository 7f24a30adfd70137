import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import type { MailAddress } from '../../shared/config/mail.section.ts';
import type { MailTransport } from './mail-transport.ts';
import { messageOf } from './message.ts';

interface FileSettings {
  dir: string;
  from: MailAddress;
}

/**
 * Writes mails into a folder, for machines without a server: each as the message that would go out (`.eml`), and as text whose link can be
 * copied (`.txt`). Files sort by time; only their owner can read the links in them.
 */
export function openFileTransport({ dir, from }: FileSettings): MailTransport {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  return {
    kind: 'file',
    send: async (letter, signal) => {
      signal.throwIfAborted();
      const { message } = await composer.sendMail(messageOf(letter, from));
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const name = `${new Date().toISOString().replaceAll(':', '-')}-${letter.template}-${letter.mailId}`;
      const { recipient, subject, text } = letter;
      await writeWhole(dir, `${name}.txt`, `To: ${recipient}\nSubject: ${subject}\n\n${text}`);
      await writeWhole(dir, `${name}.eml`, message);
    },
    close: () => composer.close(),
  };
}

/** Aside and renamed: whoever watches the folder never sees half a file. */
async function writeWhole(dir: string, name: string, content: string | Buffer | Readable): Promise<void> {
  const draft = join(dir, `.${name}.new`);
  await writeFile(draft, content, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, join(dir, name));
}
