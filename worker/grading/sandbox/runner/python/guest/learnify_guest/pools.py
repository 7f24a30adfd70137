"""Pools of threads on top of `threads`, since not every installation has them."""

from .primordials import BUILTINS as __builtins__


def fill_pools(module):
    """Makes `concurrent.futures.thread`, which not every installation has, with a pool whose work is done in turns."""
    base = __import__('concurrent.futures._base', fromlist=('_base',))
    threading = __import__('threading')

    class ThreadPoolExecutor(base.Executor):
        """A pool of threads."""

        _counter = 0

        def __init__(self, max_workers=None, thread_name_prefix='', initializer=None, initargs=()):
            if max_workers is not None and max_workers <= 0:
                raise ValueError('max_workers must be greater than 0')
            if initializer is not None and not callable(initializer):
                raise TypeError('initializer must be a callable')
            self._max_workers = max_workers or 8
            self._prefix = thread_name_prefix or f'ThreadPoolExecutor-{ThreadPoolExecutor._counter}'
            ThreadPoolExecutor._counter += 1
            self._initialize = (lambda: initializer(*initargs)) if initializer else None
            self._initialized = set()
            self._tasks = []
            self._is_shut_down = False

        def submit(self, fn, /, *args, **kwargs):
            if self._is_shut_down:
                raise RuntimeError('cannot schedule new futures after shutdown')
            future = base.Future()
            name = f'{self._prefix}_{len(self._tasks) % self._max_workers}'
            thread = threading.Thread(target=self._work, args=(future, fn, args, kwargs), name=name)
            self._tasks.append((thread, future))
            thread.start()
            return future

        def _work(self, future, fn, args, kwargs):
            if not future.set_running_or_notify_cancel():
                return
            try:
                name = threading.current_thread().name
                if self._initialize is not None and name not in self._initialized:
                    self._initialized.add(name)
                    self._initialize()
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        def shutdown(self, wait=True, *, cancel_futures=False):
            self._is_shut_down = True
            for _, future in self._tasks if cancel_futures else ():
                future.cancel()
            for thread, _ in self._tasks if wait else ():
                thread.join()

    ThreadPoolExecutor.__module__ = module.__name__
    module.ThreadPoolExecutor = ThreadPoolExecutor
    module.BrokenThreadPool = type('BrokenThreadPool', (base.BrokenExecutor,), {})
