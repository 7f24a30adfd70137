"""One submission: the job is received, the program loaded, then one step after the other answered."""

from .primordials import BUILTINS as __builtins__

import sys

from .answers import NotJson, write_answer
from .calls import parse_json
from .clock import make_reproducible
from .coroutines import finish, use_plain_loop
from .errors import describe, error_text, exit_message
from .fault import Fault
from .filesystem import FileSystem
from .own_modules import forget_own_modules, note_own_modules
from .pools import fill_pools
from .primordials import get_recursion_limit, modules, native_type, set_profile, set_recursion_limit, set_trace, shared_builtins
from .program import Program
from .streams import Output, Streams
from .threads import forget_waiting, run_rest, use_plain_queue, use_turns

#: What the harness itself may need on top of wherever the program left the interpreter's limit.
OWN_RECURSION_LIMIT = 3000
MIN_RECURSION_LIMIT = 50
#: Room for what it takes to say that memory is short; the interpreter asks for 1 MB at a time.
RESERVE_BYTES = 2 * 1024 * 1024


def serve(channel):
    """Answers one job over a channel: `receive()` gives a dict, or None when there is nothing more to do; `send(dict)`."""
    job = channel.receive()
    if job is not None:
        Session(channel, job).serve()


class Session:
    """A program in this interpreter, its limits and its output."""

    def __init__(self, channel, job):
        self._receive = channel.receive
        self._send = channel.send
        self._task = job['task']
        self._limits = job['limits']
        self._clock_ms = job['clockMs']
        self._program = Program(job['program']['entrypoint'], job['program']['files'])
        self._own_files = set(self._program.files)
        self._suite = None
        self._is_over = False
        #: Given up when memory is short, so that it can be told.
        self._reserve = None
        self._output = Output(self._limits['outputBytes'], self._report_excess)
        is_program = self._task['kind'] == 'stdio'
        self._streams = Streams(self._output, self._task.get('stdin', ''), keeps_errors=not is_program)
        self._recursion_limit = get_recursion_limit()
        self._is_unlimited = False

    def serve(self):
        """Loads the program and answers its steps until there is no other or one went wrong for good."""
        try:
            self._serve()
        finally:
            self._output.end()

    def _serve(self):
        loading = {'calls': self._load, 'stdio': self._run, 'suite': self._load_suite}[self._task['kind']]
        self._prepare()
        finding = self._step(loading)
        if finding['kind'] == 'fault' or self._task['kind'] == 'stdio':
            return
        while not self._is_over:
            request = self._receive()
            if request is None:
                return
            self._step(lambda: self._call(request) if 'function' in request else self._suite.run(request['case']))

    def _prepare(self):
        """Changes the interpreter into that of the program. Nothing of the harness can be imported from here on."""
        self._streams.install()
        FileSystem(self._program, self._streams).install()
        make_reproducible(self._clock_ms, self._program.after_import)
        if self._mentions('asyncio'):
            __import__('asyncio')
        self._program.after_import('asyncio', use_plain_loop)
        self._program.after_import('threading', use_turns)
        self._program.after_import('queue', use_plain_queue)
        self._program.provided['concurrent.futures.thread'] = fill_pools
        if self._task['kind'] == 'suite':
            from .suite import Suite

            note_own_modules()
            sys.settrace = sys.setprofile = refuse_tracing
            self._suite = Suite(self._task['suite'], self._program)
            self._own_files.add(self._task['suite']['path'])
        self._program.install()
        shared_builtins.exit = shared_builtins.quit = leave
        sys.argv = [self._program.entrypoint]
        forget_own_modules()

    def _mentions(self, word):
        suite = self._task.get('suite', {'content': ''})
        return any(word in content for content in [*self._program.files.values(), suite['content']])

    # ---- Steps: each answers a finding without its output ----

    def _load(self):
        self._program.load()
        return {'kind': 'loaded'}

    def _run(self):
        try:
            self._program.run()
        except SystemExit as error:
            message = exit_message(error)
            if message is not None:
                raise Fault('runtime_error', message) from None
        finally:
            self._end_program()
        return {'kind': 'loaded'}

    def _end_program(self):
        """What an interpreter does at its end."""
        run_rest()
        if 'atexit' in modules:
            modules['atexit']._run_exitfuncs()
        try:
            sys.stdout.flush()
        except (AttributeError, ValueError, OSError):
            return

    def _load_suite(self):
        return {'kind': 'collected', 'cases': self._suite.load()}

    def _call(self, request):
        function = self._program.function(request['function'])
        answer = finish(function(*parse_json(request['args'])))
        set_trace(None)
        set_profile(None)
        self._keep_recursion_limit()
        try:
            return {'kind': 'answer', 'json': write_answer(answer)}
        except NotJson as error:
            return {'kind': 'not_json', 'description': error.args[0]}

    # ---- Around a step ----

    def _step(self, work):
        """Does one step and sends its finding, whatever happens in it."""
        self._output.begin()
        set_recursion_limit(self._recursion_limit)
        self._is_unlimited = False
        finding = self._attempt(work)
        forget_waiting()
        finding['stdout'] = self._output.text()
        if not self._is_over:
            self._send(finding)
        self._is_over = self._is_over or finding.get('spent', False)
        return finding

    def _attempt(self, work):
        """
        The finding of a step. Memory is given back before anything else, since CPython never leaves a handler that it cannot enter
        for want of memory. What the program traces is switched off in these very lines, since calling a function of ours for it would
        be traced; and if that or anything else which the program left behind throws, it is caught once more.
        """
        try:
            try:
                self._reserve = self._reserve or bytearray(RESERVE_BYTES)
                finding = work()
                run_rest()
            except BaseException as error:
                self._reserve = None
                set_trace(None)
                set_profile(None)
                finding = self._caught(error)
            set_trace(None)
            set_profile(None)
            self._keep_recursion_limit()
            self._streams.flush()
        except BaseException as error:
            self._reserve = None
            set_trace(None)
            set_profile(None)
            finding = self._caught(error)
        return self._excess() if self._output.exceeded else finding

    def _caught(self, error):
        """The finding of a step that ended with an exception."""
        self._keep_recursion_limit()
        kind = native_type(error, (Fault, SystemExit, MemoryError))
        if kind is Fault:
            return fault_finding(error.verdict, error.message)
        if kind is SystemExit:
            return fault_finding('runtime_error', exit_message(error) or 'the program ended with exit code 0')
        if kind is None and not is_out_of_memory(error):
            return fault_finding('runtime_error', describe(error, self._own_files))
        limit_mb = round(self._limits['memoryBytes'] / 1024 / 1024)
        return fault_finding('memory_limit', f'memory limit of {limit_mb} MB exceeded', spent=True)

    def _keep_recursion_limit(self):
        """Remembers how deep the program wants to go, for its next step; the harness needs a limit of its own."""
        if not self._is_unlimited:
            self._recursion_limit = max(get_recursion_limit(), MIN_RECURSION_LIMIT)
            set_recursion_limit(max(self._recursion_limit, OWN_RECURSION_LIMIT))
            self._is_unlimited = True

    def _excess(self):
        limit_kb = round(self._limits['outputBytes'] / 1024)
        return fault_finding('output_limit', f'printed more than {limit_kb} KB', spent=True)

    def _report_excess(self):
        """Says at once, in the middle of the program's `print`, that it printed too much: it may never come back from there."""
        self._send({**self._excess(), 'stdout': self._output.text()})
        self._is_over = True


def fault_finding(verdict, message, **more):
    """A fault as the transports know it; `spent=True` when this interpreter must do nothing more."""
    return {'kind': 'fault', 'verdict': verdict, 'message': message, **more}


def is_out_of_memory(error):
    """CPython loses the MemoryError here and there on its way, and says this instead."""
    return type(error) is SystemError and 'without' in error_text(error)


def leave(code=None):
    """The `exit` and `quit` of programs."""
    raise SystemExit(code)


def refuse_tracing(function):
    """In suites `sys.settrace` would let the program change the variables of its tests. Switching it off is what `doctest` does."""
    if function is None:
        return
    raise RuntimeError('tracing is switched off while tests run')
