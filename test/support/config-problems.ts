import { ConfigError } from '../../shared/config/env.ts';

/** What is wrong with a configuration, as its loading tells; nothing when it loads. */
export function problemsOf(load: () => unknown): readonly string[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
