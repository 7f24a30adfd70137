"""What a child may say. It is bytes that a program could have written, so it is taken apart and put together again from known parts."""

import json
import os
import signal

MAX_FINDING_BYTES = 3 * 1024 * 1024
_MAX_ANSWER_CHARS = 1_100_000
_MAX_MESSAGE_CHARS = 10_000
_MAX_DESCRIPTION_CHARS = 500
_MAX_CASES = 2000
_MAX_CASE_NAME_CHARS = 1000
_VERDICTS = ('compile_error', 'runtime_error', 'invalid_submission', 'memory_limit', 'output_limit')


def fault(verdict, message):
    """A fault that the server tells, after which the child is gone."""
    return {'kind': 'fault', 'verdict': verdict, 'message': message, 'stdout': '', 'spent': True}


def interfered():
    """The program, or what it did to the harness, said something that no harness says."""
    return fault('security_violation', 'the program interfered with the grader')


def time_limit():
    return fault('time_limit', 'time limit exceeded')


def too_large():
    return fault('output_limit', 'the returned value is larger than 1 MB of JSON')


def starved():
    return {'kind': 'starved', 'stdout': '', 'spent': True}


def ended(wait_status):
    """For a child that ended before it had answered; takes the status that `os.wait4` gave."""
    code = os.waitstatus_to_exitcode(wait_status)
    how = f'exit code {code}' if code >= 0 else f'signal {_signal_name(-code)}'
    return fault('runtime_error', f'the program ended the interpreter ({how})')


def parse_finding(body, task_kind, is_loading, output_bytes):
    """One of the findings that are due, or else an attempt to interfere."""
    try:
        said = json.loads(body.decode())
        return _finding(said, task_kind, is_loading, output_bytes) or interfered()
    # What cannot be read: no UTF-8, no JSON, or nested beyond what the parser takes.
    except (ValueError, RecursionError):
        return interfered()


def _finding(said, task_kind, is_loading, output_bytes):
    if type(said) is not dict or type(said.get('stdout')) is not str:
        return None
    if len(said['stdout'].encode('utf-8', 'surrogatepass')) > output_bytes:
        return None
    if said.get('kind') == 'fault':
        return _fault(said)
    if is_loading:
        return _collected(said) if task_kind == 'suite' else _plain(said, 'loaded')
    return _case_run(said) if task_kind == 'suite' else _called(said)


def _plain(said, kind, **more):
    return {'kind': kind, 'stdout': said['stdout'], 'spent': False, **more} if said.get('kind') == kind else None


def _fault(said):
    message = _clipped(said.get('message'), _MAX_MESSAGE_CHARS)
    if said.get('verdict') not in _VERDICTS or message is None:
        return None
    return {**_plain(said, 'fault', verdict=said['verdict'], message=message), 'spent': said.get('spent') is True}


def _collected(said):
    cases = said.get('cases')
    if type(cases) is not list or len(cases) > _MAX_CASES:
        return None
    known = [_case(case) for case in cases]
    return None if None in known else _plain(said, 'collected', cases=known)


def _case(said):
    if type(said) is not dict or type(said.get('runs')) is not bool:
        return None
    name = _clipped(said.get('name'), _MAX_CASE_NAME_CHARS)
    return None if name is None else {'name': name, 'runs': said['runs']}


def _case_run(said):
    message = _clipped(said.get('message'), _MAX_MESSAGE_CHARS)
    return _plain(said, 'passed') if message is None else _plain(said, 'failed', message=message)


def _called(said):
    if said.get('kind') == 'not_json':
        description = _clipped(said.get('description'), _MAX_DESCRIPTION_CHARS)
        return None if description is None else _plain(said, 'not_json', description=description)
    answer = said.get('json')
    if type(answer) is not str or _utf16_units(answer) > _MAX_ANSWER_CHARS:
        return None
    # Numbers stay text: only whether it is JSON matters, and Python refuses to read very long ones.
    json.loads(answer, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    return _plain(said, 'answer', json=answer)


def _refuse_constant(name):
    raise ValueError(f'{name} is not JSON')


def _clipped(value, max_chars):
    """A text for people, or None when it is none or far too long: the harness clips it, but counts characters as Python does."""
    if type(value) is not str or _utf16_units(value) > 2 * max_chars:
        return None
    return value.encode('utf-16-le', 'surrogatepass')[: 2 * max_chars].decode('utf-16-le', 'surrogatepass')


def _utf16_units(text):
    """The length of a text as JavaScript, and so the worker, counts it."""
    return len(text.encode('utf-16-le', 'surrogatepass')) // 2


def _signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
