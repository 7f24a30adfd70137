"""The program's standard streams: what it may read, and what it prints, counted against the limit while it prints."""

from .primordials import BUILTINS as __builtins__

import io
import posix
import sys

IS_TERMINAL = posix.isatty(0)
BUFFER_BYTES = 8192

BufferedReader = io.BufferedReader
BufferedWriter = io.BufferedWriter
TextIOWrapper = io.TextIOWrapper
flush_text = TextIOWrapper.flush
flush_bytes = BufferedWriter.flush


class OutputLimit(BaseException):
    """The program printed more than it may. Raised in its `print`; catching it changes nothing."""


class Output:
    """What the program prints during one step, clipped at the limit. `on_excess` is told once when it goes over."""

    def __init__(self, limit_bytes, on_excess):
        self._limit_bytes = limit_bytes
        self._on_excess = on_excess
        self._pieces = []
        self._size = 0
        self.exceeded = False
        self._is_over = False

    def end(self):
        """Drops what comes from here on, such as what the interpreter brings out when it ends."""
        self._is_over = True

    def begin(self):
        """Starts a step with nothing printed."""
        self._pieces = []
        self._size = 0

    def write(self, data):
        """Takes bytes. Raises OutputLimit from the first byte too many on."""
        if self._is_over:
            return
        if self.exceeded:
            raise OutputLimit()
        room = self._limit_bytes - self._size
        self._size += len(data)
        if len(data) <= room:
            self._pieces.append(bytes(data))
            return
        self._pieces.append(bytes(data[:room]))
        self.exceeded = True
        self._on_excess()
        raise OutputLimit()

    def text(self):
        """What was printed, as text."""
        text = b''.join(self._pieces).decode('utf-8', 'ignore' if self.exceeded else 'replace')
        data = text.encode('utf-8')
        # Each byte that is no text became a sign of three bytes.
        return text if len(data) <= self._limit_bytes else data[: self._limit_bytes].decode('utf-8', 'ignore')


class OutputDescriptor(io.RawIOBase):
    """Descriptor 1 or 2 as the program sees it."""

    def __init__(self, number, output, before_write=None):
        self.name = '<stdout>' if number == 1 else '<stderr>'
        self.mode = 'wb'
        self._number = number
        self._output = output
        self._before_write = before_write

    def writable(self):
        return True

    def fileno(self):
        return self._number

    def write(self, data):
        if self._before_write is not None:
            self._before_write()
        size = len(data)
        if self._output is not None:
            self._output.write(data)
        return size


class InputDescriptor(io.RawIOBase):
    """Descriptor 0 as the program sees it: the input of the test. All that read it share `source`, hence one position."""

    def __init__(self, source):
        self.name = '<stdin>'
        self.mode = 'rb'
        self._source = source

    def readable(self):
        return True

    def fileno(self):
        if IS_TERMINAL:
            # `input` would read a terminal itself, past these streams.
            raise io.UnsupportedOperation('fileno')
        return 0

    def readinto(self, buffer):
        return self._source.readinto(buffer)


class Streams:
    """Takes the place of the interpreter's streams. What goes to stderr is shown among the output, or dropped."""

    def __init__(self, output, stdin_text, keeps_errors):
        self._output = output
        self._keeps_errors = keeps_errors
        self._source = io.BytesIO(stdin_text.encode('utf-8', 'surrogatepass'))
        #: Writers that the program opened by number; like files left open at the end of a real program they are flushed.
        self._opened = []
        self._stdout = self._text_writer(1)
        self._stderr = self._text_writer(2)
        self._stdin = self._text_reader()

    def install(self):
        """Makes them those of `sys`. The real ones are kept: let go, they would write out what they hold."""
        self._real = (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__)
        sys.stdin = sys.__stdin__ = self._stdin
        sys.stdout = sys.__stdout__ = self._stdout
        sys.stderr = sys.__stderr__ = self._stderr

    def flush(self):
        """Brings everything written to the output. Raises OutputLimit."""
        for stream in [self._stdout, self._stderr, *self._opened]:
            try:
                (flush_text if type(stream) is TextIOWrapper else flush_bytes)(stream)
            except (ValueError, OSError):
                # Closed or detached by the program: what it held is written already.
                continue

    def open(self, number, mode, buffering, encoding, errors, newline):
        """`open(0)` and the like."""
        is_binary = 'b' in mode
        if number == 0:
            raw = InputDescriptor(self._source)
            if buffering == 0 and is_binary:
                return raw
            return BufferedReader(raw) if is_binary else TextIOWrapper(BufferedReader(raw), encoding or 'utf-8', errors, newline)
        raw = self._descriptor(number)
        if buffering == 0 and is_binary:
            return raw
        buffered = BufferedWriter(raw, BUFFER_BYTES)
        stream = buffered if is_binary else TextIOWrapper(buffered, encoding or 'utf-8', errors, newline, buffering == 1)
        self._opened.append(stream)
        return stream

    def read(self, size):
        """`os.read(0, size)`."""
        return self._source.read(size)

    def write(self, number, data):
        """`os.write(1, data)`."""
        return self._descriptor(number).write(data)

    def _descriptor(self, number):
        if number == 1:
            return OutputDescriptor(1, self._output)
        return OutputDescriptor(2, self._output if self._keeps_errors else None, self._flush_stdout)

    def _flush_stdout(self):
        """Keeps the order between what is printed to stdout and to stderr."""
        try:
            flush_text(self._stdout)
        except (ValueError, OSError):
            return

    def _text_writer(self, number):
        buffered = BufferedWriter(self._descriptor(number), BUFFER_BYTES)
        errors = 'surrogateescape' if number == 1 else 'backslashreplace'
        stream = TextIOWrapper(buffered, 'utf-8', errors, '\n', number == 2)
        stream.mode = 'w'
        return stream

    def _text_reader(self):
        stream = TextIOWrapper(BufferedReader(InputDescriptor(self._source)), 'utf-8', 'surrogateescape', '\n')
        stream.mode = 'r'
        return stream
