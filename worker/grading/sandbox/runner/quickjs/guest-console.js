/*
 * The `console` of learner code, and how any value is shown in one line. Runs inside the QuickJS instance before any learner code,
 * under the same rule as guest-harness.js: only captured built-ins and plain syntax.
 */
(function (print, limits) {
  'use strict';

  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { keys, getPrototypeOf, getOwnPropertyDescriptor } = Object;
  const { isArray } = Array;
  const PlainError = Error;
  const ObjectPrototype = Object.prototype;
  const DatePrototype = Date.prototype;
  const MapPrototype = Map.prototype;
  const SetPrototype = Set.prototype;
  const slice = uncurry(String.prototype.slice);
  const test = uncurry(RegExp.prototype.test);
  const toISOString = uncurry(Date.prototype.toISOString);
  const symbolToString = uncurry(Symbol.prototype.toString);
  const bigintToString = uncurry(BigInt.prototype.toString);
  const mapForEach = uncurry(Map.prototype.forEach);
  const setForEach = uncurry(Set.prototype.forEach);
  const mapGet = uncurry(Map.prototype.get);
  const mapSet = uncurry(Map.prototype.set);
  /** The built-in classes: their prototypes need not be asked, and where they are locked could not be. */
  const nativeNames = new Map();
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value = globalThis[name];
    if (typeof value === 'function' && value.prototype) mapSet(nativeNames, value.prototype, name);
  }
  const identifier = /^[A-Za-z_$][\w$]*$/;

  function clip(text, length) {
    return text.length > length ? slice(text, 0, length) + '…' : text;
  }

  /** One line about any value, in the manner of Node's inspect. */
  function preview(value) {
    const room = { left: 20000 };
    return inspect(value, null, room, 0);
  }

  function inspect(value, ancestors, room, depth) {
    if (room.left <= 0) return '…';
    room.left -= 8;
    if (typeof value === 'string') {
      room.left -= value.length;
      return depth === 0 ? value : "'" + clip(value, 10000) + "'";
    }
    if (typeof value === 'bigint') return clip(bigintToString(value), 1000) + 'n';
    if (typeof value === 'symbol') return symbolToString(value);
    if (typeof value === 'function') return '[Function: ' + ownText(value, 'name', 'anonymous') + ']';
    if (typeof value !== 'object' || value === null) return value === 0 && 1 / value < 0 ? '-0' : '' + value;
    for (let above = ancestors; above !== null; above = above.parent) if (above.item === value) return '[Circular]';
    if (depth > 4) return isArray(value) ? '[Array]' : '[Object]';
    return inspectObject(value, { item: value, parent: ancestors }, room, depth + 1);
  }

  function inspectObject(value, ancestors, room, depth) {
    const prototype = getPrototypeOf(value);
    if (prototype === DatePrototype) return toISOString(value);
    if (value instanceof PlainError)
      return ownText(value, 'name', prototypeName(prototype)) + ': ' + ownText(value, 'message', '');
    if (isArray(value)) {
      let items = '';
      for (let index = 0; index < value.length && room.left > 0; index++) {
        items += (index > 0 ? ', ' : '') + inspect(value[index], ancestors, room, depth);
      }
      return items === '' ? '[]' : '[ ' + items + ' ]';
    }
    let members = '';
    const add = (text) => (members += (members === '' ? '' : ', ') + text);
    if (prototype === MapPrototype) {
      mapForEach(value, (item, key) => {
        if (room.left > 0) add(inspect(key, ancestors, room, depth) + ' => ' + inspect(item, ancestors, room, depth));
      });
    } else if (prototype === SetPrototype) {
      setForEach(value, (item) => {
        if (room.left > 0) add(inspect(item, ancestors, room, depth));
      });
    } else {
      const names = keys(value);
      for (let index = 0; index < names.length && room.left > 0; index++) {
        const name = names[index];
        const label = test(identifier, name) ? name : "'" + name + "'";
        add(label + ': ' + inspect(value[name], ancestors, room, depth));
      }
    }
    const kind = prototype === ObjectPrototype || prototype === null ? '' : prototypeName(prototype) + ' ';
    return kind + (members === '' ? '{}' : '{ ' + members + ' }');
  }

  function prototypeName(prototype) {
    const native = mapGet(nativeNames, prototype);
    if (native !== undefined) return native;
    const constructor = getOwnPropertyDescriptor(prototype, 'constructor');
    return constructor && typeof constructor.value === 'function'
      ? ownText(constructor.value, 'name', 'Object')
      : 'Object';
  }

  function ownText(object, key, otherwise) {
    const property = getOwnPropertyDescriptor(object, key);
    return property && typeof property.value === 'string' && property.value !== ''
      ? clip(property.value, 500)
      : otherwise;
  }

  function write(values, isError) {
    let line = '';
    for (let index = 0; index < values.length && line.length <= limits.outputChars; index++) {
      let text;
      try {
        text = preview(values[index]);
      } catch {
        text = '[value that cannot be shown]';
      }
      line += (index > 0 ? ' ' : '') + text;
    }
    print((line.length > limits.outputChars ? slice(line, 0, limits.outputChars) : line) + '\n', isError);
  }

  function log() {
    write(arguments, false);
  }

  function error() {
    write(arguments, true);
  }

  function nothing() {}

  const quiet = { group: log, groupEnd: nothing, time: nothing, timeEnd: nothing, count: nothing, assert: nothing };
  globalThis.console = { log, info: log, debug: log, dir: log, table: log, warn: error, error, trace: error, ...quiet };

  return { clip, preview };
});
