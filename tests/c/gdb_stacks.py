# Run by gdb, which is attached to a program under libescprof.so: at each sample the stack that the library has found is
# compared, address by address, with gdb's own. Where C was called by Go, gdb does not find its way from one stack to the
# other; but it unwinds each by itself, by Go's own unwind information, from what the runtime has noted: the goroutine's from
# its g.sched, and C's outer frames, when C has called Go which called C again, from g0.sched of the time of the callback.
# $STACKS_WANTED comparisons are made, then the program is killed. It waits for $STACKS_LINE in the pipe $STACKS_GO.
# Prints each difference, and in the end: "stacks N different D deepest F signals S differ X partial P mixed M through T":
# of Go and C, and of C called by Go that C had called.
import os
import gdb

MARK = 0x4FFE << 48  # collector/preload/c_shared.h: C_MARK
MARK_LIBRARY = MARK | 0x30
FRAMES = 192  # C_FRAMES
SHOWN = 5

for command in (
    "set pagination off",
    "set language c",
    "set debuginfod enabled off",
    "set backtrace past-main on",
    "set backtrace past-entry on",
    "set backtrace limit unlimited",
    "set print thread-events off",
    "handle SIGUSR1 SIGUSR2 SIGURG SIGALRM SIGPROF nostop noprint pass",
):
    gdb.execute(command, to_string=True)


def symbol(name):
    try:
        return int(gdb.parse_and_eval("(unsigned long)&'%s'" % name))
    except gdb.error:
        return 0


GO = (symbol("runtime.text"), symbol("runtime.etext"))


def is_go(pc):
    return GO[0] <= pc < GO[1]


names = {}


def describe(pc):
    if pc >> 60 == 4:
        return "mark %#x" % pc
    if pc not in names:
        names[pc] = gdb.execute("info symbol %#x" % pc, to_string=True).strip()
    return names[pc]


def is_in(function, pc):
    return describe(pc).split(" ")[0] in (function, function + ".abi0")


def word_at(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")


def frames_until(ends):
    """gdb's return addresses, innermost first, up to the first for which ENDS; and whether a signal's frame is among them."""
    pcs, signal = [], False
    frame = gdb.newest_frame()
    while frame is not None and len(pcs) < FRAMES + 64:
        # Neither stands on the stack; a tail call's is what gdb concludes from debug information.
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            pcs.append(frame.pc())
        signal |= frame.type() == gdb.SIGTRAMP_FRAME
        if ends(frame.pc()):
            break
        try:
            frame = frame.older()
        except gdb.error as error:
            print("gdb: %s" % error)
            break
    return pcs, signal


def frames_from(registers, ends):
    """The same for the thread as if it had these REGISTERS."""
    gdb.newest_frame().select()
    saved = {name: int(gdb.parse_and_eval("(unsigned long)$%s" % name)) for name in registers}
    try:
        for name, value in registers.items():
            gdb.execute("set var $%s = %#x" % (name, value), to_string=True)
        return frames_until(ends)[0]
    finally:
        for name, value in saved.items():
            gdb.execute("set var $%s = %#x" % (name, value), to_string=True)


def thread_of_go():
    """The runtime's m for the thread that has stopped."""
    m = gdb.parse_and_eval("'runtime.allm'")
    while int(m) and int(m["procid"]) != gdb.selected_thread().ptid[1]:
        m = m["alllink"]
    return m


def outer_frames(pc, sp):
    """C's, behind the callback of Go that is at PC, with SP on C's stack; and the Go that had called them."""
    in_c = False

    def ends(at):
        nonlocal in_c
        in_c |= not is_go(at)
        return in_c and is_go(at)

    pcs = frames_from({"rip": pc, "rsp": sp}, ends)
    while pcs and is_go(pcs[0]):
        pcs = pcs[1:]
    return pcs


def go_frames():
    """Those behind the first of Go's. Where the goroutine has left for C's stack the runtime says systemstack_switch."""
    m = thread_of_go()
    if not int(m):  # it is about to become one, and asks C for its stack's bounds
        return []
    if not int(m["curg"]):  # the scheduler calls C by itself, to start a thread
        return []
    sched = m["curg"]["sched"]
    registers = {"rip": int(sched["pc"]), "rsp": int(sched["sp"]), "rbp": int(sched["bp"])}
    outer, pcs = int(m["g0"]["sched"]["sp"]), []
    for pc in frames_from(registers, lambda at: is_in("runtime.goexit", at)):
        if is_in("runtime.systemstack_switch", pc) or is_in("runtime.goexit", pc):
            continue
        pcs.append(pc)
        if is_in("runtime.cgocallback", pc):
            pcs += outer_frames(pc, outer)
            outer = word_at(outer)
    return pcs


def walk():
    pcs, signal = frames_until(is_go)
    if pcs and is_go(pcs[-1]):
        pcs += go_frames()
    return pcs, signal


class Sample(gdb.Breakpoint):
    def __init__(self, address, wanted):
        super().__init__("*%#x" % address, gdb.BP_BREAKPOINT, internal=True)
        self.silent = True
        self.wanted = wanted
        self.compared = self.differ = self.signals = self.deepest = self.partial = self.mixed = self.through = 0
        self.seen = set()

    def compare(self):
        count = int(gdb.parse_and_eval("(unsigned)$rdx"))
        where = int(gdb.parse_and_eval("(unsigned long)$rsi"))
        data = gdb.selected_inferior().read_memory(where, 8 * count).tobytes()
        ours = [int.from_bytes(data[i : i + 8], "little") for i in range(0, len(data), 8)]
        if MARK_LIBRARY in ours:
            self.partial += 1
            return
        theirs, signal = walk()
        if ours[0] in theirs:
            theirs = theirs[theirs.index(ours[0]) :]
        ours, theirs = [pc for pc in ours if not is_in("runtime.goexit", pc)], theirs[:FRAMES]
        calls = sum(is_in("runtime.asmcgocall", pc) for pc in theirs)
        self.mixed += calls > 0
        self.through += calls > 1
        self.compared += 1
        self.signals += signal
        self.seen.add(tuple(ours))
        self.deepest = max(self.deepest, len(ours))
        if ours != theirs:
            self.differ += 1
            if self.differ <= SHOWN:
                self.show(ours, theirs)

    def show(self, ours, theirs):
        at = next((i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), min(len(ours), len(theirs)))
        print("differ at frame %d of %d and gdb's %d:" % (at, len(ours), len(theirs)))
        for i in range(max(0, at - 3), at + 3):
            for name, pcs in (("ours", ours), ("gdb", theirs)):
                if i < len(pcs):
                    print("  %-4s %3d %#x %s" % (name, i, pcs[i], describe(pcs[i])))


samples = Sample(symbol("c_contexts_find"), int(os.environ["STACKS_WANTED"]))
with open(os.environ["STACKS_GO"], "w") as go:
    go.write(os.environ["STACKS_LINE"] + "\n")
    go.flush()
    while samples.compared < samples.wanted:
        stops = samples.hit_count
        gdb.execute("continue", to_string=True)
        if samples.hit_count == stops:
            print("stopped by something else")
            break
        samples.compare()
print(
    "stacks %d different %d deepest %d signals %d differ %d partial %d mixed %d through %d"
    % (
        samples.compared,
        len(samples.seen),
        samples.deepest,
        samples.signals,
        samples.differ,
        samples.partial,
        samples.mixed,
        samples.through,
    )
)
gdb.execute("kill", to_string=True)
