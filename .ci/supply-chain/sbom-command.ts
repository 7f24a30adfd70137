import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readProject } from './manifest.ts';
import { makeSbom } from './sbom.ts';

/** `npm run sbom` writes `sbom.cdx.json`. */
const root = fileURLToPath(new URL('../..', import.meta.url));
writeFileSync(join(root, 'sbom.cdx.json'), makeSbom(readProject(root)));
