/*
 * Makes the built-ins what they are for the rest of this instance's life. A suite carries its assertions inside the learner's realm: were
 * `Array.prototype.forEach` patched to do nothing, a suite that asserts in a loop would assert nothing. New properties may still be added
 * (but to Object.prototype), and objects may have properties that shadow built-in ones, as in a world that is not locked. `Math.random`,
 * `Date.now` and `console` stay open, for suites that replace them.
 */
(function () {
  'use strict';

  const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;
  const { ownKeys } = Reflect;
  const SHADOWED_KEYS = new Set(['constructor', 'toString', 'valueOf', 'toJSON', 'name', 'message']);
  /** What suites replace, and what only steers messages. */
  const OPEN_GLOBALS = new Set(['console', 'performance']);
  const isOpen = (owner, key) =>
    (owner === Math && key === 'random') ||
    (owner === Date && key === 'now') ||
    (owner === Error && key === 'stackTraceLimit');

  const samples = [
    [][Symbol.iterator](),
    new Map().entries(),
    new Set().entries(),
    ''[Symbol.iterator](),
    'a'.matchAll(/a/g),
    (function* () {})(),
    (async function* () {})(),
    async function () {},
    function* () {},
    async function* () {},
    Uint8Array,
  ];

  /** A property that objects commonly shadow by assignment: locked for its owner, assignable below it. */
  function lockShadowed(owner, key, value) {
    defineProperty(owner, key, {
      get: () => value,
      set(replacement) {
        if (this === owner) throw new TypeError("Cannot assign to read only property '" + String(key) + "'");
        defineProperty(this, key, {
          __proto__: null,
          value: replacement,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      },
      configurable: false,
    });
  }

  function isShadowed(owner, key) {
    // The engine itself asks these for their constructor, often; a getter there would cost on every `map` and `await`.
    if (owner === Array.prototype || owner === Promise.prototype || owner === RegExp.prototype) return false;
    return owner === Object.prototype || SHADOWED_KEYS.has(key);
  }

  const done = new Set();

  function lock(owner) {
    if (owner === null || (typeof owner !== 'object' && typeof owner !== 'function') || done.has(owner)) return;
    done.add(owner);
    const isConstructor = typeof owner === 'function';
    for (const key of ownKeys(owner)) {
      const property = getOwnPropertyDescriptor(owner, key);
      if (!property.configurable || isOpen(owner, key)) continue;
      if (!('value' in property)) defineProperty(owner, key, { configurable: false });
      else if (!isConstructor && typeof key === 'string' && isShadowed(owner, key))
        lockShadowed(owner, key, property.value);
      else defineProperty(owner, key, { writable: false, configurable: false });
      if (isConstructor && key === 'prototype') lock(property.value);
    }
    if (isConstructor) lock(getOwnPropertyDescriptor(owner, 'prototype')?.value);
  }

  // Its hook is given the functions on the stack, the suite's own among them.
  delete Error.prepareStackTrace;
  defineProperty(Error, 'prepareStackTrace', { value: undefined, writable: false, configurable: false });

  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const property = getOwnPropertyDescriptor(globalThis, name);
    if (!property.configurable || !('value' in property)) continue;
    if (!OPEN_GLOBALS.has(name)) lock(property.value);
    if (name !== 'console' && name !== 'globalThis') {
      defineProperty(globalThis, name, { writable: false, configurable: false });
    }
  }
  for (const sample of samples) {
    for (let link = getPrototypeOf(sample); link !== null; link = getPrototypeOf(link)) lock(link);
  }
  // What every object inherits, a suite's own too, is not for learners to add to.
  Object.preventExtensions(Object.prototype);
});
