/*
 * `jest.fn`, `jest.spyOn` and what goes with them. Runs inside the QuickJS instance before any learner code, under the same rule as
 * guest-harness.js. The record of calls is kept here; `mock.calls` answers copies, so that a learner who is handed a mock function can
 * call it, and not write into its record.
 */
(function () {
  'use strict';

  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { apply, construct } = Reflect;
  const { defineProperty, getOwnPropertyDescriptor, freeze } = Object;
  const weakGet = uncurry(WeakMap.prototype.get);
  const weakSet = uncurry(WeakMap.prototype.set);
  const NativePromise = Promise;
  const resolved = NativePromise.resolve.bind(NativePromise);
  const rejected = NativePromise.reject.bind(NativePromise);
  const states = new WeakMap();

  /** Puts an item at the end of a list without meeting a setter that somebody put on Array.prototype. */
  function append(list, item) {
    defineProperty(list, list.length, {
      __proto__: null,
      value: item,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }

  function copy(list) {
    const items = [];
    for (let index = 0; index < list.length; index++) append(items, list[index]);
    return items;
  }

  function firstOf(list) {
    const [, ...rest] = list;
    return rest;
  }

  const all = [];

  function createMock(implementation) {
    const state = {
      calls: [],
      results: [],
      contexts: [],
      instances: [],
      once: [],
      implementation,
      name: 'jest.fn()',
      restore: null,
    };
    function mock(...args) {
      const result = { type: 'incomplete', value: undefined };
      append(state.calls, copy(args));
      append(state.contexts, this);
      append(state.instances, this);
      append(state.results, result);
      let chosen = state.implementation;
      if (state.once.length > 0) {
        chosen = state.once[0];
        state.once = firstOf(state.once);
      }
      try {
        result.value =
          chosen === undefined ? undefined : new.target ? construct(chosen, args) : apply(chosen, this, args);
        result.type = 'return';
      } catch (error) {
        result.value = error;
        result.type = 'throw';
        throw error;
      }
      return result.value;
    }
    weakSet(states, mock, state);
    append(all, state);
    install(mock, state);
    return mock;
  }

  function install(mock, state) {
    const clear = () => {
      state.calls = [];
      state.results = [];
      state.contexts = [];
      state.instances = [];
    };
    state.clear = clear;
    state.reset = () => {
      clear();
      state.once = [];
      state.implementation = undefined;
    };
    const implement = (implementation) => void (state.implementation = implementation);
    const implementOnce = (implementation) => append(state.once, implementation);
    const methods = {
      mockImplementation: implement,
      mockImplementationOnce: implementOnce,
      mockReturnValue: (value) => implement(() => value),
      mockReturnValueOnce: (value) => implementOnce(() => value),
      mockReturnThis: () =>
        implement(function () {
          return this;
        }),
      mockResolvedValue: (value) => implement(() => resolved(value)),
      mockResolvedValueOnce: (value) => implementOnce(() => resolved(value)),
      mockRejectedValue: (value) => implement(() => rejected(value)),
      mockRejectedValueOnce: (value) => implementOnce(() => rejected(value)),
      mockName: (name) => void (state.name = name),
      mockClear: clear,
      mockReset: state.reset,
      mockRestore: () => (state.reset(), state.restore?.()),
    };
    for (const name in methods) {
      const method = methods[name];
      define(mock, name, (value) => (method(value), mock));
    }
    define(mock, 'getMockName', () => state.name);
    define(mock, 'getMockImplementation', () => state.implementation);
    defineProperty(mock, 'mock', { __proto__: null, get: () => record(state), enumerable: true });
  }

  function define(target, name, value) {
    defineProperty(target, name, { __proto__: null, value, writable: false, enumerable: false, configurable: false });
  }

  function record(state) {
    const calls = [];
    for (let index = 0; index < state.calls.length; index++) append(calls, copy(state.calls[index]));
    return {
      calls,
      results: copy(state.results),
      contexts: copy(state.contexts),
      instances: copy(state.instances),
      lastCall: calls.length === 0 ? undefined : calls[calls.length - 1],
    };
  }

  function spyOn(object, name, access) {
    const original = getOwnPropertyDescriptor(object, name);
    const spied = access === undefined ? object[name] : original?.[access];
    if (typeof spied !== 'function')
      throw new TypeError('Property `' + String(name) + '` does not exist or is no function');
    if (weakGet(states, spied) !== undefined) return spied;
    const mock = createMock(spied);
    const state = weakGet(states, mock);
    state.restore = () => {
      if (original === undefined) delete object[name];
      else defineProperty(object, name, { __proto__: null, ...original });
      state.restore = null;
    };
    const change = access === undefined ? { value: mock, writable: true } : { ...original, [access]: mock };
    defineProperty(object, name, {
      __proto__: null,
      enumerable: original?.enumerable ?? true,
      ...change,
      configurable: true,
    });
    return mock;
  }

  function forAll(work) {
    for (let index = 0; index < all.length; index++) work(all[index]);
  }

  function unsupported(name) {
    return () => {
      throw new Error('jest.' + name + ' is not available here');
    };
  }

  const jest = {
    fn: createMock,
    spyOn,
    isMockFunction: (value) => typeof value === 'function' && weakGet(states, value) !== undefined,
    clearAllMocks: () => forAll((state) => state.clear()),
    resetAllMocks: () => forAll((state) => state.reset()),
    restoreAllMocks: () => forAll((state) => state.restore?.()),
    setTimeout: () => undefined,
    retryTimes: () => undefined,
    mock: unsupported('mock'),
    unmock: unsupported('unmock'),
    useFakeTimers: unsupported('useFakeTimers'),
    useRealTimers: () => undefined,
    advanceTimersByTime: unsupported('advanceTimersByTime'),
    runAllTimers: unsupported('runAllTimers'),
  };
  freeze(jest);

  return { jest, append, copy, stateOf: (value) => (typeof value === 'function' ? weakGet(states, value) : undefined) };
});
