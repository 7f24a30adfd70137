import type { MetaCategory, UniversalVariables } from './variables.ts';

/** A field that many domains lie in: what its words begin with, and what the universal variables are in it. */
export type Field = {
  name: string;
  metaCategory: MetaCategory;
  stems: string;
  variables: Omit<UniversalVariables, 'DOMAIN'>;
};

const field = (
  metaCategory: MetaCategory,
  name: string,
  stems: string,
  [ENTITY, STATE, FLOW, LOGIC, INTERFACE, CONTAINER, EDGE_CASE, VARIANT, EVENT, CAPSTONE_GOAL]: readonly [
    ...(readonly [string, string, string, string, string]),
    ...(readonly [string, string, string, string, string]),
  ],
): Field => ({
  name,
  metaCategory,
  stems,
  variables: { ENTITY, STATE, FLOW, LOGIC, INTERFACE, CONTAINER, EDGE_CASE, VARIANT, EVENT, CAPSTONE_GOAL },
});

/** By meta category; the first field of each is what is taken when no word is known. */
export const FIELDS: readonly Field[] = [
  field(
    'Digital',
    'software',
    'software app apps web website program coding developer devops cloud api saas startup tech computer internet open-source c++ c# f#',
    [
      'ticket',
      'in review',
      'release train',
      'triage rules',
      'request format',
      'backlog',
      'a ticket without an owner',
      'hotfix',
      'deployment',
      'run a release day without a rollback',
    ],
  ),
  field(
    'Digital',
    'games',
    'game games gaming video-game esport minecraft roblox chess-app rpg speedrun level-design dungeon',
    [
      'quest',
      'in progress',
      'quest line',
      'spawn rules',
      'save format',
      'inventory',
      'an empty inventory',
      'boss quest',
      'level-up',
      'run a whole evening on a game server',
    ],
  ),
  field(
    'Digital',
    'data',
    'data data-science analytic statistic machine-learning ai artificial database dashboard big-data spreadsheet crypto blockchain',
    [
      'record',
      'cleaned',
      'pipeline',
      'quality rules',
      'schema',
      'table',
      'a record without a value',
      'outlier',
      'import',
      'turn a raw feed into a report that can be trusted',
    ],
  ),
  field(
    'Digital',
    'networks and security',
    'security cyber network hack server linux sysadmin router firewall privacy forensics malware ransomware phishing encrypt password iot robot drone electronics',
    [
      'alert',
      'acknowledged',
      'incident response',
      'escalation rules',
      'log format',
      'watch list',
      'a signal that comes twice',
      'false alarm',
      'login',
      'run a night shift in a control room',
    ],
  ),
  field(
    'Economic',
    'trade',
    'shop store retail commerce e-commerce market sales business sell trade economy management entrepreneur inventory supply auction',
    [
      'order',
      'packed',
      'order processing',
      'pricing rules',
      'order form',
      'warehouse',
      'an order for nothing',
      'rush order',
      'payment',
      'run a shop through its busiest day',
    ],
  ),
  field(
    'Economic',
    'finance',
    'financ bank invest stock bond accounting tax budget insurance econom money trading fintech audit payroll',
    [
      'transaction',
      'settled',
      'settlement',
      'approval rules',
      'statement',
      'account',
      'an amount of zero',
      'refund',
      'transfer',
      'close the books of a month to the cent',
    ],
  ),
  field(
    'Economic',
    'transport',
    'logistic transport shipping delivery truck railway train aviation airline airport ship port post mail traffic bus taxi cargo car cars driv',
    [
      'shipment',
      'in transit',
      'delivery round',
      'routing rules',
      'waybill',
      'depot',
      'an address that does not exist',
      'express shipment',
      'scan',
      'bring a day of deliveries to every door',
    ],
  ),
  field(
    'Economic',
    'hospitality',
    'restaurant hotel cafe coffee kitchen cook cooking bak bakery pastry food chef bar brew beer wine tourism travel catering hospitality barista recipe pizza',
    [
      'dish',
      'on the stove',
      'dinner service',
      'kitchen rules',
      'order slip',
      'pantry',
      'an ingredient that ran out',
      'daily special',
      'order',
      'get a full house through dinner service',
    ],
  ),
  field(
    'Economic',
    'building and property',
    'real-estate property construction building house housing architect facility plumbing electric carpentry renovation manufactur factory engineering',
    [
      'work order',
      'under way',
      'site schedule',
      'inspection rules',
      'blueprint',
      'site',
      'a delivery before its time',
      'change order',
      'inspection',
      'bring a building site through a week',
    ],
  ),
  field(
    'Aesthetic',
    'design',
    'art arts design drawing illustration painting paint graphic ux ui color colour typograph pottery ceramic sculpture craft knit crochet sew quilt origami jewel interior tattoo',
    [
      'sketch',
      'in revision',
      'design process',
      'selection rules',
      'brief',
      'portfolio',
      'a blank canvas',
      'study',
      'critique',
      'bring an exhibition from sketch to opening night',
    ],
  ),
  field(
    'Aesthetic',
    'music',
    'music song guitar piano drum violin singing choir dj hip-hop jazz opera band orchestra composing composer producer vinyl concert synth',
    [
      'track',
      'mixed',
      'recording session',
      'set list rules',
      'score',
      'playlist',
      'a bar of silence',
      'remix',
      'cue',
      'run a concert from sound check to encore',
    ],
  ),
  field(
    'Aesthetic',
    'film and photography',
    'film movie cinema photo photography camera video animation anime manga television youtube streaming theat theater theatre acting podcast',
    [
      'shot',
      'in the can',
      'production schedule',
      'editing rules',
      'shot list',
      'reel',
      'a take without sound',
      'retake',
      'cut',
      'bring a short film to its first night',
    ],
  ),
  field(
    'Aesthetic',
    'writing and fashion',
    'writing writer novel poet poetry literature book books journal blog fashion clothes clothing textile makeup beauty calligraph storytelling comic',
    [
      'draft',
      'in edit',
      'editorial process',
      'style rules',
      'manuscript form',
      'drawer',
      'an empty page',
      'short piece',
      'revision',
      'bring an issue from idea to print',
    ],
  ),
  field(
    'Biological',
    'nature',
    'biolog nature ecolog environment climate weather forest ocean marine botany bee bees beekeep insect bird wildlife animal zoo conservation sustainab water geology mushroom',
    [
      'specimen',
      'observed',
      'field survey',
      'identification rules',
      'field sheet',
      'habitat',
      'a sighting without a place',
      'rare specimen',
      'sighting',
      'turn a season of observations into a map',
    ],
  ),
  field(
    'Biological',
    'health',
    'health medic medicine nurs hospital doctor patient pharma dent surgery therapy physio care clinic diagnos genetic genom vaccin epidemi neuro',
    [
      'case',
      'under observation',
      'care pathway',
      'triage rules',
      'chart',
      'ward',
      'a reading that is missing',
      'urgent case',
      'measurement',
      'run a clinic day without losing anybody',
    ],
  ),
  field(
    'Biological',
    'growing',
    'garden plant farm farming agricultur crop greenhouse hydropon flower tree vineyard horticultur soil orchard cattle horse dog dogs cat cats pet pets aquarium',
    [
      'bed',
      'in bloom',
      'growing season',
      'watering rules',
      'planting plan',
      'greenhouse',
      'a frost in May',
      'seedling',
      'harvest',
      'bring a garden through the year',
    ],
  ),
  field(
    'Biological',
    'sport and movement',
    'sport fitness gym run running marathon cycl bike bicycl swim yoga dance dancing football soccer basketball tennis climb climbing hik ski surf martial judo karate boxing workout nutrition diet',
    [
      'training session',
      'completed',
      'training plan',
      'recovery rules',
      'training log',
      'season',
      'a day of rest',
      'interval session',
      'personal best',
      'bring an athlete to the start in form',
    ],
  ),
  field(
    'Cognitive',
    'learning',
    'learn teach teacher education school student university tutor exam study didactic pedagog library knowledge curriculum child children parenting',
    [
      'lesson',
      'in practice',
      'learning path',
      'promotion rules',
      'syllabus',
      'notebook',
      'a question without an answer',
      'review lesson',
      'quiz',
      'lead a class through a whole term',
    ],
  ),
  field(
    'Cognitive',
    'languages',
    'language languages linguist english spanish french german japanese chinese korean latin translat grammar vocabulary speech communication debate rhetoric',
    [
      'word',
      'learned',
      'vocabulary round',
      'grammar rules',
      'dictionary entry',
      'card box',
      'a word with two meanings',
      'idiom',
      'repetition',
      'hold a conversation that does not break off',
    ],
  ),
  field(
    'Cognitive',
    'thinking and play',
    'chess puzzle board-game boardgame poker bridge logic math mathemat philosoph strategy sudoku crossword go-game card-game cards physics astronom space rocket chemistry science research quantum',
    [
      'move',
      'proven',
      'line of reasoning',
      'decision rules',
      'notation',
      'position',
      'a draw',
      'gambit',
      'turn',
      'play a tournament from the first round to the last',
    ],
  ),
  field(
    'Cognitive',
    'people and society',
    'psycholog sociolog history law legal politic government public policy journalism news human-resources hr recruiting leadership project consult marketing advertis social-media meditation mindful religion anthropolog archaeolog event wedding volunteer nonprofit',
    [
      'case file',
      'open',
      'hearing',
      'selection rules',
      'protocol',
      'archive',
      'a witness who says nothing',
      'appeal',
      'decision',
      'bring a matter from first note to decision',
    ],
  ),
];

/** The field that most words of a domain belong to; of the given meta category the first, when there is none. */
export function fieldOf(domain: string, metaCategory: MetaCategory | null): Field {
  const [best] = FIELDS.map((candidate) => ({ candidate, score: scoreOf(candidate, domain, metaCategory) })).toSorted(
    (one, other) => other.score - one.score,
  );
  if (best !== undefined && best.score >= 1) return best.candidate;
  return defaultField(metaCategory ?? 'Cognitive');
}

function defaultField(metaCategory: MetaCategory): Field {
  const found = FIELDS.find((candidate) => candidate.metaCategory === metaCategory);
  if (found === undefined) throw new TypeError(`no field of ${metaCategory}`);
  return found;
}

/** A word counts by how much of it is known, the last one a little more; a learner's own choice of category decides between equals. */
function scoreOf({ stems, metaCategory }: Field, domain: string, preferred: MetaCategory | null): number {
  const plain = domain.normalize('NFKD').toLowerCase().replaceAll(/\p{M}/gu, '');
  const words = plain.match(/[a-z]+(?:\+\+|#)?/g) ?? [];
  const known = stems.split(' ');
  const best = (word: string): number => Math.max(0, ...known.map((stem) => likeness(word, stem)));
  const singles = words.map((word, index) => best(word) * (index === words.length - 1 ? 1.5 : 1));
  const pairs = words.slice(1).map((word, index) => best(`${words[index] ?? ''}-${word}`));
  const sum = [...singles, ...pairs].reduce((total, hit) => total + hit, 0);
  return sum > 0 && metaCategory === preferred ? sum + 0.1 : sum;
}

/** Words are known whole, with an ending of grammar, or by a stem of five letters and more. */
function likeness(word: string, stem: string): number {
  const weight = stem.includes('-') ? 5 : 2;
  if (word === stem) return weight;
  if (!word.startsWith(stem)) return 0;
  if (/^(?:s|es|ing|er|ers|ist|ists)$/.test(word.slice(stem.length)) && stem.length >= 3) return weight * 0.75;
  return stem.length >= 5 ? weight / 2 : 0;
}
