/*
 * Equality as jest's `toEqual`, `toStrictEqual` and `toMatchObject` see it, and the asymmetric matchers. Runs inside the QuickJS instance
 * before any learner code, under the same rule as guest-harness.js. A value never says itself whether it is equal to something: an
 * asymmetric matcher is one that was made here.
 */
(function () {
  'use strict';

  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { is, getPrototypeOf, getOwnPropertyDescriptor, freeze, hasOwn } = Object;
  const { ownKeys } = Reflect;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const { abs, pow } = Math;
  const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);
  const hasInstance = uncurry(Function.prototype[Symbol.hasInstance]);
  const getter = (prototype, name) => uncurry(getOwnPropertyDescriptor(prototype, name).get);
  const mapSize = getter(Map.prototype, 'size');
  const setSize = getter(Set.prototype, 'size');
  const mapForEach = uncurry(Map.prototype.forEach);
  const mapGet = uncurry(Map.prototype.get);
  const mapHas = uncurry(Map.prototype.has);
  const setForEach = uncurry(Set.prototype.forEach);
  const setHas = uncurry(Set.prototype.has);
  const weakGet = uncurry(WeakMap.prototype.get);
  const weakSet = uncurry(WeakMap.prototype.set);
  const getTime = uncurry(Date.prototype.getTime);
  const regexpSource = getter(RegExp.prototype, 'source');
  const regexpFlags = getter(RegExp.prototype, 'flags');
  const regexpExec = uncurry(RegExp.prototype.exec);
  const includes = uncurry(String.prototype.includes);
  const stringValue = uncurry(String.prototype.valueOf);
  const numberValue = uncurry(Number.prototype.valueOf);
  const booleanValue = uncurry(Boolean.prototype.valueOf);
  const kinds = {
    Map,
    Set,
    Date,
    RegExp,
    Error,
    Promise,
    String,
    Number,
    Boolean,
    Array,
    Object,
    Function,
    Symbol,
    BigInt,
  };

  function isObject(value) {
    return typeof value === 'object' && value !== null;
  }

  function answers(read, value) {
    try {
      read(value);
      return true;
    } catch {
      return false;
    }
  }

  /** What an object really is, whatever it inherits from or says of itself. */
  function kindOf(value) {
    if (isArray(value)) return 'array';
    if (isView(value)) return 'view';
    if (hasInstance(kinds.Map, value) && answers(mapSize, value)) return 'map';
    if (hasInstance(kinds.Set, value) && answers(setSize, value)) return 'set';
    if (hasInstance(kinds.Date, value) && answers(getTime, value)) return 'date';
    if (hasInstance(kinds.RegExp, value)) return 'regexp';
    if (hasInstance(kinds.Error, value)) return 'error';
    if (hasInstance(kinds.Promise, value)) return 'promise';
    if (hasInstance(kinds.String, value) && answers(stringValue, value)) return 'string';
    if (hasInstance(kinds.Number, value) && answers(numberValue, value)) return 'number';
    if (hasInstance(kinds.Boolean, value) && answers(booleanValue, value)) return 'boolean';
    return 'object';
  }

  // ---- Asymmetric matchers ----

  const matchers = new WeakMap();

  class AsymmetricMatcher {
    constructor(label, matches) {
      weakSet(matchers, this, { label, matches });
      freeze(this);
    }
  }
  freeze(AsymmetricMatcher.prototype);

  function asymmetric(value) {
    return isObject(value) ? weakGet(matchers, value) : undefined;
  }

  const label = (name, negated) => 'expect.' + (negated ? 'not.' : '') + name;

  /** The builders of `expect` and of `expect.not`. */
  function asymmetricBuilders(negated) {
    const make = (name, matches) => new AsymmetricMatcher(label(name, negated), (value) => matches(value) !== negated);
    return {
      objectContaining: (sample) =>
        make('objectContaining', (value) => isObject(value) && matchesSubset(value, sample, true)),
      arrayContaining: (sample) =>
        make('arrayContaining', (value) => {
          if (!isArray(value)) return false;
          for (let index = 0; index < sample.length; index++) if (indexOfEqual(value, sample[index]) < 0) return false;
          return true;
        }),
      stringContaining: (text) =>
        make('stringContaining', (value) => typeof value === 'string' && includes(value, text)),
      stringMatching: (pattern) =>
        make('stringMatching', (value) => typeof value === 'string' && matchesPattern(value, pattern)),
      closeTo: (expected, digits = 2) =>
        make('closeTo', (value) => typeof value === 'number' && isClose(value, expected, digits)),
    };
  }

  const onlyPositive = {
    any: (type) => new AsymmetricMatcher('expect.any', (value) => isInstanceOfType(value, type)),
    anything: () => new AsymmetricMatcher('expect.anything', (value) => value !== undefined && value !== null),
  };

  function isInstanceOfType(value, type) {
    if (type === kinds.String) return typeof value === 'string' || hasInstance(type, value);
    if (type === kinds.Number) return typeof value === 'number' || hasInstance(type, value);
    if (type === kinds.Boolean) return typeof value === 'boolean' || hasInstance(type, value);
    if (type === kinds.BigInt) return typeof value === 'bigint';
    if (type === kinds.Symbol) return typeof value === 'symbol';
    if (type === kinds.Function) return typeof value === 'function';
    if (type === kinds.Object) return isObject(value);
    if (type === kinds.Array) return isArray(value);
    return hasInstance(type, value);
  }

  function matchesPattern(text, pattern) {
    if (typeof pattern === 'string') return includes(text, pattern);
    pattern.lastIndex = 0;
    return regexpExec(pattern, text) !== null;
  }

  function isClose(received, expected, digits) {
    if (is(received, expected)) return true;
    if (abs(received) === Infinity || abs(expected) === Infinity) return false;
    return abs(expected - received) < pow(10, -digits) / 2;
  }

  function indexOfEqual(array, item) {
    for (let index = 0; index < array.length; index++) if (equals(array[index], item, false)) return index;
    return -1;
  }

  // ---- Equality ----

  /** `strict` tells `undefined` properties, holes and classes apart too. */
  function equals(received, expected, strict) {
    return equal(received, expected, strict, null);
  }

  function equal(received, expected, strict, above) {
    const matcher = asymmetric(expected);
    if (matcher !== undefined) return matcher.matches(received);
    if (is(received, expected)) return true;
    if (!isObject(received) || !isObject(expected)) return false;
    for (let pair = above; pair !== null; pair = pair.above) {
      if (pair.received === received) return pair.expected === expected;
      if (pair.expected === expected) return false;
    }
    const kind = kindOf(expected);
    if (kindOf(received) !== kind) return false;
    if (strict && getPrototypeOf(received) !== getPrototypeOf(expected)) return false;
    return equalObjects(kind, received, expected, strict, { received, expected, above });
  }

  function equalObjects(kind, received, expected, strict, here) {
    switch (kind) {
      case 'date':
        return is(getTime(received), getTime(expected));
      case 'regexp':
        return regexpSource(received) === regexpSource(expected) && regexpFlags(received) === regexpFlags(expected);
      case 'string':
        return stringValue(received) === stringValue(expected);
      case 'number':
        return is(numberValue(received), numberValue(expected));
      case 'boolean':
        return booleanValue(received) === booleanValue(expected);
      case 'error':
        return received.message === expected.message && received.name === expected.name;
      case 'promise':
        return false;
      case 'map':
        return equalMaps(received, expected, strict, here);
      case 'set':
        return equalSets(received, expected, strict, here);
      case 'view':
        return getPrototypeOf(received) === getPrototypeOf(expected) && equalMembers(received, expected, true, here);
      case 'array':
        return received.length === expected.length && equalMembers(received, expected, strict, here);
      default:
        return equalMembers(received, expected, strict, here);
    }
  }

  function equalMembers(received, expected, strict, here) {
    return coveredBy(received, expected, strict, here, true) && coveredBy(expected, received, strict, here, false);
  }

  /** Whether every member of `one` is in `other`; its value is compared only on the first of the two ways. */
  function coveredBy(one, other, strict, here, compares) {
    const names = ownKeys(one);
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      if (!isEnumerable(one, name)) continue;
      if (hasOwn(other, name)) {
        if (compares && !equal(one[name], other[name], strict, here)) return false;
        continue;
      }
      // A matcher in the expected value may accept that there is nothing.
      if (strict || (one[name] !== undefined && !(asymmetric(one[name])?.matches(undefined) ?? false))) return false;
    }
    return true;
  }

  function equalMaps(received, expected, strict, here) {
    if (mapSize(received) !== mapSize(expected)) return false;
    let same = true;
    mapForEach(expected, (value, key) => {
      if (!same) return;
      if (mapHas(received, key)) {
        same = equal(mapGet(received, key), value, strict, here);
        return;
      }
      let found = false;
      mapForEach(received, (otherValue, otherKey) => {
        found ||= equal(otherKey, key, strict, here) && equal(otherValue, value, strict, here);
      });
      same = found;
    });
    return same;
  }

  function equalSets(received, expected, strict, here) {
    if (setSize(received) !== setSize(expected)) return false;
    let same = true;
    setForEach(expected, (item) => {
      if (!same || setHas(received, item)) return;
      let found = false;
      setForEach(received, (other) => {
        found ||= equal(other, item, strict, here);
      });
      same = found;
    });
    return same;
  }

  /** Whether all of `sample` is in `received`, at every depth; `shallow` compares members as wholes. */
  function matchesSubset(received, sample, shallow) {
    if (asymmetric(sample) !== undefined || !isObject(sample) || !isObject(received))
      return equals(received, sample, false);
    const kind = kindOf(sample);
    // Of a plain sample only the members count, whatever has them.
    if (kind === 'object' ? isArray(received) : kind !== kindOf(received)) return false;
    if (kind !== 'object' && kind !== 'array') return equals(received, sample, false);
    if (kind === 'array' && received.length !== sample.length) return false;
    const names = ownKeys(sample);
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      if (!isEnumerable(sample, name)) continue;
      if (!(name in received)) return false;
      const same = shallow
        ? equals(received[name], sample[name], false)
        : matchesSubset(received[name], sample[name], false);
      if (!same) return false;
    }
    return true;
  }

  return {
    equals,
    matchesSubset,
    matchesPattern,
    isClose,
    indexOfEqual,
    asymmetric,
    asymmetricBuilders,
    onlyPositive,
    isObject,
    kindOf,
    mapSize,
    setSize,
    setHas,
    hasInstance,
  };
});
