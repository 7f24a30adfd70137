"""The `pytest` that the author's files import: the parts of its interface that test files use."""

from ..primordials import BUILTINS as __builtins__

from ..primordials import ModuleType, printable
from .approx import Approx
from .builtin_fixtures import MonkeyPatch
from .fixtures import fixture
from .marks import MarkGenerator, param
from .outcomes import ExpectedFailure, Failed, Skipped
from .raises import ExceptionInfo, deprecated_call, raises, warns

MAX_REASON_CHARS = 2000

real_import = __import__


class Annotation:
    """Stands for classes that are only named in annotations, e.g. `CaptureFixture[str]`."""

    def __class_getitem__(cls, item):
        return cls


def fail(reason='', pytrace=True, msg=None):
    """As `pytest.fail`."""
    raise Failed(printable(str(msg or reason), MAX_REASON_CHARS))


def skip(reason='', *, allow_module_level=False, msg=None):
    """As `pytest.skip`."""
    raise Skipped(str(msg or reason))


def xfail(reason=''):
    """As `pytest.xfail`: the test ends as failed, and may."""
    raise ExpectedFailure(str(reason))


def importorskip(name, minversion=None, reason=None):
    """As `pytest.importorskip`."""
    try:
        found = real_import(name)
    except ImportError as error:
        raise Skipped(reason or str(error)) from None
    for step in name.split('.')[1:]:
        found = getattr(found, step)
    return found


def pytest_module():
    """A new module."""
    module = ModuleType('pytest', 'The part of pytest that suites on Learnify use.')
    members = {
        'approx': Approx,
        'deprecated_call': deprecated_call,
        'fail': fail,
        'fixture': fixture,
        'importorskip': importorskip,
        'mark': MarkGenerator(),
        'param': param,
        'raises': raises,
        'skip': skip,
        'warns': warns,
        'xfail': xfail,
        'ExceptionInfo': ExceptionInfo,
        'FixtureRequest': Annotation,
        'CaptureFixture': Annotation,
        'MonkeyPatch': MonkeyPatch,
        'main': lambda *args, **options: 0,
        '__version__': '8.0.0',
    }
    module.__dict__.update(members)
    module.__getattr__ = refuse
    return module


def refuse(name):
    """Says what is not there."""
    raise AttributeError(f'`pytest.{name}` is not part of the pytest of this sandbox')
