/*
 * The matchers of `expect`. Runs inside the QuickJS instance before any learner code, under the same rule as guest-harness.js. A matcher
 * looks at values; methods of theirs are called only where the matcher is about them, as a thrown error's message or an iterator.
 */
(function (parts) {
  'use strict';

  const { clip, preview, equality, mocks } = parts;
  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { is, hasOwn } = Object;
  const { apply } = Reflect;
  const { isArray } = Array;
  const { isNaN } = Number;
  const { stringify } = JSON;
  const { iterator: iteratorKey } = Symbol;
  const NativeString = String;
  const includes = uncurry(String.prototype.includes);
  const match = uncurry(String.prototype.match);
  const { equals, matchesSubset, matchesPattern, isClose, indexOfEqual, asymmetric, isObject, hasInstance } = equality;

  const MAX_SHOWN_CHARS = 1000;

  function show(value) {
    const matcher = asymmetric(value);
    if (matcher !== undefined) return matcher.label;
    if (typeof value === 'string') return clip(stringify(value), MAX_SHOWN_CHARS);
    if (value === undefined) return 'undefined';
    try {
      return clip(preview(value), MAX_SHOWN_CHARS);
    } catch {
      return '[value that cannot be shown]';
    }
  }

  function showAll(values) {
    let text = '';
    for (let index = 0; index < values.length; index++) text += (index > 0 ? ', ' : '') + show(values[index]);
    return text;
  }

  /** What a matcher answers: whether it passes, and what was to be seen and what was seen instead. */
  function verdict(pass, expected, received) {
    return { pass, expected, received };
  }

  function misuse(text) {
    throw new TypeError(text);
  }

  // ---- Exceptions ----

  function catchThrown(received) {
    if (typeof received !== 'function') misuse('expect(received).toThrow(): received must be a function');
    try {
      apply(received, undefined, []);
      return null;
    } catch (error) {
      return { error };
    }
  }

  function messageOf(error) {
    return isObject(error) ? error.message : error;
  }

  function judgeThrown(thrown, expected) {
    const seen = thrown === null ? 'nothing was thrown' : 'thrown ' + show(thrown.error);
    if (expected === undefined) return verdict(thrown !== null, 'an exception', seen);
    if (thrown === null) return verdict(false, 'an exception ' + showExpectedThrow(expected), seen);
    return verdict(throwMatches(thrown.error, expected), 'an exception ' + showExpectedThrow(expected), seen);
  }

  function throwMatches(error, expected) {
    if (asymmetric(expected) !== undefined) return equals(error, expected, false);
    if (typeof expected === 'function') return isObject(error) && hasInstance(expected, error);
    const message = messageOf(error);
    if (typeof expected === 'string') return typeof message === 'string' && includes(message, expected);
    if (equality.kindOf(expected) === 'regexp') return typeof message === 'string' && matchesPattern(message, expected);
    return is(message, expected.message);
  }

  function showExpectedThrow(expected) {
    if (typeof expected === 'string') return 'whose message contains ' + show(expected);
    return typeof expected === 'function' ? 'of class ' + expected.name : 'like ' + show(expected);
  }

  // ---- Matchers: (received, arguments) → verdict ----

  function sizeOf(value) {
    return typeof value === 'string' || isObject(value) || typeof value === 'function' ? value.length : undefined;
  }

  function holds(received, item, same) {
    if (typeof received === 'string') return includes(received, NativeString(item));
    if (isArray(received)) {
      for (let index = 0; index < received.length; index++) if (same(received[index], item)) return true;
      return false;
    }
    if (!isObject(received) || typeof received[iteratorKey] !== 'function') misuse('received value must be iterable');
    for (const member of received) if (same(member, item)) return true;
    return false;
  }

  const looselyEqual = (one, other) => equals(one, other, false);

  function pathOf(path) {
    if (isArray(path)) return path;
    return match(NativeString(path), /[^.[\]]+/g) ?? [''];
  }

  function hasProperty(received, args) {
    const steps = hasOwnNamed(received, args[0]) ? [args[0]] : pathOf(args[0]);
    let value = received;
    for (let index = 0; index < steps.length; index++) {
      if (value === null || value === undefined || !(steps[index] in Object(value))) {
        return verdict(false, 'a property ' + show(args[0]), show(received));
      }
      value = value[steps[index]];
    }
    if (args.length < 2) return verdict(true, 'a property ' + show(args[0]), show(received));
    return verdict(
      equals(value, args[1], false),
      show(args[0]) + ': ' + show(args[1]),
      show(args[0]) + ': ' + show(value),
    );
  }

  function hasOwnNamed(received, name) {
    return isObject(received) && typeof name === 'string' && hasOwn(received, name);
  }

  function mockOf(received) {
    return mocks.stateOf(received) ?? misuse('received value must be a mock or spy function');
  }

  function calledWith(received, args, picked) {
    const { calls } = mockOf(received);
    const from = picked === 'last' ? calls.length - 1 : picked === 'any' ? 0 : picked;
    const to = picked === 'any' ? calls.length : from + 1;
    let pass = false;
    for (let index = from; index < to && index >= 0; index++) {
      if (index < calls.length && equals(calls[index], args, false)) pass = true;
    }
    const seen = calls.length === 0 ? 'no call' : 'calls (' + showAll(calls[calls.length - 1]) + ') of ' + calls.length;
    return verdict(pass, 'a call with (' + showAll(args) + ')', seen);
  }

  function returned(received) {
    const { results } = mockOf(received);
    const values = [];
    for (let index = 0; index < results.length; index++) {
      if (results[index].type === 'return') mocks.append(values, results[index].value);
    }
    return values;
  }

  const compared = (compare) => (received, args) => verdict(compare(received, args[0]), show(args[0]), show(received));
  const ordered = (sign, compare) => (received, args) => {
    const comparable = (value) => typeof value === 'number' || typeof value === 'bigint';
    if (!comparable(received) || !comparable(args[0]))
      return verdict(false, sign + ' ' + show(args[0]), show(received));
    return verdict(compare(received, args[0]), sign + ' ' + show(args[0]), show(received));
  };
  const simple = (expected, test) => (received) => verdict(test(received), expected, show(received));
  const counted = (what, count) => (received, args) =>
    verdict(count(received) === args[0], args[0] + ' ' + what, count(received) + ' ' + what);

  const toThrow = (received, args, settled) =>
    judgeThrown(settled === null ? catchThrown(received) : { error: received }, args[0]);

  const matchers = {
    __proto__: null,
    toBe: compared(is),
    toEqual: compared((received, expected) => equals(received, expected, false)),
    toStrictEqual: compared((received, expected) => equals(received, expected, true)),
    toMatchObject: compared((received, expected) => matchesSubset(received, expected, false)),
    toBeCloseTo: (received, args) =>
      verdict(
        typeof received === 'number' && isClose(received, args[0], args[1] ?? 2),
        show(args[0]) + ' to ' + (args[1] ?? 2) + ' digits',
        show(received),
      ),
    toThrow,
    toThrowError: toThrow,
    toContain: (received, args) =>
      verdict(holds(received, args[0], is), 'something with ' + show(args[0]), show(received)),
    toContainEqual: (received, args) =>
      verdict(holds(received, args[0], looselyEqual), 'something with ' + show(args[0]), show(received)),
    toMatch: (received, args) =>
      verdict(typeof received === 'string' && matchesPattern(received, args[0]), show(args[0]), show(received)),
    toHaveLength: (received, args) =>
      verdict(
        sizeOf(received) === args[0],
        'length ' + show(args[0]),
        'length ' + show(sizeOf(received)) + ' of ' + show(received),
      ),
    toHaveProperty: hasProperty,
    toBeInstanceOf: (received, args) => {
      if (typeof args[0] !== 'function') misuse('toBeInstanceOf needs a class');
      return verdict(hasInstance(args[0], received), 'an instance of ' + args[0].name, show(received));
    },
    toBeOneOf: (received, args) =>
      verdict(indexOfEqual(args[0], received) >= 0, 'one of ' + show(args[0]), show(received)),
    toBeTypeOf: (received, args) => verdict(typeof received === args[0], show(args[0]), show(typeof received)),
    toBeDefined: simple('a value', (value) => value !== undefined),
    toBeUndefined: simple('undefined', (value) => value === undefined),
    toBeNull: simple('null', (value) => value === null),
    toBeNaN: simple('NaN', (value) => isNaN(value)),
    toBeTruthy: simple('a truthy value', (value) => !!value),
    toBeFalsy: simple('a falsy value', (value) => !value),
    toBeGreaterThan: ordered('>', (one, other) => one > other),
    toBeGreaterThanOrEqual: ordered('>=', (one, other) => one >= other),
    toBeLessThan: ordered('<', (one, other) => one < other),
    toBeLessThanOrEqual: ordered('<=', (one, other) => one <= other),
    toHaveBeenCalled: (received) =>
      verdict(mockOf(received).calls.length > 0, 'a call', mockOf(received).calls.length + ' calls'),
    toHaveBeenCalledTimes: counted('calls', (received) => mockOf(received).calls.length),
    toHaveBeenCalledWith: (received, args) => calledWith(received, args, 'any'),
    toHaveBeenLastCalledWith: (received, args) => calledWith(received, args, 'last'),
    toHaveBeenNthCalledWith: (received, [nth, ...args]) => calledWith(received, args, nth - 1),
    toHaveReturned: (received) =>
      verdict(returned(received).length > 0, 'a return', returned(received).length + ' returns'),
    toHaveReturnedTimes: counted('returns', (received) => returned(received).length),
    toHaveReturnedWith: (received, args) =>
      verdict(
        indexOfEqual(returned(received), args[0]) >= 0,
        'a return of ' + show(args[0]),
        showAll(returned(received)),
      ),
    toHaveLastReturnedWith: (received, args) => {
      const values = returned(received);
      const last = values.length === 0 ? undefined : values[values.length - 1];
      return verdict(values.length > 0 && equals(last, args[0], false), show(args[0]), showAll(values));
    },
  };
  const aliases = {
    toBeCalled: 'toHaveBeenCalled',
    toBeCalledTimes: 'toHaveBeenCalledTimes',
    toBeCalledWith: 'toHaveBeenCalledWith',
    lastCalledWith: 'toHaveBeenLastCalledWith',
    nthCalledWith: 'toHaveBeenNthCalledWith',
    toReturn: 'toHaveReturned',
    toReturnTimes: 'toHaveReturnedTimes',
    toReturnWith: 'toHaveReturnedWith',
    lastReturnedWith: 'toHaveLastReturnedWith',
  };
  for (const alias in aliases) matchers[alias] = matchers[aliases[alias]];

  return { matchers, show, misuse };
});
