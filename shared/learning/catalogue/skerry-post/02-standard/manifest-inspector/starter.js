/**
 * Says everything that is wrong with a manifest, in reading order.
 *
 * @param {unknown} manifest any JSON value
 * @returns {{ path: string, problem: string }[]} empty if the manifest is fine
 */
export function inspect(manifest) {
  const problems = [];

  if (typeof manifest !== 'object') {
    problems.push({ path: '', problem: 'must be an object' });
    return problems;
  }

  // A beginning. Is it right, even as far as it goes?
  if (!manifest.boat) problems.push({ path: 'boat', problem: 'is missing' });

  return problems;
}
