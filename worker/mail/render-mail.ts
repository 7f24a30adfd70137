import type { MailText } from './mail-texts.ts';

/** A mail's content, in both forms. */
export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

interface Personal {
  /** Given only of somebody whose address is confirmed: what a stranger typed as a name must not be mailed to others in ours. */
  name: string | null;
  /** The link of the text's action, with its token. */
  link: string | null;
}

/** Puts a mail together, as plain text and as the simplest HTML that looks like something. */
export function renderMail(mail: MailText, { name, link }: Personal): RenderedMail {
  const greeting = name === null ? 'Hello,' : `Hello ${onOneLine(name)},`;
  const action = mail.action !== undefined && link !== null ? { ...mail.action, link } : undefined;
  return {
    subject: mail.subject,
    text: [
      greeting,
      ...mail.paragraphs,
      ...(action === undefined ? [] : [`${action.label}:\n${action.link}\n\n${action.hint}`]),
      mail.footnote,
      'Learnify',
    ]
      .join('\n\n')
      .concat('\n'),
    html: [
      '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
      `<title>${escape(mail.subject)}</title></head>`,
      '<body style="margin:0;padding:24px;font-family:sans-serif;font-size:16px;line-height:1.5;color:#1f2933">',
      '<div style="max-width:560px;margin:0 auto">',
      ...[greeting, ...mail.paragraphs].map((paragraph) => `<p>${escape(paragraph)}</p>`),
      ...(action === undefined ? [] : [button(action.label, action.link), `<p>${escape(action.hint)}</p>`]),
      `<p style="color:#52606d;font-size:14px">${escape(mail.footnote)}</p><p>Learnify</p>`,
      '</div></body></html>',
    ].join('\n'),
  };
}

function button(label: string, link: string): string {
  const style =
    'display:inline-block;padding:12px 20px;border-radius:6px;background:#0b69a3;color:#fff;text-decoration:none';
  return [
    `<p><a href="${escape(link)}" style="${style}">${escape(label)}</a></p>`,
    `<p style="font-size:14px;word-break:break-all">${escape(link)}</p>`,
  ].join('\n');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** A name is one line, whatever it once came in with. */
const onOneLine = (name: string): string => name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
