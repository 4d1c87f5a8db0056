# Run by gdb, which is attached to a program under libescprof.so: at each sample the stack that the library has found is
# compared, address by address, with gdb's own. In a Go program C's part is, up to the first return address in Go, behind
# which gdb does not find its way.
# $STACKS_WANTED comparisons are made, then the program is killed. It waits for $STACKS_LINE in the pipe $STACKS_GO.
# Prints each difference, and in the end: "stacks N different D deepest F signals S differ X partial P".
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


def up_to_go(pcs):
    for i, pc in enumerate(pcs):
        if is_go(pc):
            return pcs[: i + 1]
    return pcs


def walk():
    """gdb's return addresses, innermost first, and whether a signal's frame is among them."""
    pcs, signal = [], False
    frame = gdb.newest_frame()
    while frame is not None and len(pcs) < FRAMES + 64:
        # Neither stands on the stack; a tail call's is what gdb concludes from debug information.
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            pcs.append(frame.pc())
        signal |= frame.type() == gdb.SIGTRAMP_FRAME
        if is_go(frame.pc()):
            break
        try:
            frame = frame.older()
        except gdb.error as error:
            print("gdb: %s" % error)
            break
    return pcs, signal


def describe(pc):
    if pc >> 60 == 4:
        return "mark %#x" % pc
    return gdb.execute("info symbol %#x" % pc, to_string=True).strip()


class Sample(gdb.Breakpoint):
    def __init__(self, address, wanted):
        super().__init__("*%#x" % address, gdb.BP_BREAKPOINT, internal=True)
        self.silent = True
        self.wanted = wanted
        self.compared = self.differ = self.signals = self.deepest = self.partial = 0
        self.seen = set()

    def stop(self):
        count = int(gdb.parse_and_eval("(unsigned)$rdx"))
        where = int(gdb.parse_and_eval("(unsigned long)$rsi"))
        data = gdb.selected_inferior().read_memory(where, 8 * count).tobytes()
        ours = [int.from_bytes(data[i : i + 8], "little") for i in range(0, len(data), 8)]
        if MARK_LIBRARY in ours:
            self.partial += 1
            return False
        theirs, signal = walk()
        if ours[0] in theirs:
            theirs = theirs[theirs.index(ours[0]) :]
        ours, theirs = up_to_go(ours)[:FRAMES], up_to_go(theirs)[:FRAMES]
        self.compared += 1
        self.signals += signal
        self.seen.add(tuple(ours))
        self.deepest = max(self.deepest, len(ours))
        if ours != theirs:
            self.differ += 1
            if self.differ <= SHOWN:
                self.show(ours, theirs)
        return self.compared >= self.wanted

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
    gdb.execute("continue")
print(
    "stacks %d different %d deepest %d signals %d differ %d partial %d"
    % (samples.compared, len(samples.seen), samples.deepest, samples.signals, samples.differ, samples.partial)
)
gdb.execute("kill", to_string=True)
