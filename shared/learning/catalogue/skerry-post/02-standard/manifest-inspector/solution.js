const ISLANDS = new Set(['HAV', 'LYN', 'STO', 'KRA', 'MOL', 'UTS']);
const PARCEL_ID = /^[A-Z]{3}-\d{5}$/;

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The only days that survive a round trip are those that exist: a Date turns 30 February into 1 March. */
function isCalendarDate(value) {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

// A field is a function from (value, path) to a list of problems. Small ones are made by `rule` …
const rule = (problem, holds) => (value, path) => (holds(value) ? [] : [{ path, problem }]);

// … and larger ones are put together from smaller ones. The contract below then reads like the table it came from.
const object = (fields) => (value, path) => {
  if (!isObject(value)) return [{ path, problem: 'must be an object' }];
  const at = (name) => (path === '' ? name : `${path}.${name}`);

  const known = Object.entries(fields).flatMap(([name, check]) => {
    const field = value[name];
    return field === undefined || field === null ? [{ path: at(name), problem: 'is missing' }] : check(field, at(name));
  });
  const unknown = Object.keys(value)
    .filter((name) => !Object.hasOwn(fields, name)) // `in` would also find "constructor"
    .map((name) => ({ path: at(name), problem: 'is not a known field' }));

  return [...known, ...unknown];
};

/** A list of parcels; the memory of ids already seen lives exactly as long as one inspection. */
function parcelList(value, path) {
  if (!Array.isArray(value) || value.length === 0) return [{ path, problem: 'must be a non-empty list' }];

  const firstWith = new Map();
  return value.flatMap((entry, index) => {
    const entryPath = `${path}[${index}]`;
    const uniqueId = (id, idPath) => {
      if (typeof id !== 'string' || !PARCEL_ID.test(id)) return [{ path: idPath, problem: 'must look like HAV-00417' }];
      if (firstWith.has(id)) return [{ path: idPath, problem: `repeats ${firstWith.get(id)}` }];
      firstWith.set(id, idPath);
      return [];
    };
    return object({ id: uniqueId, ...PARCEL })(entry, entryPath);
  });
}

const PARCEL = {
  grams: rule(
    'must be a whole number from 1 to 30000',
    (grams) => Number.isInteger(grams) && grams >= 1 && grams <= 30_000,
  ),
  to: rule('must be an island code', (code) => ISLANDS.has(code)),
};

const MANIFEST = object({
  boat: rule('must be non-empty text', (boat) => typeof boat === 'string' && boat.trim() !== ''),
  date: rule('must be a calendar date', isCalendarDate),
  parcels: parcelList,
});

export function inspect(manifest) {
  return MANIFEST(manifest, '');
}
