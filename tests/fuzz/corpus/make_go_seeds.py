#!/usr/bin/env python3
"""Writes the seeds of fuzz_elf_image and fuzz_go_pclntab: small programs that hold everything binary/ looks for.

usage: make_go_seeds.py [DIR]   (DIR is this file's folder unless said; needs gcc and objcopy for the DWARF)
"""
import os
import struct
import subprocess
import sys
import tempfile
import zlib

TEXT, TYPES, GOFUNC, TABLE, MODULE, DATA, INFO = 0x401000, 0x500000, 0x600000, 0x700000, 0x800000, 0x880000, 0x890000


def relative(at, size, target):
    return struct.pack('<i', target - at - size)


def make_text(minor):
    """The functions the runtime's layout and patches are found by: their code and their places."""
    names = ['runtime.mProf_Malloc', 'runtime.freeSpecial', 'runtime.newobject', 'runtime.growslice',
             'runtime.(*cpuStats).accumulate', 'runtime.(*gcControllerState).init', 'runtime.profilealloc',
             'runtime.schedinit', 'runtime.gcMarkTermination', 'runtime.gcinit', 'runtime.sweep', 'runtime.flush',
             'main.main', 'runtime.tracebackothers']
    code, places = bytearray(), {}

    def load(opcode, target, tail=b''):
        at = TEXT + len(code)
        code.extend(opcode + relative(at, len(opcode) + 4 + len(tail), target) + tail)

    def call(name):
        load(b'\xe8', TEXT + places[name])

    for name in names:
        while len(code) % 16:
            code.append(0xcc)
        places[name] = len(code)
        if name == 'runtime.profilealloc':
            load(b'\x48\x8b\x1d', DATA + 8)
            load(b'\x48\x8b\x05', DATA)
            call('runtime.mProf_Malloc')
        elif name == 'runtime.schedinit':
            load(b'\x80\x3d', DATA + 16, b'\0')
            code.extend(b'\x74\x0b')
            load(b'\x48\xc7\x05', DATA, b'\0\0\0\0')
            code.extend(b'\x90' * 40)
        elif name == 'runtime.gcMarkTermination':
            load(b'\xff\x05', DATA + 0x1e18)
            load(b'\x48\x8d\x05', DATA + 0x2f00)
            call('runtime.(*cpuStats).accumulate')
        elif name == 'runtime.gcinit':
            load(b'\x48\x8d\x05', DATA + 0x3000)
            call('runtime.(*gcControllerState).init')
        elif name == 'runtime.sweep':
            call('runtime.freeSpecial')
            call('runtime.freeSpecial')
        elif name == 'runtime.flush' and minor > 22:
            call('runtime.freeSpecial')
        elif name == 'main.main':
            load(b'\x48\x8d\x05', TYPES)
            call('runtime.newobject')
            load(b'\x48\x8d\x35', TYPES + 64)
            call('runtime.growslice')
        elif name == 'runtime.tracebackothers':
            code.extend(b'\x90' * 280)
        code.append(0xc3)
    return bytes(code), places


def pc_values(pairs):
    """A pc-value table of (value, bytes of code)."""
    out, last = bytearray(), -1
    for value, size in pairs:
        delta = value - last
        last = value
        for number in ((delta << 1) ^ (delta >> 31), size):
            while number >= 128:
                out.append(number & 127 | 128)
                number >>= 7
            out.append(number)
    return bytes(out) + b'\0'


def make_table(minor, text, places):
    old = minor < 20
    names, offsets = bytearray(), {}
    for name in list(places) + ['main.inner']:
        offsets[name] = len(names)
        names += name.encode() + b'\0'
    files = b'runtime/malloc.go\0main.go\0'
    units = struct.pack('<II', 0, files.index(b'main.go'))
    pcs = bytearray(b'\0')

    def pc_table(*pairs):
        at = len(pcs)
        pcs.extend(pc_values(pairs))
        return at

    ordered = sorted(places, key=places.get)
    records, functab = bytearray(), bytearray()
    start = 8 * len(ordered) + 4
    for i, name in enumerate(ordered):
        size = (places[ordered[i + 1]] if i + 1 < len(ordered) else len(text)) - places[name]
        functab += struct.pack('<II', places[name], start + len(records))
        is_main = name == 'main.main'
        file = pc_table((1 if is_main else 0, size))
        line = pc_table((10 + i, size // 2), (12 + i, size - size // 2))
        tree = pc_table((-1, 4), (0, 12), (-1, size - 16)) if is_main else 0
        record = struct.pack('<IiIIIIIII', places[name], offsets[name], 0, 0, 0, file, line, 3, 0)
        record += b'' if old else struct.pack('<i', 7)
        record += bytes([0, 0, 0, 4]) + struct.pack('<III', 0, 0, tree)
        records += record + struct.pack('<IIII', *[2**32 - 1] * 3, 0 if is_main else 2**32 - 1)
    functab += struct.pack('<I', len(text))
    sections, at, starts = [bytes(names), units, files, bytes(pcs), bytes(functab + records)], 72, []
    body = b''
    for part in sections:
        part += b'\0' * (-len(part) % 4)
        starts.append(at + len(body))
        body += part
    header = struct.pack('<IBBBBQQQ', 0xfffffff0 if old else 0xfffffff1, 0, 0, 1, 8, len(ordered), 2, TEXT)
    if old:
        tree = struct.pack('<hBBiiii', -1, 0, 0, 0, 9, offsets['main.inner'], 2)
    else:
        tree = struct.pack('<BBBBiii', 0, 0, 0, 0, offsets['main.inner'], 2, 5)
    return header + struct.pack('<QQQQQ', *starts) + body, tree


def make_types():
    def descriptor(size, pointers, kind, name, element, flags=0):
        return struct.pack('<QQIBBBBQQII', size, pointers, 0x1234, flags, 8, 8, kind, 0, 0, name, 0) + \
            struct.pack('<QQ', element, element)

    names = b'\x01\x07*main.E\x00\x05[]int'
    return descriptor(48, 16, 25, 3 * 64, 0, 2) + descriptor(24, 8, 23, 3 * 64 + 9, TYPES) + \
        descriptor(8, 8, 21, 3 * 64, TYPES + 64) + names + b'\0' * 32


def make_module(minor, text, types):
    old = minor < 20
    words = [0] * 64
    words[0], words[22], words[23] = TABLE, TEXT, TEXT + len(text)
    words[35 if old else 37] = TYPES
    words[36 if old else 39 if minor >= 27 else 38] = TYPES + len(types)
    words[38 if old else 43 if minor >= 27 else 40] = GOFUNC
    return words


def make_build_information(version):
    def string(text):
        size, out = len(text), b''
        while size >= 128:
            out += bytes([size & 127 | 128])
            size >>= 7
        return out + bytes([size]) + text

    modules = b'path\tmain\nmod\tmain\t(devel)\t\ndep\ta.b/c\tv1.0.0\th1:x=\n=>\td.e/f\tv1.1.0\th1:y=\n' \
        b'build\tCGO_ENABLED=0\nbuild\t-ldflags="-s -w"\n'
    return b'\xff Go buildinf:\x08\x02'.ljust(32, b'\0') + string(version.encode()) + \
        string(b'0' * 16 + modules + b'1' * 16)


def make_dwarf(version, folder):
    """The sections of a compilation unit `runtime` with the structs the layout wants."""
    members = {
        'g': 'void *m; long goid, gopc, startpc; void *labels;', 'm': 'void *g0, *curg, *p;',
        'p': 'int id; void *mcache;', 'mcache': 'long nextSample;', 'special': 'void *next; char kind;',
        'mstats': 'int numgc; long pause_total_ns;',
        'gcControllerState': 'int gcPercent; long memoryLimit, heapMinimum, heapLive, heapMarked;',
        'workType': 'long cpuStats;',
    }
    source = ''.join(f'struct runtime_{name} {{ {body} }} v_{name};\n' for name, body in members.items())
    path = os.path.join(folder, 'rt')
    with open(path + '.c', 'w') as file:
        file.write(source + 'void _start(void) {}\n')
    run = lambda *command: subprocess.run(command, check=True, cwd=folder)
    run('gcc', f'-gdwarf-{version}', '-S', '-O1', '-fno-asynchronous-unwind-tables', '-o', 'rt.s', 'rt.c')
    with open(path + '.s') as file:
        assembly = file.read().replace('runtime_', 'runtime.').replace('"rt.c"', '"runtime"')
    with open(path + '.s', 'w') as file:
        file.write(assembly.replace(folder, '/src'))
    run('gcc', '-nostdlib', '-static', '-o', 'rt', 'rt.s')
    sections = {}
    for name in ['.debug_info', '.debug_abbrev', '.debug_str', '.debug_line', '.debug_line_str', '.debug_aranges']:
        if os.path.exists(path + '.bin'):
            os.unlink(path + '.bin')
        subprocess.run(['objcopy', '-O', 'binary', '--only-section=' + name, '--set-section-flags', name + '=alloc',
                        'rt', 'rt.bin'], check=True, cwd=folder)
        with open(path + '.bin', 'rb') as file:
            data = file.read()
        if data:
            sections[name] = data
    return sections


def compress(name, data, how):
    """(name, flags, bytes) of a DWARF section as linkers leave it."""
    if how == 'zlib':
        return name, 0x800, struct.pack('<IIQQ', 1, 0, len(data), 1) + zlib.compress(data)
    if how == 'zstd':  # a frame of one raw block
        frame = b'\x28\xb5\x2f\xfd\xa0' + struct.pack('<I', len(data))
        return name, 0x800, struct.pack('<IIQQ', 2, 0, len(data), 1) + frame + \
            struct.pack('<I', len(data) << 3 | 1)[:3] + data
    if how == 'zdebug':
        return '.z' + name[1:], 0, b'ZLIB' + struct.pack('>Q', len(data)) + zlib.compress(data)
    return name, 0, data


def make_elf(minor, dwarf, how, pie=False, symbols=False):
    text, places = make_text(minor)
    table, tree = make_table(minor, text, places)
    types = make_types()
    words = make_module(minor, text, types)
    relas = b''
    if pie:
        for i, word in enumerate(words):
            if word:
                relas += struct.pack('<QQq', MODULE + 8 * i, 8, word)
                words[i] = 0
    note = struct.pack('<III', 4, 20, 3) + b'GNU\0' + bytes(range(20))
    go_note = struct.pack('<III', 4, 16, 4) + b'Go\0\0' + b'action/x/y/text!'
    parts = [('.text', 1, 6, TEXT, text), ('.types', 1, 2, TYPES, types), ('.gofunc', 1, 2, GOFUNC, tree),
             ('.gopclntab', 1, 2, TABLE, table), ('.noptrdata', 1, 3, MODULE, struct.pack('<64Q', *words)),
             ('.go.buildinfo', 1, 3, INFO, make_build_information(f'go1.{minor}.2')),
             ('.note.gnu.build-id', 7, 2, 0, note), ('.note.go.buildid', 7, 2, 0, go_note)]
    if relas:
        parts.append(('.rela.dyn', 4, 2, 0x900000, relas))
    for name, data in dwarf.items():
        name, flags, data = compress(name, data, how)
        parts.append((name, 1, flags, 0, data))
    if symbols:
        strings, entries = b'\0', b'\0' * 24
        wanted = [(name, TEXT + at, 16, 0x12) for name, at in places.items()]
        wanted += [('runtime.MemProfileRate', DATA, 8, 0x11), ('runtime.disableMemoryProfiling', DATA + 16, 1, 0x11)]
        for name, address, size, kind in wanted:
            entries += struct.pack('<IBBHQQ', len(strings), kind, 0, 1, address, size)
            strings += name.encode() + b'\0'
        parts += [('.symtab', 2, 0, 0, entries), ('.strtab', 3, 0, 0, strings)]
    names = b'\0' + b''.join(part[0].encode() + b'\0' for part in parts) + b'.shstrtab\0'
    parts.append(('.shstrtab', 3, 0, 0, names))
    loads = sum(1 for part in parts if part[3])
    at = 64 + 56 * loads
    body, headers, segments = b'', b'\0' * 64, b''
    for i, (name, kind, flags, address, data) in enumerate(parts):
        link = len(parts) - 1 if name == '.symtab' else 0
        entry = {'.symtab': 24, '.rela.dyn': 24}.get(name, 0)
        headers += struct.pack('<IIQQQQIIQQ', names.index(name.encode() + b'\0'), kind, flags, address,
                               at + len(body), len(data), link, 0, 8, entry)
        if address:
            segments += struct.pack('<IIQQQQQQ', 1, 5 if name == '.text' else 4, at + len(body), address, address,
                                    len(data), len(data), 8)
        body += data + b'\0' * (-len(data) % 8)
    header = b'\x7fELF\x02\x01\x01'.ljust(16, b'\0') + struct.pack(
        '<HHIQQQIHHHHHH', 3 if pie else 2, 62, 1, TEXT, 64, at + len(body), 0, 64, 56, loads, 64, len(parts) + 1,
        len(parts))
    return header + segments + body + headers


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))

    def write(target, name, data):
        os.makedirs(os.path.join(folder, target), exist_ok=True)
        with open(os.path.join(folder, target, name), 'wb') as file:
            file.write(data)

    for minor in (18, 22, 23, 26, 27):
        for flags in (0, 1) if minor == 26 else (0,):
            text, places = make_text(minor)
            table, tree = make_table(minor, text, places)
            types = make_types()
            sizes = struct.pack('<HHH', len(text), len(types), len(tree))
            write('fuzz_go_pclntab', f'go1.{minor}' + ('-pie' if flags else ''),
                  bytes([minor - 18, flags]) + sizes + text + types + tree + table)
    with tempfile.TemporaryDirectory() as scratch:
        dwarf = {version: make_dwarf(version, scratch) for version in (4, 5)}
    write('fuzz_elf_image', 'dwarf5-symbols', make_elf(26, dwarf[5], '', symbols=True))
    write('fuzz_elf_image', 'dwarf4-zlib', make_elf(24, dwarf[4], 'zlib'))
    write('fuzz_elf_image', 'dwarf4-zdebug', make_elf(22, dwarf[4], 'zdebug'))
    write('fuzz_elf_image', 'dwarf5-zstd-pie', make_elf(27, dwarf[5], 'zstd', pie=True))
    write('fuzz_elf_image', 'stripped-pie', make_elf(25, {}, '', pie=True))
    write('fuzz_elf_image', 'stripped', make_elf(23, {}, ''))


if __name__ == '__main__':
    main()
