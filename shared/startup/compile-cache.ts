import { fileURLToPath } from 'node:url';

/**
 * Where processes of Learnify find their modules compiled, and leave them so (`NODE_COMPILE_CACHE`): the types of hundreds of files are then
 * stripped once and not at each start. Node.js holds each entry against its source, and goes without what it cannot read or write.
 */
export const COMPILE_CACHE_DIR = fileURLToPath(new URL('../../node_modules/.cache/learnify/modules', import.meta.url));
