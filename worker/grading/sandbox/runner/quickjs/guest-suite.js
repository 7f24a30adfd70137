/*
 * `describe`, `test` and the hooks: takes the cases of a suite down and runs one at a time when the runner asks for it. Runs inside the
 * QuickJS instance before any learner code, under the same rule as guest-harness.js; the built-ins are locked (guest-lock.js).
 *
 * The learner's code and the suite share a realm. What decides a case is in this closure: learner code gets no function that notes an
 * assertion or a case, cases are taken down only while the suite itself is loaded, and a case that failed once stays failed.
 */
(function (parts) {
  'use strict';

  const { clip, describeError, equality, mocks, matchers, openExpect, formatting } = parts;
  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { freeze } = Object;
  const { apply } = Reflect;
  const { stringify } = JSON;
  const NativePromise = Promise;
  const PlainError = Error;
  const sourceOf = uncurry(Function.prototype.toString);
  const includes = uncurry(String.prototype.includes);
  const { append } = mocks;

  // ---- Cases ----

  let running = null;

  const cases = {
    current: () => running,
    asserted: (item) => {
      if (item !== null) item.assertions++;
    },
    /** Notes the failure before anybody can catch it. */
    fail(item, error) {
      if (item !== null && item.failure === null) item.failure = { error };
      throw error;
    },
    expectAssertions(count) {
      if (running !== null) running.expectedAssertions = count;
    },
  };

  // ---- Taking down ----

  const root = newBlock('', null, 'run');
  const found = [];
  let block = root;
  let collecting = false;
  let hasOnly = false;

  function newBlock(name, parent, mode) {
    const hooks = { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };
    return { name, parent, mode, hooks, state: 'fresh', setUpError: null, lastCase: null };
  }

  function inside(callback, of) {
    if (!collecting) throw new PlainError('tests are defined while the suite is loaded, not later');
    const outer = block;
    block = of;
    try {
      callback();
    } finally {
      block = outer;
    }
  }

  function define(name, first, second, mode) {
    if (!collecting) return;
    const callback = typeof first === 'function' ? first : second;
    const kind = mode === 'todo' || typeof callback !== 'function' ? 'todo' : mode;
    if (kind === 'only') hasOnly = true;
    append(found, {
      name: nameOf(name),
      block,
      callback,
      written: typeof second === 'function' ? second : callback,
      kind,
      assertions: 0,
      expectedAssertions: null,
      failure: null,
    });
  }

  function nameOf(name) {
    return typeof name === 'function' ? name.name : '' + name;
  }

  function group(name, first, second, mode) {
    const callback = typeof first === 'function' ? first : second;
    if (mode === 'only') hasOnly = true;
    inside(callback, newBlock(nameOf(name), block, mode));
  }

  /** `test` or `describe` of one mode, with its table form. */
  function definer(add, mode) {
    const definition = (name, first, second) => add(name, first, second, mode);
    definition.each = (table, ...values) => {
      const rows = formatting.rowsOf(table, values);
      return (name, callback) => {
        for (let index = 0; index < rows.length; index++) {
          const args = rows[index];
          add(formatting.caseName(nameOf(name), args, index), () => apply(callback, undefined, args), callback, mode);
        }
      };
    };
    definition.for = (table) => (name, callback) => {
      for (let index = 0; index < table.length; index++) {
        add(formatting.caseName(nameOf(name), [table[index]], index), () => callback(table[index]), callback, mode);
      }
    };
    return definition;
  }

  function allModes(add) {
    const definition = definer(add, 'run');
    definition.skip = freeze(definer(add, 'skip'));
    definition.only = freeze(definer(add, 'only'));
    definition.todo = (name) => add(name, undefined, undefined, 'todo');
    definition.skipIf = (condition) => (condition ? definition.skip : definition);
    definition.runIf = (condition) => (condition ? definition : definition.skip);
    definition.concurrent = definition.sequential = definition;
    return freeze(definition);
  }

  const hook = (kind) => (callback) => append(block.hooks[kind], callback);

  // ---- Running ----

  function mustRun(item, runSkipped) {
    if (item.kind === 'todo') return false;
    let isOnly = item.kind === 'only';
    let isSkipped = item.kind === 'skip';
    for (let above = item.block; above !== null; above = above.parent) {
      isOnly ||= above.mode === 'only';
      isSkipped ||= above.mode === 'skip';
    }
    if (runSkipped) return true;
    return !isSkipped && (isOnly || !hasOnly);
  }

  /** Awaits a callback that answers a promise or takes `done`. */
  async function perform(callback) {
    if (callback.length === 0) return void (await apply(callback, undefined, []));
    await new NativePromise((resolve, reject) => {
      const done = (error) => (error === undefined || error === null ? resolve() : reject(error));
      done.fail = (error) => reject(error ?? new PlainError('done.fail()'));
      callback(done);
    });
  }

  async function performAll(callbacks) {
    for (let index = 0; index < callbacks.length; index++) await perform(callbacks[index]);
  }

  /** The blocks around a case, outermost first. */
  function blocksOf(item) {
    let chain = null;
    for (let above = item.block; above !== null; above = above.parent) chain = { block: above, inner: chain };
    return chain;
  }

  async function setUp(of) {
    if (of.state === 'fresh') {
      of.state = 'ready';
      try {
        await performAll(of.hooks.beforeAll);
      } catch (error) {
        of.setUpError = { error };
      }
    }
    if (of.setUpError !== null) throw of.setUpError.error;
  }

  async function around(item) {
    const chain = blocksOf(item);
    for (let link = chain; link !== null; link = link.inner) await setUp(link.block);
    try {
      for (let link = chain; link !== null; link = link.inner) await performAll(link.block.hooks.beforeEach);
      await perform(item.callback);
    } finally {
      for (let above = item.block; above !== null; above = above.parent) await performAll(above.hooks.afterEach);
    }
    for (let above = item.block; above !== null; above = above.parent) {
      if (above.lastCase === item) await performAll(above.hooks.afterAll);
    }
  }

  function checkAssertions(item) {
    const { assertions, expectedAssertions, written } = item;
    if (item.failure !== null) return;
    if (expectedAssertions === null) {
      // A thenable that never calls back, or a patched loop, would otherwise leave nothing to fail.
      if (assertions > 0 || !includes(sourceOf(written), 'expect(')) return;
      return cases.fail(item, new PlainError('the test ended before it came to an assertion'));
    }
    if (expectedAssertions < 0 ? assertions > 0 : assertions === expectedAssertions) return;
    const wanted = expectedAssertions < 0 ? 'at least one assertion' : expectedAssertions + ' assertions';
    cases.fail(item, new PlainError('expected ' + wanted + ', received ' + assertions));
  }

  let planned = [];

  /** Ends the taking down. JSON, written by hand: of each case its name and whether it is run. */
  function collect(runSkipped) {
    collecting = false;
    planned = [];
    let text = '';
    for (let index = 0; index < found.length; index++) {
      const item = found[index];
      const runs = mustRun(item, runSkipped);
      if (runs) append(planned, item);
      for (let above = item.block; runs && above !== null; above = above.parent) above.lastCase = item;
      text += (index > 0 ? ',' : '') + '{"name":' + stringify(clip(fullName(item), 300)) + ',"runs":' + runs + '}';
    }
    return '[' + text + ']';
  }

  function fullName(item) {
    let name = item.name;
    for (let above = item.block; above.parent !== null; above = above.parent) name = above.name + ' > ' + name;
    return name;
  }

  async function runCase(index) {
    const item = planned[index];
    running = item;
    try {
      await around(item);
      checkAssertions(item);
    } catch (error) {
      if (item.failure === null) return 'error:' + describeError(error);
    } finally {
      running = null;
    }
    return item.failure === null ? 'passed:' : 'failed:' + describeError(item.failure.error);
  }

  const expect = openExpect(matchers, equality, cases);
  const test = allModes(define);
  const describe = allModes(group);
  const hooks = {
    beforeAll: hook('beforeAll'),
    beforeEach: hook('beforeEach'),
    afterEach: hook('afterEach'),
    afterAll: hook('afterAll'),
  };
  const api = {
    describe,
    suite: describe,
    test,
    it: test,
    xtest: test.skip,
    xit: test.skip,
    fit: test.only,
    xdescribe: describe.skip,
    fdescribe: describe.only,
    ...hooks,
    before: hooks.beforeAll,
    after: hooks.afterAll,
    expect,
    jest: mocks.jest,
    vi: mocks.jest,
  };

  function begin() {
    collecting = true;
    return freeze(api);
  }

  return { begin, collect, runCase };
});
