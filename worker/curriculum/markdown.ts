import { clipped, visibleSource, withoutMarkup } from '../review/sanitise.ts';

const FENCED_BLOCK = /(^[ \t]{0,12}```[^\n]*\n[^]*?\n[ \t]{0,12}```)/m;
const CODE_SPAN = /(`[^`\n]+`)/;

/**
 * Markdown of others without links, images and HTML. Blocks and spans of code stay as they are, since nothing in them becomes an element.
 * A text that is too long ends after its last whole paragraph.
 */
export function plainMarkdown(text: string, limit: number): string {
  const parts = visibleSource(text.toWellFormed()).split(FENCED_BLOCK);
  const plain = parts.map((part, index) => (index % 2 === 1 ? part : withoutMarkupOutsideOfSpans(part))).join('');
  return shortened(plain.trim(), limit);
}

function withoutMarkupOutsideOfSpans(text: string): string {
  return text
    .split(CODE_SPAN)
    .map((part, index) => (index % 2 === 1 ? part : withoutMarkup(part)))
    .join('');
}

function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const paragraphs = text.slice(0, limit).split('\n\n').slice(0, -1);
  const kept = paragraphs.join('\n\n');
  const isInsideOfBlock = (kept.match(/^```/gm)?.length ?? 0) % 2 === 1;
  return kept === '' || isInsideOfBlock ? clipped(text.replaceAll('```', ''), limit) : kept;
}
