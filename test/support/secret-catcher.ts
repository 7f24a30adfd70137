/** Collects what must never be written down, and says which of it was. */
export class SecretCatcher {
  /** What each is called, since a failing test must not print it. */
  readonly #secrets = new Map<string, string>();

  /** Remembers a secret, also as it stands in addresses, headers and protocols. @returns it. */
  add(what: string, secret: string): string {
    if (secret.length < 8) throw new Error(`${what} is so short that it is found by chance; use addCode.`);
    this.#remember(what, secret);
    this.#remember(`${what}, percent-encoded`, encodeURIComponent(secret));
    this.#remember(`${what}, in base64`, Buffer.from(secret).toString('base64').replace(/=+$/, ''));
    this.#remember(`${what}, in hex`, Buffer.from(secret).toString('hex'));
    return secret;
  }

  /** Remembers a short code, which is found only where it stands as a value of its own. @returns it. */
  addCode(what: string, code: string): string {
    for (const [before, after] of ['""', "''", '= ', ': ']) this.#remember(what, `${before}${code}${after}`);
    return code;
  }

  /** How many different things are looked for. */
  get size(): number {
    return this.#secrets.size;
  }

  /** The names of the secrets that are in the text. */
  foundIn(text: string): string[] {
    return [...this.#secrets].filter(([secret]) => text.includes(secret)).map(([, what]) => what);
  }

  #remember(what: string, form: string): void {
    if (!this.#secrets.has(form)) this.#secrets.set(form, what);
  }
}
