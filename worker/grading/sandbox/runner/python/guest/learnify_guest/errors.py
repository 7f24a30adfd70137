"""What a learner reads about an exception: `TypeError: boom` and the frames in the program's own files, innermost first."""

from .primordials import BUILTINS as __builtins__
from .primordials import native_type, plain_text, printable, traceback_of, type_name

MAX_FRAMES = 5
MAX_TEXT_CHARS = 2000
MAX_MESSAGE_CHARS = 10_000


def headline(error):
    """`ValueError: too small`, whatever the exception's class does when it is asked."""
    name = printable(type_name(type(error)), 200)
    text = error_text(error)
    return name if text == '' else name + ': ' + text


def error_text(error):
    """`str(error)`, or a remark if that fails; it may be learner code."""
    try:
        return printable(plain_text(str(error)), MAX_TEXT_CHARS)
    except MemoryError:
        raise
    except BaseException:
        return '(its text cannot be shown)'


def describe(error, files):
    """Headline and own frames."""
    return with_frames(headline(error), error, files)


def with_frames(text, error, files):
    """A text followed by the frames of an exception in the program's own files, e.g. `    at gcd (gcd.py:3)`."""
    frames = own_frames(error, files)
    message = '\n'.join([text] + ['    at ' + frame for frame in frames])
    return printable(message, MAX_MESSAGE_CHARS)


def innermost_place(error, files):
    """File and line where an exception was raised, as far as it is in these files; or None."""
    found = _frames_in(error, files)
    return (found[-1][0].co_filename, found[-1][1]) if found else None


def own_frames(error, files):
    """The innermost own frames, innermost first, as `gcd (gcd.py:3)`."""
    found = _frames_in(error, files)
    found.reverse()
    return [f'{_name_of(code)} ({code.co_filename}:{line})' for code, line in found]


def _frames_in(error, files):
    """Code and line of the last few frames in these files."""
    found = []
    trace = traceback_of(error)
    while trace is not None:
        code = trace.tb_frame.f_code
        if type(code.co_filename) is str and code.co_filename in files:
            found.append((code, trace.tb_lineno))
            if len(found) > MAX_FRAMES:
                del found[0]
        trace = trace.tb_next
    return found


def _name_of(code):
    """`Stack.pop` where Python knows it (3.11 and later), without the functions around it."""
    name = plain_text(getattr(code, 'co_qualname', code.co_name))
    return name[name.rfind('<locals>.') + len('<locals>.') :] if '<locals>.' in name else name


def describe_syntax(error, path):
    """`SyntaxError: invalid syntax` and its place. The error comes from compiling, so it is one of Python's own."""
    if not isinstance(error, SyntaxError):
        return _uncompilable(error) + '\n    at ' + path
    place = path
    if error.lineno:
        place += f':{error.lineno}'
        if error.offset and error.offset > 0:
            place += f':{error.offset}'
    return printable(f'{type_name(type(error))}: {error.msg}\n    at {place}', MAX_MESSAGE_CHARS)


def _uncompilable(error):
    """Python tells some defects of a source in other ways than a SyntaxError."""
    if isinstance(error, UnicodeError):
        return 'SyntaxError: the file is not valid Unicode text'
    if isinstance(error, (RecursionError, MemoryError, SystemError)):
        return 'SyntaxError: the code is nested too deeply'
    return f'SyntaxError: {error_text(error)}'


def exit_message(error):
    """What `sys.exit(...)` means for a program that should have gone on, or None for an orderly end."""
    code = getattr(error, 'code', None)
    if code is None or native_type(code, (int,)) is int and int.__int__(code) == 0:
        return None
    if native_type(code, (int,)) is int:
        return f'the program ended with exit code {int.__int__(code)}'
    text = printable(plain_text(code), MAX_TEXT_CHARS) if native_type(code, (str,)) is str else ''
    return 'the program ended with exit code 1' + (f': {text}' if text else '')
