class CatalogueError extends Error {}

const union = (left, right) => [...new Set([...left, ...right])];

// Every rule knows where it starts and how two of its values become one. Because each of these ways is associative,
// it does not matter how the kinds are nested, and a new rule is one more line here and nowhere else.
const RULES = new Map([
  ['minC', { initial: -20, combine: Math.max }],
  ['maxC', { initial: 40, combine: Math.min }],
  ['priority', { initial: 0, combine: Math.max }],
  ['signature', { initial: false, combine: (left, right) => left || right }],
  ['stackable', { initial: true, combine: (left, right) => left && right }],
  ['steps', { initial: [], combine: union }],
]);

/** The rules of a kind and of all it builds on, parents first: a depth-first walk in post-order. */
function collect(catalogue, wanted) {
  const collected = [];
  const finished = new Set();

  function visit(kind, way) {
    if (finished.has(kind)) return; // a second way to the same kind is fine …
    if (way.includes(kind)) {
      // … a way that leads back to itself is not.
      throw new CatalogueError(`circle: ${[...way.slice(way.indexOf(kind)), kind].join(' > ')}`);
    }
    if (!Object.hasOwn(catalogue, kind)) throw new CatalogueError(`unknown kind: ${kind}`);

    const { builds = [], rules = {} } = catalogue[kind];
    for (const parent of builds) visit(parent, [...way, kind]);
    for (const name of Object.keys(rules)) {
      if (!RULES.has(name)) throw new CatalogueError(`unknown rule: ${name}`);
    }
    finished.add(kind);
    collected.push(rules);
  }

  visit(wanted, []);
  return collected;
}

function combine(ruleSets) {
  const plan = {};
  for (const [name, { initial, combine: merge }] of RULES) {
    plan[name] = ruleSets
      .filter((rules) => Object.hasOwn(rules, name))
      .reduce((value, rules) => merge(value, rules[name]), initial);
  }
  return plan;
}

export function handlingPlan(catalogue, kind) {
  try {
    const plan = combine(collect(catalogue, kind));
    if (plan.minC > plan.maxC) throw new CatalogueError(`no temperature suits ${kind}`);
    return { ok: true, plan };
  } catch (error) {
    if (!(error instanceof CatalogueError)) throw error;
    return { ok: false, error: error.message };
  }
}
