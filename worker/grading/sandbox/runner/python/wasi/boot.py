"""Runs once in the interpreter whose memory becomes the image of all instances.

Reads the sources of the harness as one frame of `{module: [path, is_package, source]}`, imports all of it, tells the host which
function begins an instance, and stops at a call that the host does not return from.
"""


def _boot():
    import gc
    import json
    import os
    import sys
    import time

    length = int.from_bytes(os.read(0, 4), 'big')
    frame = b''
    while len(frame) < length:
        frame += os.read(0, length - len(frame))
    sources = json.loads(frame)

    class Sources:
        """Finds the modules of the harness among what the host sent."""

        @staticmethod
        def find_spec(name, path=None, target=None):
            if name not in sources:
                return None
            spec = type(sys.__spec__)(name, Sources, origin=sources[name][0], is_package=sources[name][1])
            spec.has_location = True
            return spec

        @staticmethod
        def create_module(spec):
            return None

        @staticmethod
        def exec_module(module):
            path, _, source = sources[module.__name__]
            exec(compile(source, path, 'exec', dont_inherit=True), module.__dict__)

    sys.meta_path.insert(0, Sources)
    for name in sources:
        __import__(name)
    sys.meta_path.remove(Sources)

    from learnify_channel import open_channel
    from learnify_guest import serve, warm

    warm()
    # Nobody reads these; descriptor 2 is the one that findings go to.
    sys.stdin = sys.__stdin__ = sys.stdout = sys.__stdout__ = sys.stderr = sys.__stderr__ = None

    def begin():
        serve(open_channel(0, 2))

    nothing = ()
    # Free memory that small programs take before the memory has to grow.
    headroom = bytearray(HEADROOM_BYTES)
    del headroom
    gc.collect()
    gc.freeze()
    os.write(2, b'%d %d %d' % (id(begin), id(nothing), gc.get_freeze_count()))
    time.clock_getres(time.CLOCK_MONOTONIC)
    begin()


_boot()
