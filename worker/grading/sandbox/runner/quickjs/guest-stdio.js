/*
 * What a program that reads its input and prints its answer finds around it: the parts of Node's `fs`, `readline` and `process` that such
 * programs use, and the `readline()`, `prompt()` and `print()` of other judges. Runs inside the QuickJS instance. Nothing here is secret:
 * what the program prints is compared outside.
 */
(function (print, exit, console) {
  'use strict';

  /** A list of listeners by event, as small as it can be. */
  function emitter(target) {
    const listeners = {};
    const add = (event, listener, once) => {
      (listeners[event] ??= []).push({ listener, once });
      target.onListen?.(event);
      return target;
    };
    target.on = target.addListener = (event, listener) => add(event, listener, false);
    target.once = (event, listener) => add(event, listener, true);
    target.off = target.removeListener = (event, listener) => {
      listeners[event] = (listeners[event] ?? []).filter((entry) => entry.listener !== listener);
      return target;
    };
    target.removeAllListeners = (event) => (delete listeners[event], target);
    target.listenerCount = (event) => (listeners[event] ?? []).length;
    target.emit = (event, ...args) => {
      const called = listeners[event] ?? [];
      listeners[event] = called.filter((entry) => !entry.once);
      for (const { listener } of called) listener.apply(target, args);
      return called.length > 0;
    };
    return target;
  }

  function standardInput(input) {
    const stdin = emitter({ fd: 0, isTTY: false, isRaw: false, readable: true });
    let left = input.text;
    let scheduled = false;
    const flow = () => {
      if (scheduled) return;
      scheduled = true;
      setTimeout(() => {
        if (stdin.listenerCount('readable') > 0) {
          stdin.emit('readable');
          // Whoever reads once a time is told again, and at the end with `null` to read.
          if (left !== '') stdin.read();
          stdin.emit('readable');
        } else if (left !== '') stdin.emit('data', stdin.read());
        stdin.emit('end');
        stdin.emit('close');
      }, 0);
    };
    stdin.onListen = (event) => (event === 'data' || event === 'readable' || event === 'end') && flow();
    stdin.read = () => {
      const chunk = left === '' ? null : left;
      left = '';
      return chunk;
    };
    stdin.setEncoding = stdin.pause = stdin.unref = stdin.ref = () => stdin;
    stdin.resume = () => (flow(), stdin);
    stdin[Symbol.asyncIterator] = async function* () {
      const chunk = stdin.read();
      if (chunk !== null) yield chunk;
    };
    return stdin;
  }

  function linesOf(text) {
    const lines = text.split(/\r\n|\n|\r/);
    if (lines.at(-1) === '') lines.pop();
    return lines;
  }

  function createInterface(lines, options, answersPromises) {
    const reader = emitter({ terminal: false, line: '', closed: false });
    const questions = [];
    let next = 0;
    let paused = false;
    let pumping = false;
    const iterated = () => reader.iterating === true;

    const pump = () => {
      if (pumping) return;
      pumping = true;
      setTimeout(() => {
        pumping = false;
        while (!paused && !reader.closed && next < lines.length) {
          if (questions.length > 0) {
            questions.shift()(lines[next++]);
            // What the answer sets off comes first: it may ask the next question.
            return pump();
          }
          if (iterated() || reader.listenerCount('line') === 0) return;
          reader.emit('line', lines[next++]);
        }
        if (!paused && next >= lines.length) reader.close();
      }, 0);
    };

    reader.onListen = pump;
    reader.close = () => {
      if (reader.closed) return;
      reader.closed = true;
      reader.emit('close');
    };
    reader.pause = () => ((paused = true), reader);
    reader.resume = () => ((paused = false), pump(), reader);
    reader.setPrompt = (text) => void (reader.promptText = String(text));
    reader.prompt = () => (reader.promptText && print(reader.promptText, false), pump());
    reader.getPrompt = () => reader.promptText ?? '';
    reader.write = () => undefined;
    const ask = (query, answered) => {
      if (options?.output !== undefined) print(String(query), false);
      questions.push(answered);
      pump();
    };
    reader.question = answersPromises
      ? (query) => new Promise((resolve) => ask(query, resolve))
      : (query, settings, callback) => ask(query, callback ?? settings);
    reader[Symbol.asyncIterator] = async function* () {
      reader.iterating = true;
      while (next < lines.length && !reader.closed) yield lines[next++];
      reader.close();
    };
    reader[Symbol.dispose] = reader.close;
    pump();
    return reader;
  }

  return function openStdio(text) {
    const input = { text, lines: linesOf(text), next: 0 };
    const stdin = standardInput(input);
    const output = (fd, isError) => ({
      fd,
      isTTY: false,
      columns: 80,
      write: (chunk) => (print(String(chunk), isError), true),
      end: (chunk) => void (chunk !== undefined && print(String(chunk), isError)),
      on: () => undefined,
      once: () => undefined,
    });
    const stdout = output(1, false);
    const stderr = output(2, true);
    const startedAt = performance.now();
    const process = emitter({
      stdin,
      stdout,
      stderr,
      argv: ['node', 'program'],
      env: {},
      platform: 'linux',
      version: 'v24.0.0',
      versions: {},
      pid: 1,
      exitCode: undefined,
      exit: (code) => exit(Number(code ?? process.exitCode ?? 0)),
      nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)),
      cwd: () => '/',
      uptime: () => (performance.now() - startedAt) / 1000,
      memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
      hrtime: Object.assign(() => [0, 0], { bigint: () => BigInt(Math.round(performance.now() * 1e6)) }),
    });

    const isInput = (file) => file === 0 || file === '/dev/stdin' || file === '/proc/self/fd/0';
    const refuse = (file) => {
      throw Object.assign(new Error(`ENOENT: no such file or directory, open '${String(file)}'`), { code: 'ENOENT' });
    };
    const writeFile = (file, chunk) => {
      if (file === 1 || file === '/dev/stdout') return print(String(chunk), false);
      if (file === 2 || file === '/dev/stderr') return print(String(chunk), true);
      return refuse(file);
    };
    const fs = {
      readFileSync: (file) => (isInput(file) ? text : refuse(file)),
      readFile: (file, ...rest) => {
        const callback = rest.at(-1);
        setTimeout(() => (isInput(file) ? callback(null, text) : callback(new Error('ENOENT'))), 0);
      },
      writeFileSync: writeFile,
      writeSync: (file, chunk) => (writeFile(file, chunk), String(chunk).length),
      appendFileSync: writeFile,
      existsSync: isInput,
      fstatSync: () => ({ size: text.length, isFile: () => true }),
      promises: { readFile: async (file) => (isInput(file) ? text : refuse(file)) },
    };
    const readline = { createInterface: (options) => createInterface(input.lines, options, false) };
    const promises = { createInterface: (options) => createInterface(input.lines, options, true) };
    readline.promises = promises;

    const nextLine = () => (input.next < input.lines.length ? input.lines[input.next++] : null);
    const globals = {
      process,
      readline: () => nextLine() ?? undefined,
      prompt: (query) => (query === undefined || print(String(query), false), nextLine()),
      readLine: () => nextLine() ?? undefined,
      print: console.log,
    };
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
    }
    return { fs, 'fs/promises': fs.promises, readline, 'readline/promises': promises, process, os: { EOL: '\n' } };
  };
});
