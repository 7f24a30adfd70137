"""The program's modules: its files are imported from memory, before anything else of the same name."""

from .primordials import BUILTINS as __builtins__

import _warnings
import sys

from .errors import describe_syntax
from .fault import Fault
from .primordials import ModuleType, modules, shared_builtins

ModuleSpec = type(sys.__spec__)
FunctionType = type(describe_syntax)


class Program:
    """The files of one submission, and where its modules are."""

    def __init__(self, entrypoint, files):
        self.entrypoint = entrypoint
        #: Text by path, such as `pkg/helper.py`.
        self.files = {file['path']: file['content'] for file in files}
        self.directories = {''}
        for path in self.files:
            while '/' in path:
                path = path[: path.rfind('/')]
                self.directories.add(path)
        self.module_name = stem(entrypoint)
        folder = entrypoint[: entrypoint.rfind('/') + 1]
        #: Where imports look, as `sys.path` would say.
        self.roots = [folder, ''] if folder else ['']
        self.module = None
        #: For suites: how files other than the learner's are compiled, and the built-ins they get.
        self.compile_author_file = compile_file
        self.author_builtins = None
        self.author_globals = []
        self._after_import = {}
        #: Standard modules that the harness has in the place of the installation's, by name: a function that fills each.
        self.provided = {}

    def after_import(self, name, change):
        """Has a standard module changed once it is there. `change` takes the module."""
        if name in modules:
            change(modules[name])
        else:
            self._after_import[name] = change

    def install(self):
        """Lets imports find the program's modules, also in place of standard ones that happen to be loaded."""
        sys.meta_path.insert(0, Finder(self, self._after_import))
        for path in self.files:
            for root in self.roots:
                if path.startswith(root):
                    name = path[len(root) :].split('/')[0]
                    name = name[:-3] if name.endswith('.py') else name
                    if name in modules and name not in KEPT and not name.startswith('__'):
                        del modules[name]

    def locate(self, name):
        """Path of a module's file and whether it is a package; `(None, True)` for a folder without `__init__.py`; or None."""
        place = name.replace('.', '/')
        for root in self.roots:
            path = root + place
            if path + '/__init__.py' in self.files:
                return path + '/__init__.py', True
            if path + '.py' in self.files:
                return path + '.py', False
        for root in self.roots:
            if root + place in self.directories and self._has_modules(root + place):
                return None, True
        return None

    def _has_modules(self, folder):
        return any(path.startswith(folder + '/') and path.endswith('.py') for path in self.files)

    def load(self):
        """Imports the entrypoint as a module. Raises what its top level raises, Fault when it cannot be compiled."""
        self.module = new_module(self.module_name, self.entrypoint, Loader(self, self.entrypoint))
        modules[self.module_name] = self.module
        exec(compile_file(self.files[self.entrypoint], self.entrypoint), self.module.__dict__)

    def run(self):
        """Runs the entrypoint as the main module."""
        main = new_module('__main__', self.entrypoint, Loader(self, self.entrypoint))
        main.__spec__ = None
        modules['__main__'] = main
        exec(compile_file(self.files[self.entrypoint], self.entrypoint), main.__dict__)

    def function(self, name):
        """A callable at the top level of the loaded entrypoint. Raises Fault."""
        found = module_members(self.module).get(name)
        if not callable(found) or type(found) is ModuleType:
            raise Fault('invalid_submission', f'`{self.entrypoint}` defines no function named `{name}`; {self.offer()}')
        return found

    def offer(self):
        """What the entrypoint defines, for messages about what it does not."""
        names = [name for name, value in module_members(self.module).items() if self._is_own(name, value)]
        return 'it defines: ' + ', '.join(names[:20])[:300] if names else 'it defines nothing'

    def _is_own(self, name, value):
        if type(name) is not str or name.startswith('_'):
            return False
        if type(value) is FunctionType:
            return value.__code__.co_filename == self.entrypoint
        return callable(value) and getattr(value, '__module__', None) == self.module_name


#: Modules that the interpreter itself cannot be without, whatever a file of the program is called.
KEPT = frozenset(('sys', 'builtins', 'io', 'os', 'abc', 'codecs', 'encodings', 'learnify_guest'))

module_members = ModuleType.__dict__['__dict__'].__get__


def stem(path):
    """`src/gcd.py` is the module `gcd`."""
    name = path[path.rfind('/') + 1 :]
    return name[:-3] if name.endswith('.py') else name


def new_module(name, path, loader):
    """An empty module that knows its file."""
    module = ModuleType(name)
    module.__file__ = path
    module.__loader__ = loader
    module.__spec__ = ModuleSpec(name, loader, origin=path)
    module.__package__ = ''
    module.__builtins__ = shared_builtins
    return module


def compile_file(source, path):
    """Code of a file. Raises Fault with the place of what is wrong."""
    return compile_or_fault(lambda: compile(source.removeprefix('\ufeff'), path, 'exec', dont_inherit=True), path)


def compile_or_fault(compiling, path):
    """The answer of something that compiles, without warnings; Fault when the code cannot be compiled."""
    filters = _warnings.filters
    silence = ('ignore', None, Warning, None, 0)
    # Showing a warning about a backslash would load half the standard library.
    filters.insert(0, silence)
    _warnings._filters_mutated()
    try:
        return compiling()
    except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError, OverflowError) as error:
        raise Fault('compile_error', describe_syntax(error, path)) from None
    finally:
        filters.remove(silence)
        _warnings._filters_mutated()


class Finder:
    """Finds the program's modules, and sees to standard ones that are changed when they are loaded."""

    def __init__(self, program, after_import):
        self._program = program
        self._after_import = after_import

    def find_spec(self, name, path=None, target=None):
        found = self._program.locate(name)
        if found is None and name in self._program.provided:
            return ModuleSpec(name, ProvidingLoader(self._program.provided[name]))
        if found is None:
            return self._changed(name) if name in self._after_import else None
        file, is_package = found
        spec = ModuleSpec(name, Loader(self._program, file), origin=file, is_package=is_package)
        if file is not None:
            spec.has_location = True
        return spec

    def _changed(self, name):
        change = self._after_import.pop(name)
        for finder in sys.meta_path[1:]:
            spec = finder.find_spec(name, None)
            if spec is not None:
                spec.loader = ChangingLoader(spec.loader, change)
                return spec
        return None


class ProvidingLoader:
    """Loads a module of the harness."""

    def __init__(self, fill):
        self._fill = fill

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self._fill(module)


class ChangingLoader:
    """Loads a standard module as its own loader does, then changes it."""

    def __init__(self, loader, change):
        self._loader = loader
        self._change = change

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._change(module)


class Loader:
    """Runs a file of the program as a module. `get_source` lets tracebacks that the program itself prints show its lines."""

    def __init__(self, program, path):
        self._program = program
        self._path = path

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        if self._path is None:
            return
        source = self._program.files[self._path]
        # Otherwise `exec` gives it those of the harness.
        module.__builtins__ = shared_builtins
        if self._path == self._program.entrypoint:
            self._program.module = module
            exec(compile_file(source, self._path), module.__dict__)
            return
        if self._program.author_builtins is not None:
            module.__builtins__ = self._program.author_builtins
            self._program.author_globals.append(module.__dict__)
        exec(self._program.compile_author_file(source, self._path), module.__dict__)

    def get_source(self, name):
        return None if self._path is None else self._program.files[self._path]

    def get_code(self, name):
        """For `runpy.run_module`."""
        return None if self._path is None else compile_file(self._program.files[self._path], self._path)

    def get_data(self, path):
        return self._program.files[path].encode('utf-8')
