/*
 * The tables of `test.each` and the names made of their rows. Runs inside the QuickJS instance before any learner code, under the same
 * rule as guest-harness.js.
 */
(function (parts) {
  'use strict';

  const { preview, append } = parts;
  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { isArray } = Array;
  const { defineProperty } = Object;
  const { stringify } = JSON;
  const NativeString = String;
  const NativeNumber = Number;
  const { floor } = Math;
  const split = uncurry(String.prototype.split);
  const trim = uncurry(String.prototype.trim);
  const replace = uncurry(String.prototype.replace);

  /** A plain assignment would call a setter that learner code put on Object.prototype. */
  function own(row, name, value) {
    defineProperty(row, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
  }

  /** The argument lists of a table: an array of rows or of single arguments, or a template with headings. */
  function rowsOf(table, values) {
    const rows = [];
    if (isArray(table) && table.raw === undefined) {
      for (let index = 0; index < table.length; index++)
        append(rows, isArray(table[index]) ? table[index] : [table[index]]);
      return rows;
    }
    const headings = split(table[0], '|');
    for (let start = 0; start + headings.length <= values.length; start += headings.length) {
      const row = {};
      for (let column = 0; column < headings.length; column++) own(row, trim(headings[column]), values[start + column]);
      append(rows, [row]);
    }
    return rows;
  }

  function format(kind, value) {
    switch (kind) {
      case 's':
        return typeof value === 'object' && value !== null ? preview(value) : NativeString(value);
      case 'd':
        return NativeString(NativeNumber(value));
      case 'i':
        return NativeString(floor(NativeNumber(value)));
      case 'f':
        return NativeString(NativeNumber(value));
      case 'j':
        return stringify(value) ?? 'undefined';
      default:
        return typeof value === 'string' ? stringify(value) : preview(value);
    }
  }

  /** `%s`, `%i`, `%p`, …, `%#` and `$name`, `$name.member`, `$#` filled in from one row. */
  function caseName(name, args, index) {
    let next = 0;
    const filled = replace(name, /%([sdifjopOc#%])/g, (whole, kind) => {
      if (kind === '%') return '%';
      if (kind === '#') return NativeString(index);
      return next < args.length ? format(kind, args[next++]) : whole;
    });
    const row = args[0];
    return replace(filled, /\$(#|[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)/g, (whole, path) => {
      if (path === '#') return NativeString(index);
      const steps = split(path, '.');
      let value = row;
      for (let step = 0; step < steps.length; step++) {
        if (typeof value !== 'object' || value === null || !(steps[step] in value)) return whole;
        value = value[steps[step]];
      }
      return format('p', value);
    });
  }

  return { rowsOf, caseName };
});
