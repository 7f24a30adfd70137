/*
 * Runs inside the QuickJS instance, before any learner code, in the same realm as the learner. It takes every built-in it needs
 * into this closure first and then uses only those and plain syntax, so a patched prototype breaks the learner's code, not this.
 * It decides nothing: it calls, and says what came back. Nothing here is secret and no expected answer ever gets here.
 *
 * Every entry answers one string, `tag:payload`, that the runner reads; see `quickjs-session.ts`.
 */
(function (tools, limits) {
  'use strict';

  const { clip, preview } = tools;
  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { parse, stringify } = JSON;
  const { keys, defineProperty, getPrototypeOf } = Object;
  const { isArray } = Array;
  const { isFinite } = Number;
  const { apply } = Reflect;
  const { iterator: iteratorKey, asyncIterator: asyncIteratorKey } = Symbol;
  const DatePrototype = Date.prototype;
  const toISOString = uncurry(Date.prototype.toISOString);
  const bigintToString = uncurry(BigInt.prototype.toString);

  // ---- Answers: JSON text, written by hand because JSON.stringify obeys toJSON and hides what is not JSON ----

  /** The reason the last answer was refused; kept beside the thrown value so that it cannot be forged. */
  let refusal = null;

  function refuse(tag, text) {
    refusal = { reply: tag + ':' + text };
    throw refusal;
  }

  function isObject(value) {
    return (typeof value === 'object' && value !== null) || typeof value === 'function';
  }

  function describePath(path) {
    return path === null ? '' : ' at ' + pathText(path);
  }

  function pathText(path) {
    return path === null ? '' : pathText(path.parent) + '/' + path.key;
  }

  function notJson(what, path) {
    refuse('not_json', clip(what + describePath(path), 400));
  }

  function writeAnswer(value) {
    let text = '';

    function put(piece) {
      text += piece;
      if (text.length > limits.answerChars) refuse('too_large', '');
    }

    function write(item, path, ancestors, depth) {
      if (item === null || item === true || item === false) return put('' + item);
      if (typeof item === 'string') {
        if (item.length > limits.answerChars) refuse('too_large', '');
        return put(stringify(item));
      }
      if (typeof item === 'number') return isFinite(item) ? put('' + item) : notJson('' + item, path);
      if (typeof item === 'undefined') return notJson('undefined', path);
      if (typeof item === 'bigint') return notJson('a BigInt (' + clip(bigintToString(item), 40) + 'n)', path);
      if (typeof item === 'symbol') return notJson('a symbol', path);
      if (typeof item === 'function') return notJson('a function', path);
      if (getPrototypeOf(item) === DatePrototype) return put(stringify(toISOString(item)));

      if (depth >= limits.answerDepth) notJson('nested deeper than ' + limits.answerDepth + ' levels', null);
      for (let above = ancestors; above !== null; above = above.parent) {
        if (above.item === item) notJson('a cyclic structure', path);
      }
      const here = { item, parent: ancestors };
      if (isArray(item)) return writeArray(item, path, here, depth + 1);
      if (typeof item[iteratorKey] === 'function') return writeItems(item, path, here, depth + 1);
      return writeObject(item, path, here, depth + 1);
    }

    function writeArray(array, path, ancestors, depth) {
      put('[');
      for (let index = 0; index < array.length; index++) {
        if (index > 0) put(',');
        write(array[index], { key: '' + index, parent: path }, ancestors, depth);
      }
      put(']');
    }

    /** A generator, iterator, Map, Set or other iterable counts as the list of its items; the size limit ends an endless one. */
    function writeItems(iterable, path, ancestors, depth) {
      let index = 0;
      put('[');
      for (const item of iterable) {
        if (index > 0) put(',');
        write(item, { key: '' + index, parent: path }, ancestors, depth);
        index++;
      }
      put(']');
    }

    function writeObject(object, path, ancestors, depth) {
      const names = keys(object);
      let first = true;
      put('{');
      for (let index = 0; index < names.length; index++) {
        const name = names[index];
        const member = object[name];
        // As in JSON, a property that is undefined is not there.
        if (member === undefined) continue;
        put((first ? '' : ',') + stringify(name) + ':');
        first = false;
        write(member, { key: name, parent: path }, ancestors, depth);
      }
      put('}');
    }

    write(value, null, null, 0);
    return text;
  }

  function isAsyncIterator(value) {
    return isObject(value) && typeof value[asyncIteratorKey] === 'function' && typeof value.next === 'function';
  }

  async function collect(asyncIterator) {
    const items = [];
    let length = 0;
    for await (const item of asyncIterator) {
      if (length > limits.answerChars / 2) refuse('too_large', '');
      // A plain assignment would call a setter that learner code put on Array.prototype.
      defineProperty(items, length, {
        __proto__: null,
        value: item,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      length++;
    }
    return items;
  }

  // ---- Calls ----

  function findFunction(exported, name) {
    if (typeof exported[name] === 'function') return exported[name];
    const fallback = exported.default;
    if (isObject(fallback) && typeof fallback[name] === 'function' && typeof fallback !== 'function')
      return fallback[name];
    if (typeof fallback !== 'function') return undefined;
    return fallback.name === name || fallback.name === 'default' || fallback.name === '' ? fallback : undefined;
  }

  function exportedNames(exported) {
    const names = isObject(exported) ? keys(exported) : [];
    let text = '';
    for (let index = 0; index < names.length && index < 20; index++) text += (index > 0 ? ', ' : '') + names[index];
    return clip(text, 300);
  }

  async function call(exported, name, args) {
    try {
      const target = isObject(exported) ? findFunction(exported, name) : undefined;
      if (target === undefined) return 'missing:' + exportedNames(exported);
      let answer = await apply(target, undefined, parse(args));
      if (isAsyncIterator(answer)) answer = await collect(answer);
      return 'answer:' + writeAnswer(answer);
    } catch (error) {
      return error === refusal && refusal !== null ? refusal.reply : 'error:' + describeError(error);
    }
  }

  /** A CommonJS module around its wrapper function; answers what it exports. A program's main module knows that it is. */
  function runCommonJs(wrapper, require, isMain) {
    const module = { exports: {} };
    if (isMain) require.main = module;
    apply(wrapper, module.exports, [module.exports, require, module]);
    return module.exports;
  }

  // ---- Errors ----

  /** JSON of name, message and stack. Reading them may run learner code, which may throw or never end; the deadline covers it. */
  function describeError(error) {
    if (!isObject(error)) return stringify('Thrown: ' + clip(preview(error), 500)) + '\n';
    return (
      '' +
      readText(error, 'name', 200) +
      '\n' +
      readText(error, 'message', 2000) +
      '\n' +
      readText(error, 'stack', 4000)
    );
  }

  function readText(error, key, length) {
    try {
      const value = error[key];
      return stringify(typeof value === 'string' ? clip(value, length) : '');
    } catch {
      return '""';
    }
  }

  return { call, runCommonJs, describeError };
});
