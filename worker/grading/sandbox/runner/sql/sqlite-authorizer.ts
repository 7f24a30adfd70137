import { constants, type DatabaseSync } from 'node:sqlite';

/** Pragmas that only tell something, or change how the learner's own database behaves. */
const ALLOWED_PRAGMAS = new Set([
  'application_id',
  'case_sensitive_like',
  'collation_list',
  'compile_options',
  'count_changes',
  'database_list',
  'defer_foreign_keys',
  'encoding',
  'foreign_key_check',
  'foreign_key_list',
  'foreign_keys',
  'full_column_names',
  'function_list',
  'ignore_check_constraints',
  'index_info',
  'index_list',
  'index_xinfo',
  'integrity_check',
  'module_list',
  'pragma_list',
  'quick_check',
  'recursive_triggers',
  'reverse_unordered_selects',
  'schema_version',
  'short_column_names',
  'table_info',
  'table_list',
  'table_xinfo',
  'user_version',
]);

const ALLOWED_MODULES = new Set(['fts5', 'rtree']);

const DENIED_FUNCTIONS = new Set(['load_extension', 'fts3_tokenizer', 'readfile', 'writefile', 'edit', 'fsdir']);

/**
 * Denies what reaches beyond the database itself: other files (ATTACH, also as part of VACUUM), extensions, settings of the engine.
 * `denied` tells what a failed statement wanted.
 */
export class Authorizer {
  #denied: string | null = null;

  /** What was refused since the last question, or null. */
  takeDenied(): string | null {
    const denied = this.#denied;
    this.#denied = null;
    return denied;
  }

  install(database: DatabaseSync): void {
    database.setAuthorizer((action, first, second) => {
      const denied = deniedAction(action, first, second);
      if (denied === null) return constants.SQLITE_OK;
      this.#denied = denied;
      return constants.SQLITE_DENY;
    });
  }
}

function deniedAction(action: number, first: string | null, second: string | null): string | null {
  switch (action) {
    case constants.SQLITE_ATTACH:
      // Inside of VACUUM it is unnamed.
      return 'ATTACH and VACUUM';
    case constants.SQLITE_DETACH:
      return 'DETACH';
    case constants.SQLITE_PRAGMA:
      return ALLOWED_PRAGMAS.has((first ?? '').toLowerCase()) ? null : `PRAGMA ${first}`;
    case constants.SQLITE_FUNCTION:
      return DENIED_FUNCTIONS.has((second ?? '').toLowerCase()) ? `the function ${second}` : null;
    case constants.SQLITE_CREATE_VTABLE:
      return ALLOWED_MODULES.has((second ?? '').toLowerCase()) ? null : `a virtual table of ${second}`;
    default:
      return null;
  }
}
