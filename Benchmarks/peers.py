"""The command lines of the peers: each as near to the floor's isolation as it can be asked to go."""

import os
import shutil
import subprocess

import bundle

PACKAGES = {"bwrap": "bubblewrap", "crun": "crun", "runc": "runc", "firejail": "firejail",
            "systemd-nspawn": "systemd-container"}
REFUSED = ["bpf", "mount", "umount2", "ptrace", "keyctl", "add_key", "request_key", "kexec_load",
           "perf_event_open", "userfaultfd", "io_uring_setup", "setns", "unshare", "reboot",
           "swapon", "swapoff", "init_module", "finit_module", "delete_module", "pivot_root",
           "open_by_handle_at", "process_vm_readv", "process_vm_writev", "quotactl", "syslog"]


def bwrap(stage, program, with_filter=True):
    head = [f"fd=9:{stage / 'filter.bpf'}"] if with_filter else []
    tail = ["--seccomp", "9"] if with_filter else []
    links = []
    for name in ("bin", "sbin", "lib", "lib64"):
        if os.path.islink("/" + name):
            links += ["--symlink", os.readlink("/" + name), "/" + name]
        elif os.path.isdir("/" + name):
            links += ["--ro-bind", "/" + name, "/" + name]
    return [*head, shutil.which("bwrap"), "--unshare-user", "--unshare-pid", "--unshare-net",
            "--unshare-ipc", "--unshare-uts", "--unshare-cgroup", "--uid", "1000", "--gid", "1000",
            "--hostname", "isolated", "--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc",
            *links, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run",
            "--ro-bind", stage.path, stage.path, "--remount-ro", "/", "--cap-drop", "ALL",
            "--new-session", "--die-with-parent", *tail, *program]


class CgroupView:
    """A mount namespace with plain cgroup v2: crun refuses a machine with v1 and v2 mixed."""

    def __init__(self):
        self.holder = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", "umount -l /sys/fs/cgroup; "
             "mount -t cgroup2 none /sys/fs/cgroup; echo; exec sleep 3600"], stdout=subprocess.PIPE)
        self.holder.stdout.readline()

    def word(self):
        return f"mntns=/proc/{self.holder.pid}/ns/mnt"

    def close(self):
        self.holder.kill()
        self.holder.wait()


def oci(stage, name, view):
    """crun or runc, without a cgroup of its own where that can be said."""
    folder = stage / f"{name}-bundle"
    ids = stage.identity()
    uid = ids.get("user", os.getuid())
    gid = ids.get("group", os.getgid())
    os.mkdir(folder)
    bundle.write(folder, stage / "true", stage.path, uid == 0, uid, gid, REFUSED)
    for top, folders, files in os.walk(folder) if os.getuid() == 0 else []:
        for one in [top, *(os.path.join(top, x) for x in folders + files)]:
            os.lchown(one, uid, gid)
    how = ["--cgroup-manager=disabled"] if name == "crun" else []
    if name == "runc" and uid != 0:
        how = ["--rootless", "true"]
    return [*([view.word()] if view else []), shutil.which(name), "--root", folder + "/state", *how,
            "run", "-b", folder, "isolated-bench"]


def firejail(stage):
    return [shutil.which("firejail"), "--quiet", "--noprofile", "--net=none", "--ipc-namespace",
            "--caps.drop=all", "--seccomp", "--nonewprivs", "--private-dev", "--hostname=isolated",
            "--", stage / "true"]


def nspawn(stage):
    root = stage / "nspawn-root"
    for name in ("usr", "etc", "proc", "dev", "tmp", "run", "sys", stage.path.lstrip("/")):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if os.path.islink("/" + name):
            os.symlink(os.readlink("/" + name), os.path.join(root, name))
    return [shutil.which("systemd-nspawn"), "-q", "--register=no", "--keep-unit", "--as-pid2",
            "--private-network", "--private-users=100000:65536", "--private-users-ownership=off",
            "--link-journal=no", "-D", root, "--bind-ro=/usr", "--bind-ro=/etc",
            f"--bind-ro={stage.path}", stage / "true"]


def commands(stage, view):
    """({name: words}, [what is missing and why])."""
    makers = {"bwrap": lambda: bwrap(stage, [stage / "true"]),
              "crun": lambda: oci(stage, "crun", view), "firejail": lambda: firejail(stage),
              "runc": lambda: oci(stage, "runc", view), "systemd-nspawn": lambda: nspawn(stage)}
    found, missing = {}, []
    for name, make in makers.items():
        if not shutil.which(name):
            missing.append(f"{name}: not installed (apt-get install {PACKAGES[name]})")
            continue
        if name == "systemd-nspawn" and not stage.is_root:
            missing.append(f"{name}: needs root")
            continue
        label = "bwrap + filter" if name == "bwrap" else name
        words = make()
        complaint = stage.try_once(words)
        if complaint:
            missing.append(f"{name}: does not run here: {complaint}")
        else:
            found[label] = words
    if "bwrap + filter" in found:
        found["bwrap, no filter"] = bwrap(stage, [stage / "true"], with_filter=False)
    return found, missing
