/*
 * `expect`. Runs inside the QuickJS instance before any learner code, under the same rule as guest-harness.js. A failed assertion is noted
 * with the running case before it is thrown, so learner code that swallows the error gains nothing.
 */
(function (library, equality, cases) {
  'use strict';

  const { matchers, show, misuse } = library;
  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { freeze, defineProperty, create } = Object;
  const { apply } = Reflect;
  const PlainError = Error;
  const weakGet = uncurry(WeakMap.prototype.get);
  const weakSet = uncurry(WeakMap.prototype.set);
  const { isObject } = equality;

  const expectations = new WeakMap();
  const methods = create(null);
  const asyncMethods = create(null);

  function check(name, { received, negated, settled, runningCase }, args) {
    const { pass, expected, received: seen } = matchers[name](received, args, settled);
    if (pass !== negated) return;
    const subject = 'expect(received)' + (settled === null ? '' : '.' + settled) + (negated ? '.not' : '') + '.' + name;
    cases.fail(
      runningCase,
      new PlainError(
        subject +
          (args.length === 0 ? '()' : '(expected)') +
          '\nexpected: ' +
          (negated ? 'not ' : '') +
          expected +
          '\nreceived: ' +
          seen,
      ),
    );
  }

  async function checkSettled(name, expectation, args) {
    const { received, settled, runningCase } = expectation;
    const promise = settled === 'rejects' && typeof received === 'function' ? apply(received, undefined, []) : received;
    if (!isObject(promise) || typeof promise.then !== 'function') misuse('received value must be a promise');
    let outcome;
    try {
      outcome = { way: 'resolves', value: await promise };
    } catch (error) {
      outcome = { way: 'rejects', value: error };
    }
    if (outcome.way !== settled) {
      const seen = outcome.way === 'resolves' ? 'resolved to ' : 'rejected with ';
      cases.fail(
        runningCase,
        new PlainError('expect(received).' + settled + '.' + name + '\nreceived promise ' + seen + show(outcome.value)),
      );
    }
    check(name, { ...expectation, received: outcome.value }, args);
  }

  function expectationOf(object) {
    return weakGet(expectations, object) ?? misuse('a matcher belongs to what expect() answers');
  }

  function describeExpectation(expectation, prototype) {
    const object = create(prototype);
    weakSet(expectations, object, expectation);
    return freeze(object);
  }

  function method(target, name, work) {
    defineProperty(target, name, { __proto__: null, value: work });
  }

  for (const name in matchers) {
    method(methods, name, function (...args) {
      const expectation = expectationOf(this);
      cases.asserted(expectation.runningCase);
      check(name, expectation, args);
    });
    method(asyncMethods, name, function (...args) {
      const expectation = expectationOf(this);
      cases.asserted(expectation.runningCase);
      return checkSettled(name, expectation, args);
    });
  }

  function property(target, name, read) {
    defineProperty(target, name, {
      __proto__: null,
      get() {
        return read(expectationOf(this));
      },
    });
  }

  property(methods, 'not', (it) => describeExpectation({ ...it, negated: !it.negated }, methods));
  property(asyncMethods, 'not', (it) => describeExpectation({ ...it, negated: !it.negated }, asyncMethods));
  property(methods, 'resolves', (it) => describeExpectation({ ...it, settled: 'resolves' }, asyncMethods));
  property(methods, 'rejects', (it) => describeExpectation({ ...it, settled: 'rejects' }, asyncMethods));
  freeze(methods);
  freeze(asyncMethods);

  function expect(received) {
    return describeExpectation({ received, negated: false, settled: null, runningCase: cases.current() }, methods);
  }
  const builders = {
    ...equality.onlyPositive,
    ...equality.asymmetricBuilders(false),
    not: freeze(equality.asymmetricBuilders(true)),
    assertions: (count) => cases.expectAssertions(count),
    hasAssertions: () => cases.expectAssertions(-1),
    fail: (text) => cases.fail(cases.current(), new PlainError(text ?? 'expect.fail()')),
    extend: () => misuse('expect.extend is not available here'),
  };
  for (const name in builders) method(expect, name, builders[name]);
  return freeze(expect);
});
