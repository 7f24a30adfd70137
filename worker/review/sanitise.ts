/** What is left of text that others wrote, before it is sent or shown. */

const ANSI_SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b\n\r]{0,200}(?:\u0007|\u001b\\)|[@-Z\\-_])/g;
/** Line and paragraph separators, vertical tab, form feed, next line: editors do not agree on whether these break lines. */
const OTHER_BREAKS = /[\u000b\u000c\u0085\u2028\u2029]/g;
/** All control, formatting (zero-width, bidi, tags), private and unassigned characters, and selectors of variants, but for tab and line breaks. */
const INVISIBLE = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const BREAKS = /\r\n|\n|\r/;

/** The lines of source, by `\n`, `\r\n` or `\r`: the same everywhere, so that all mean the same line by a number. */
export function linesOf(source: string): string[] {
  return source.split(BREAKS);
}

/** Source without what cannot be seen: control, zero-width, bidi and tag characters. Its lines stay where they were, all ended by `\n`. */
export function visibleSource(source: string): string {
  // Line ends first: what is taken out from between `\r` and `\n` would make one of two.
  return linesOf(source)
    .join('\n')
    .replaceAll(ANSI_SEQUENCE, '')
    .replaceAll(OTHER_BREAKS, ' ')
    .replaceAll(INVISIBLE, '');
}

const TAG = /<\/?(?:[a-z][\w:-]*)(?:\s[^<>]{0,2000})?\/?>|<!--[^]{0,4000}?-->|<![a-z][^<>]{0,2000}>/gi;
/** What looks like a tag and is mostly meant as one; a `Map<string>` is not. */
const KNOWN_TAGS = new Set(
  (
    'a abbr audio b base blockquote body br button canvas code details div em embed fieldset font form frame frameset h1 h2 h3 h4 h5 h6 ' +
    'head hr html i iframe img input ins label li link main marquee math meta noscript object ol option p param picture pre q s script ' +
    'select small source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead title tr track u ' +
    'ul video xml'
  ).split(' '),
);
const LINK_OR_IMAGE = /!?\[([^[\]]{0,500})\](?:\([^()]{0,2000}(?:\([^()]{0,500}\)[^()]{0,500})?\)|\[[^[\]]{0,200}\])/g;
const LINK_DEFINITION = /^[ \t]{0,3}\[[^[\]]{1,200}\]:[ \t]*\S+.*$/gm;
const ADDRESS =
  /(?<![\w])(?:https?|ftp|file|wss?|mailto|blob|javascript|vbscript):(?:\/\/)?[^\s<>"'`)\]]+|(?<![\w.])data:[\w.+/-]+[;,][^\s<>"'`)\]]*|(?<![\w.])www\.[^\s<>"'`)\]]+/gi;
/** Of a text that is far longer than what is kept of it, the rest is not even looked at. */
const MOST_LOOKED_AT = 20_000;
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu;

/**
 * Text of others as one plain paragraph: no markup, links, fences or invisible characters, at most `limit` UTF-16 units, cut between words.
 * Put into HTML or Markdown as it is, it makes no element and no link.
 */
export function plainText(text: string, limit: number): string {
  const visible = visibleSource(text.slice(0, MOST_LOOKED_AT).normalize('NFC').toWellFormed()).replaceAll('\ufffd', '');
  const unmarked = withoutMarkup(visible.replaceAll(/[`~]{3,}[\w-]*/g, ' ` '));
  return clipped(unmarked.replaceAll(STACKED_MARKS, '$1').replaceAll(/\s+/g, ' ').trim(), limit);
}

/** Text without HTML and without links, of Markdown or bare. Lines stay. */
export function withoutMarkup(text: string): string {
  // Whatever still could begin a tag or a link is set apart, so that none can be left or come about by what was taken out.
  return withoutLinks(withoutTags(text))
    .replaceAll(/<(?=[a-z/!?])/gi, '< ')
    .replaceAll('](', '] (')
    .replaceAll('][', '] [');
}

function withoutTags(text: string): string {
  return text.replaceAll(TAG, (tag) => {
    const name = /^<\/?([a-z][a-z0-9]*)/i.exec(tag)?.[1]?.toLowerCase();
    return name === undefined || KNOWN_TAGS.has(name) ? ' ' : tag;
  });
}

function withoutLinks(text: string): string {
  return text.replaceAll(LINK_OR_IMAGE, '$1').replaceAll(LINK_DEFINITION, ' ').replaceAll(ADDRESS, '(link removed)');
}

/** At most `limit` units of text, cut between words where there is a gap in the last third. */
export function clipped(text: string, limit: number): string {
  if (text.length <= limit) return text;
  if (limit < 1) return '';
  const cut = text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '');
  const gap = cut.lastIndexOf(' ');
  return `${(gap > (limit * 2) / 3 ? cut.slice(0, gap) : cut).trimEnd()}…`;
}
