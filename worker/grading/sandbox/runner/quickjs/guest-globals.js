/*
 * What learners expect of every JavaScript environment and the bare engine does not have: timers and `structuredClone`. Runs inside the
 * QuickJS instance before any learner code, under the same rule as guest-harness.js.
 *
 * Time is virtual: a timer fires as soon as everything else has come to rest, in the order of its due time, so nobody waits for it.
 */
(function () {
  'use strict';

  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { apply, ownKeys } = Reflect;
  const { defineProperty, getPrototypeOf } = Object;
  const { isArray } = Array;
  const NativeMap = Map;
  const mapGet = uncurry(Map.prototype.get);
  const mapSet = uncurry(Map.prototype.set);
  const mapDelete = uncurry(Map.prototype.delete);

  // ---- Timers: a list in the order of due times ----

  const timers = new NativeMap();
  const end = { due: -1, previous: null, next: null };
  end.previous = end.next = end;
  let now = 0;
  let lastId = 0;

  /** From the back: most timers are due after those that are set already. */
  function insert(timer) {
    let before = end.previous;
    while (before !== end && before.due > timer.due) before = before.previous;
    timer.previous = before;
    timer.next = before.next;
    before.next.previous = timer;
    before.next = timer;
  }

  function remove(timer) {
    timer.previous.next = timer.next;
    timer.next.previous = timer.previous;
  }

  function start(callback, delay, args, repeats) {
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function');
    const wait = +delay >= 1 ? +delay : 1;
    const timer = { id: ++lastId, callback, args, wait, repeats, due: now + wait, previous: null, next: null };
    insert(timer);
    mapSet(timers, timer.id, timer);
    return timer.id;
  }

  function clear(id) {
    const timer = mapGet(timers, id);
    if (timer === undefined) return;
    mapDelete(timers, id);
    remove(timer);
  }

  /** Fires the next timer. Answers the virtual time in milliseconds since the start, or -1 when none is set. */
  function runTimer() {
    const timer = end.next;
    if (timer === end) return -1;
    now = timer.due;
    remove(timer);
    if (timer.repeats) {
      timer.due = now + timer.wait;
      insert(timer);
    } else mapDelete(timers, timer.id);
    apply(timer.callback, undefined, timer.args);
    return now;
  }

  function nextDue() {
    return end.next === end ? -1 : end.next.due;
  }

  // ---- structuredClone ----

  function structuredClone(value) {
    return clone(value, new NativeMap());
  }

  function clone(value, seen) {
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new DOMException('the value could not be cloned', 'DataCloneError');
    }
    if (typeof value !== 'object' || value === null) return value;
    const known = mapGet(seen, value);
    if (known !== undefined) return known;
    const copy = emptyCopy(value);
    mapSet(seen, value, copy);
    if (value instanceof Map) for (const [key, item] of value) copy.set(clone(key, seen), clone(item, seen));
    else if (value instanceof Set) for (const item of value) copy.add(clone(item, seen));
    else if (!ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer)) copyMembers(value, copy, seen);
    return copy;
  }

  function emptyCopy(value) {
    if (isArray(value)) return new Array(value.length);
    if (value instanceof Date) return new Date(+value);
    if (value instanceof RegExp) return new RegExp(value.source, value.flags);
    if (value instanceof Map) return new NativeMap();
    if (value instanceof Set) return new Set();
    if (value instanceof Error) return new (getPrototypeOf(value).constructor ?? Error)(value.message);
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.slice();
    return {};
  }

  function copyMembers(value, copy, seen) {
    const names = ownKeys(value);
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      if (typeof name !== 'string' || !Object.prototype.propertyIsEnumerable.call(value, name)) continue;
      defineProperty(copy, name, {
        value: clone(value[name], seen),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }

  const globals = {
    setTimeout: (callback, delay, ...args) => start(callback, delay, args, false),
    setInterval: (callback, delay, ...args) => start(callback, delay, args, true),
    setImmediate: (callback, ...args) => start(callback, 0, args, false),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    structuredClone,
  };
  for (const name of ownKeys(globals)) {
    defineProperty(globalThis, name, { value: globals[name], writable: true, enumerable: false, configurable: true });
  }

  return { runTimer, nextDue };
});
