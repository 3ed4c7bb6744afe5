"""Process 1 of the lab: gives the namespace its addresses, reports its own number, and stays until it is killed.

usage: keeper.py PIDFILE CLIENT-ADDRESS/PREFIX ADDRESS/PREFIX...
"""
import fcntl, os, signal, socket, struct, sys

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, IFF_UP = 0x8913, 0x8914, 0x8916, 0x891C, 1
RTM_NEWLINK, IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND = 16, 3, 18, 1
NLM_F_REQUEST_ACK_CREATE_EXCL = 0x605


def attribute(kind, payload):
    size = 4 + len(payload)
    return struct.pack("HH", size, kind) + payload + b"\0" * (-size % 4)


def add_interface(name, kind):
    """Returns the kernel's error number, 0 when the interface was made."""
    link = attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, kind.encode()))
    body = struct.pack("BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0) + attribute(IFLA_IFNAME, name.encode() + b"\0") + link
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        header = struct.pack("IHHII", 16 + len(body), RTM_NEWLINK, NLM_F_REQUEST_ACK_CREATE_EXCL, 1, 0)
        netlink.send(header + body)
        return -struct.unpack("i", netlink.recv(4096)[16:20])[0]


def request(name, payload):
    return struct.pack("16s", name.encode()) + payload.ljust(24, b"\0")


def add_address(control, name, text):
    ip, prefix = text.split("/")
    mask = struct.pack(">I", 0xFFFFFFFF << (32 - int(prefix)) & 0xFFFFFFFF)
    for call, address in ((SIOCSIFADDR, socket.inet_aton(ip)), (SIOCSIFNETMASK, mask)):
        fcntl.ioctl(control, call, request(name, struct.pack("HH4s", socket.AF_INET, 0, address)))


def bring_up(control, name):
    flags = struct.unpack("H", fcntl.ioctl(control, SIOCGIFFLAGS, request(name, b""))[16:18])[0]
    fcntl.ioctl(control, SIOCSIFFLAGS, request(name, struct.pack("H", flags | IFF_UP)))


# istioctl and pilot-agent look for their own address on interfaces other than the loopback device. Which kinds
# exist depends on the kernel.
for kind in ("dummy", "bridge", "veth", "ifb"):
    error = add_interface("clients", kind)
    if error == 0:
        break
else:
    sys.exit(f"no interface can be made (dummy, bridge, veth, ifb): {os.strerror(error)}")

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    add_address(control, "clients", sys.argv[2])
    bring_up(control, "clients")
    bring_up(control, "lo")
    for number, argument in enumerate(sys.argv[3:], start=1):
        add_address(control, f"lo:{number}", argument)

# /proc is the host's, so this is the number by which the outside knows this process.
with open(sys.argv[1] + ".new", "w", encoding="ascii") as file:
    file.write(os.readlink("/proc/self"))
os.rename(sys.argv[1] + ".new", sys.argv[1])

# Children of servers that ended come here, and nobody waits for them.
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    signal.pause()
