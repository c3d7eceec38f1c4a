"""Writes the OCI bundle that crun and runc are measured with: the same isolation as the floor's."""

import json
import os

NAMESPACES = ["user", "mount", "pid", "network", "ipc", "uts", "cgroup"]


def bind(source, *options):
    return {"destination": source, "type": "none", "source": source,
            "options": ["rbind", *options]}


def filesystem(kind, where, *options):
    return {"destination": where, "type": kind, "source": kind, "options": list(options)}


def write(folder, program, shown, is_root, uid, gid, filter_names):
    """folder gets config.json and rootfs; the ids are the caller's."""
    root = os.path.join(folder, "rootfs")
    for name in ("usr", "etc", "proc", "dev", "tmp", "run", shown.lstrip("/")):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if os.path.islink("/" + name):
            os.symlink(os.readlink("/" + name), os.path.join(root, name))
    inner = 1000 if is_root else 0  # runc insists that id 0 is mapped
    size = 65536 if is_root else 1
    config = {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False, "user": {"uid": inner, "gid": inner},
            "args": [program], "env": ["PATH=/usr/bin"], "cwd": "/", "noNewPrivileges": True,
            "capabilities": {name: [] for name in
                             ("bounding", "effective", "inheritable", "permitted", "ambient")},
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "isolated",
        "mounts": [
            filesystem("proc", "/proc"), filesystem("tmpfs", "/dev", "nosuid", "mode=755"),
            filesystem("devpts", "/dev/pts", "newinstance", "ptmxmode=0666", "mode=0620"),
            filesystem("tmpfs", "/dev/shm", "nosuid", "nodev", "mode=1777"),
            filesystem("tmpfs", "/tmp", "nosuid", "nodev", "mode=1777"),
            filesystem("tmpfs", "/run", "nosuid", "nodev", "mode=755"),
            bind("/usr", "ro"), bind("/etc", "ro"), bind(shown, "ro"),
        ],
        "linux": {
            "uidMappings": [{"containerID": 0,
                             "hostID": 100000 if is_root else uid, "size": size}],
            "gidMappings": [{"containerID": 0,
                             "hostID": 100000 if is_root else gid, "size": size}],
            "namespaces": [{"type": name} for name in NAMESPACES],
            "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                        "syscalls": [{"names": filter_names, "action": "SCMP_ACT_ERRNO"}]},
        },
    }
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=1)
