import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { packageDirectory } from './node-runner.ts';

const BUILD_DEADLINE_MS = 60_000;
const FORGOTTEN_AFTER_MS = 7 * 86_400_000;

/** `package`: the one it is made of, beside whose folder it is kept. `ingredients`: files that it changes with. */
export type ImageRecipe = { package: string; builder: string; flags?: string[]; ingredients: () => string[] };

/**
 * A file that runners of an engine start from. Making one takes a second or more, so it is made once for an installation and kept in
 * `node_modules/.cache`, or once for a process where that cannot be written. The builder is a program of ours that gets its path, and puts
 * it there in one step.
 */
export class ImageFile {
  readonly #recipe: ImageRecipe;
  #path: string | null = null;
  #building: Promise<void> | null = null;

  constructor(recipe: ImageRecipe) {
    this.#recipe = recipe;
  }

  /** @throws Error when it is not built yet. */
  path(): string {
    if (this.#path === null) throw new Error(`the image that ${this.#recipe.builder} makes is not built yet`);
    return this.#path;
  }

  /**
   * Resolves when it is there. A build that failed is tried again by the next call.
   * @throws Error with what the builder said.
   */
  async build(): Promise<void> {
    if (this.#path !== null) return;
    this.#building ??= this.#buildOnce().finally(() => (this.#building = null));
    await this.#building;
  }

  async #buildOnce(): Promise<void> {
    const { builder, flags = [] } = this.#recipe;
    const name = `${basename(dirname(builder))}-${this.#contentHash()}`;
    const cached = join(cacheDirectory(this.#recipe.package), name);
    if (existsSync(cached)) {
      this.#path = cached;
      return;
    }
    const path = join(writableDirectory(dirname(cached)), name);
    const args = ['--no-warnings', ...flags, builder, path];
    await promisify(execFile)(process.execPath, args, { env: {}, timeout: BUILD_DEADLINE_MS });
    this.#path = path;
    removeForgotten(dirname(path), basename(dirname(builder)));
  }

  #contentHash(): string {
    const hash = createHash('sha256').update(process.version);
    for (const path of this.#recipe.ingredients()) hash.update(basename(path)).update(readFileSync(path));
    return hash.digest('hex').slice(0, 16);
  }
}

/** Images of versions that nobody has made for long: each change of an ingredient makes another. */
function removeForgotten(directory: string, kind: string): void {
  for (const name of readdirSync(directory).filter((entry) => entry.startsWith(`${kind}-`))) {
    const path = join(directory, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > FORGOTTEN_AFTER_MS) rmSync(path, { force: true });
  }
}

function cacheDirectory(name: string): string {
  return join(packageDirectory(name).slice(0, -name.length), '.cache', 'learnify');
}

function writableDirectory(cache: string): string {
  try {
    mkdirSync(cache, { recursive: true });
    accessSync(cache, constants.W_OK);
    return cache;
  } catch {
    // Installed by somebody else, or read-only. A folder of our own, since in a shared one anybody could put the image.
    return mkdtempSync(join(tmpdir(), 'learnify-image-'));
  }
}
