import type { Language } from '../../shared/contracts/exercise.contract.ts';

/**
 * The words of code that everybody may know: those of a language and its libraries, and common names of things. Nothing else of a learner's
 * words is sent to a model (see neutral-copy.ts), so a list here grows by names only, and never by words that praise, judge or order.
 */

const set = (...lists: string[]): ReadonlySet<string> => new Set(lists.join(' ').split(/\s+/));

/** Names of things, and of what is commonly done with them. */
const COMMON_NAMES = `
  _ T K V a b c i ii j k m n p q v w x y z x1 x2 y1 y2 acc amount amounts area arg args arr array average avg balance base batch best bit bits bucket
  buckets buf buffer byte bytes cache carry cell cells ch char chars child children chunk chunks col column columns cols cost count counter
  counts curr current cursor cur data day days delta denominator depth diff digit digits distance divisor dp dst edge edges elem element elements
  end entries entry err error event events factor fib field fields first flag flat found fn func grid group grouped groups half handler head height
  hi high hour hours id ids idx index indices inner input interval intervals isEmpty item items key keys label labels last left len letter
  letters level lhs limit line lines lo low lookup lower map matrix max maximum mean median memo mid middle midpoint min minimum minute minutes
  mod month months name names neighbor neighbors neighbour neighbours next node nodes num number numbers numerator nums obj object offset old
  order orders outer output pair pairs parent part partial parts path pivot point pointer position power pre prefix prev previous price prices
  prime primes product queue quotient r range rate ratio rec record records rem remainder res result results rhs right root row rows s
  second seconds seen segment sep separator seq sequence size slice slow fast sorted source span square squares src stack start state states
  step steps str string strings sub subtotal suffix sum swap t tail target temp text threshold time times tmp token tokens total totals tree
  triple upper user val value values vertex vertices visited vowels weight weights width window word words year years zero`;

const ECMASCRIPT = `
  abstract any arguments as async asserts await bigint boolean break case catch class const constructor continue debugger declare default
  delete do else enum export extends false finally for from function get if implements import in infer instanceof interface is keyof let
  module namespace never new null number object of package private protected public readonly require return satisfies set static string
  super switch symbol this throw true try type typeof undefined unique unknown using var void while with yield exports
  Array ArrayBuffer BigInt Boolean DataView Date Error EvalError Float64Array Function Infinity Int32Array Intl Iterable IterableIterator Iterator
  JSON Map Math NaN Number Object Partial Pick Omit Promise Proxy RangeError ReadonlyArray ReadonlyMap ReadonlySet Readonly Record ReferenceError
  Reflect RegExp Required Set String Symbol SyntaxError TypeError Uint8Array WeakMap WeakSet Exclude Extract NonNullable ReturnType Parameters
  Generator AsyncGenerator console globalThis process structuredClone parseFloat parseInt isNaN isFinite queueMicrotask setTimeout clearTimeout
  abs add all allSettled apply assign at bind call cbrt ceil charAt charCodeAt clear clz32 codePointAt concat copyWithin create
  defineProperty delete done endsWith entries every exec fill filter finally find findIndex findLast findLastIndex flags flat flatMap
  floor forEach freeze from fromCharCode fromCodePoint fromEntries fround getDate getDay getFullYear getHours getMilliseconds getMinutes
  getMonth getOwnPropertyNames getSeconds getTime getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMinutes getUTCMonth groupBy has hasOwn
  hasOwnProperty hypot includes index indexOf isArray isInteger isSafeInteger iterator join keys lastIndex lastIndexOf length localeCompare log
  log10 log2 map match matchAll max message min next normalize now of padEnd padStart parse pop pow prototype push race random reduce
  reduceRight reject repeat replace replaceAll resolve return reverse round search seal set shift sign size slice some sort splice split sqrt
  startsWith stringify substring test then toFixed toISOString toLowerCase toReversed toSorted toSpliced toString toUpperCase trim trimEnd
  trimStart trunc union intersection difference unshift value valueOf values with EPSILON MAX_SAFE_INTEGER MIN_SAFE_INTEGER MAX_VALUE MIN_VALUE
  PI POSITIVE_INFINITY NEGATIVE_INFINITY`;

const PYTHON = `
  False None True and as assert async await break case class continue def del elif else except finally for from global if import in is lambda
  match nonlocal not or pass raise return try while with yield self cls __init__ __name__ __main__ __repr__ __str__ __eq__ __hash__ __len__
  __iter__ __next__ __getitem__ __lt__ __contains__ __enter__ __exit__ __post_init__
  ArithmeticError AttributeError BaseException Exception IndexError KeyError LookupError NotImplementedError OverflowError RuntimeError
  StopIteration TypeError ValueError ZeroDivisionError
  abs all any append appendleft ascii bin bisect bisect_left bisect_right bool bytearray bytes callable capitalize ceil chain chr classmethod
  clear collections combinations copy cos count Counter dataclass dataclasses date datetime days decimal Decimal decode deepcopy defaultdict deque
  dict difference discard divmod e elements encode endswith enumerate extend field filter find findall float floor format fraction Fraction
  fractions frozenset fromkeys functools gcd get getattr group groupby hasattr hash heapify heappop heappush heapq hex hypot index inf insert
  input int intersection isalnum isalpha isclose isdigit isdisjoint isinf isinstance islower isnan isnumeric isspace issubclass issubset issuperset
  isupper items iter itertools join json key keys lcm len list ljust log log10 log2 lower lru_cache lstrip map match math max min mode most_common
  namedtuple nan next object oct operator itemgetter attrgetter ord partial permutations pi pop popitem popleft pow print prod product property
  random range re reduce remove repeat replace repr reverse reversed rfind rjust rotate round rstrip search set setdefault sin sort sorted
  split splitlines sqrt startswith staticmethod statistics str strip sub sum super swapcase sys tan timedelta title total translate
  tuple type typing Any Callable Iterable Iterator List Dict Tuple Set Optional Union update upper values zfill zip zip_longest accumulate
  cache cmp_to_key symmetric_difference union mean median strftime strptime isoformat string ascii_lowercase ascii_uppercase`;

const SQL = `
  abs add all alter and any array array_agg as asc avg begin between bigint bool boolean both by case cast ceil ceiling char check coalesce collate
  column commit concat conflict constraint count create cross cume_dist current current_date current_timestamp date date_part date_trunc datetime
  day decimal default delete dense_rank desc distinct do double drop else end escape except exists explain extract false fetch filter first
  first_value floor following for foreign from full generate_series glob greatest group group_concat grouping having hour if ifnull iif ilike in
  index inner insert int integer intersect interval into is isnull join json json_agg json_extract julianday key lag last last_value lateral lead
  leading least left length like limit lower ltrim materialized max min minute mod month natural no not nothing notnull now ntile null nullif
  nulls numeric offset on only or order outer over partition percent_rank position power preceding precision primary printf random range rank
  real recursive references regexp replace returning right rollback round row row_number rows rtrim select set sets smallint some split_part
  sqrt strftime string_agg substr substring sum table temp temporary text then ties time timestamp to to_char total trailing trim true
  truncate unbounded union unique unnest update upper using values varchar view when where window with within year zone`;

const OF_LANGUAGE: Record<Language, ReadonlySet<string>> = {
  javascript: set(COMMON_NAMES, ECMASCRIPT),
  typescript: set(COMMON_NAMES, ECMASCRIPT),
  python: set(COMMON_NAMES, PYTHON),
  sql: set(COMMON_NAMES, SQL),
};

const NOUNS = set(COMMON_NAMES.toLowerCase());
const LINKS = set('is has get set to from by of in per for with make build');

/** Whether a word of code is one that everybody uses in a language, or up to three common names in one, as `maxWidth` and `ROW_COUNT`. */
export function isKnownWord(word: string, language: Language): boolean {
  // Letters beyond ASCII may have a common one as their small letter: the Kelvin sign has k.
  const key = language === 'sql' && /^\w+$/.test(word) ? word.toLowerCase() : word;
  return OF_LANGUAGE[language].has(key) || isCompound(word);
}

function isCompound(word: string): boolean {
  if (word.length > 30 || !/^_{0,2}[A-Za-z][A-Za-z_]*\d?$/.test(word)) return false;
  const parts = word.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [];
  const names = parts.map((part) => part.toLowerCase());
  return names.length <= 3 && names.every((name) => NOUNS.has(name) || LINKS.has(name));
}

/** Contents of texts that programs compare with or hand to a library, and that say nothing to anybody. */
export const KNOWN_TEXTS = set(
  'a z A Z e E n y N Y x y abc aeiou AEIOU abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  'string number object boolean undefined function bigint symbol utf8 utf-8 ascii base64 hex asc desc en en-US sv de year month day hour',
  '__main__ default length I V X L C D M %Y-%m-%d %Y %m %d %H:%M',
);
