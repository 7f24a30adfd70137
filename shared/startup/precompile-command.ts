import { constants, enableCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { COMPILE_CACHE_DIR } from './compile-cache.ts';

/** `node shared/startup/precompile-command.ts FILE…` loads files, so that processes which load them later find them compiled. The Dockerfiles run it. */
const { status, message } = enableCompileCache(COMPILE_CACHE_DIR);
if (status !== constants.compileCacheStatus.ENABLED && status !== constants.compileCacheStatus.ALREADY_ENABLED) {
  throw new Error(`There is no compile cache: ${message ?? `status ${status}`}`);
}
for (const file of process.argv.slice(2)) await import(pathToFileURL(resolve(file)).href);
