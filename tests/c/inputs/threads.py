# usage: threads.py THREADS OBJECTS [children]	each thread makes so many; with the last word, programs are started too
import json, subprocess, sys, threading
nthreads, nobjects = int(sys.argv[1]), int(sys.argv[2])
total = []
def work():
    total.append(len(json.dumps([dict(number=i, text=str(i) * 20) for i in range(nobjects)])))
threads = [threading.Thread(target=work) for _ in range(nthreads)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sum(total))
if sys.argv[3:] == ["children"]:
    print(subprocess.run(["sh", "-c", "echo from a child; env | grep -c LD_PRELOAD"], capture_output=True, text=True).stdout)
    print(subprocess.run(["/bin/true"]).returncode)
