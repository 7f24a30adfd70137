import { readFileSync } from 'node:fs';

const CHECKS = ['licence', 'advisory', 'alias'] as const;

/** Something that a check would refuse and that is let through, for a reason and for a time. */
export interface Exception {
  check: (typeof CHECKS)[number];
  package: string;
  /** The licence as the package states it, the advisory's GHSA id, or the name of the package that an alias stands for. */
  id: string;
  reason: string;
  /** The last day on which it holds, `YYYY-MM-DD`. */
  until: string;
}

/** The exceptions of one check, which also know whether each was needed: one that is not is to be taken out. */
export class Exceptions {
  readonly #list: readonly Exception[];
  readonly #used = new Set<Exception>();

  /** @param today as `YYYY-MM-DD`; what has run out does not count any more. */
  constructor(all: readonly Exception[], check: Exception['check'], today: string) {
    this.#list = all.filter((exception) => exception.check === check && exception.until >= today);
  }

  covers(packageName: string, id: string): boolean {
    const found = this.#list.find((exception) => exception.package === packageName && exception.id === id);
    if (found !== undefined) this.#used.add(found);
    return found !== undefined;
  }

  unused(): string[] {
    return this.#list
      .filter((exception) => !this.#used.has(exception))
      .map((exception) => `exceptions.json: ${exception.package} (${exception.id}) needs no exception any more`);
  }
}

/** @throws when the file is not a list of complete exceptions. */
export function readExceptions(file: string): Exception[] {
  const list = JSON.parse(readFileSync(file, 'utf8')) as Partial<Exception>[];
  for (const { check, package: name, id, reason, until } of list) {
    const isComplete = Boolean(name && id && reason) && CHECKS.some((known) => known === check);
    if (!isComplete || !/^\d{4}-\d\d-\d\d$/.test(until ?? '')) {
      throw new Error(`${file}: each needs check (${CHECKS.join(', ')}), package, id, reason and until (YYYY-MM-DD)`);
    }
  }
  return list as Exception[];
}

/** What ran out, said as such rather than as the finding that comes back with it. */
export function expiredExceptions(all: readonly Exception[], today: string): string[] {
  return all
    .filter(({ until }) => until < today)
    .map((exception) => `exceptions.json: ${exception.package} (${exception.id}) ran out on ${exception.until}`);
}
