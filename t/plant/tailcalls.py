# gdb: the numbers of the frames that are tail calls, behind the backtrace.
import gdb
frame, number = None, 0
try:
    frame = gdb.newest_frame()
except gdb.error:
    pass
while frame is not None and number < 200:
    if frame.type() == gdb.TAILCALL_FRAME:
        print("tailcall", number)
    frame = frame.older()
    number += 1
