"""Process 1 of the lab: gives the namespace its addresses, reports its own number, and reaps until it is killed.

usage: keeper.py PIDFILE ADDRESS/PREFIX...
"""
import fcntl, os, signal, socket, struct, sys

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, IFF_UP = 0x8913, 0x8914, 0x8916, 0x891C, 1


def request(name, payload):
    return struct.pack("16s", name.encode()) + payload.ljust(24, b"\0")


def address(text):
    return struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(text))


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    flags = struct.unpack("H", fcntl.ioctl(control, SIOCGIFFLAGS, request("lo", b""))[16:18])[0]
    fcntl.ioctl(control, SIOCSIFFLAGS, request("lo", struct.pack("H", flags | IFF_UP)))
    for number, argument in enumerate(sys.argv[2:], start=1):
        ip, prefix = argument.split("/")
        mask = socket.inet_ntoa(struct.pack(">I", (0xFFFFFFFF << (32 - int(prefix))) & 0xFFFFFFFF))
        fcntl.ioctl(control, SIOCSIFADDR, request(f"lo:{number}", address(ip)))
        fcntl.ioctl(control, SIOCSIFNETMASK, request(f"lo:{number}", address(mask)))

# /proc is the host's, so this is the number by which the outside knows this process.
with open(sys.argv[1] + ".new", "w", encoding="ascii") as file:
    file.write(os.readlink("/proc/self"))
os.rename(sys.argv[1] + ".new", sys.argv[1])

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    signal.pause()
