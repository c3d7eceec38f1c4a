"""Runs the timing driver and makes medians and paired ratios of what it prints. Standard library only."""

import os
import pwd
import shutil
import stat
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
OUT = os.path.join(ROOT, "build", "bench")
PROGRAMS = ["floor", "driver", "filter.bpf", "true", "line", "pause", "stamp", "calls", "crash"]


class Stage:
    """A directory every user can reach, holding the programs; removed at the end."""

    def __init__(self, user=None):
        subprocess.run(["make", "-s", "-C", HERE, f"OUT={OUT}"], check=True)
        # Not below /tmp or /var/tmp, which some launchers replace.
        base = "/opt" if os.access("/opt", os.W_OK) else os.path.expanduser("~")
        self.path = tempfile.mkdtemp(prefix="isolated-bench.", dir=base)
        os.chmod(self.path, 0o755)
        for name in PROGRAMS:
            shutil.copy(os.path.join(OUT, name), self.path)
        self.account = pwd.getpwnam(user) if user else None
        # Container runtimes give what is their standard input to the container's user: not the machine's own node.
        self.null = "/dev/null"
        if os.getuid() == 0:
            self.null = os.path.join(self.path, "null")
            os.mknod(self.null, stat.S_IFCHR, os.makedev(1, 3))
            os.chmod(self.null, 0o666)

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    @property
    def is_root(self):
        return os.getuid() == 0 and (self.account is None or self.account.pw_uid == 0)

    def identity(self):
        """Arguments for subprocess that make a command run as the chosen user."""
        if self.account is None or os.getuid() != 0:
            return {}
        account = self.account
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def environment(self):
        home = self.account.pw_dir if self.account else os.environ.get("HOME", "/")
        name = self.account.pw_name if self.account else pwd.getpwuid(os.getuid()).pw_name
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": home, "USER": name,
                "LANG": "C.UTF-8"}

    def _drive(self, mode, commands, numbers):
        listing = self / "commands"
        with open(listing, "w", encoding="utf-8") as file:
            for name, words in commands.items():
                file.write("\t".join([name, *words]) + "\n")
        argv = [self / "driver", mode, listing, *map(str, numbers)]
        if self.account is not None and os.getuid() == 0:
            argv += [str(self.account.pw_uid), str(self.account.pw_gid)]
        done = subprocess.run(argv, check=True, capture_output=True, text=True,
                              env={**self.environment(), "DRIVER_NULL": self.null})
        return [line.split("\t") for line in done.stdout.splitlines()]

    def wall(self, commands, rounds, warmup=5):
        """{name: [(milliseconds, CPU milliseconds)]}, interleaved; a failing launch is an error."""
        result = {name: [] for name in commands}
        for _, name, wall, user, system, status in self._drive("wall", commands, [rounds, warmup]):
            if int(status) != 0:
                raise SystemExit(f"{name}: wait status {status} while being measured")
            result[name].append((int(wall) / 1e6, (int(user) + int(system)) / 1e3))
        return result

    def flight(self, commands, rounds, count, width):
        """{name: [launches per second]} with width launches in flight."""
        result = {name: [] for name in commands}
        for _, name, rate in self._drive("flight", commands, [rounds, count, width]):
            result[name].append(float(rate))
        return result

    def try_once(self, words):
        """None if the command works, else its first line of complaint."""
        script, words, identity = 'exec "$@"', list(words), self.identity()
        while words[0].startswith(("fd=", "mntns=")):
            word = words.pop(0)
            if word.startswith("fd="):
                number, path = word[3:].split(":", 1)
                script = f'exec {number}<"{path}"; {script}'
            elif identity:
                words = ["nsenter", word.replace("mntns=", "--mount="), "setpriv",
                         f"--reuid={identity['user']}", f"--regid={identity['group']}",
                         "--clear-groups", *words]
                identity = {}
            else:
                words = ["nsenter", word.replace("mntns=", "--mount="), *words]
        try:
            with open(self.null, "rb") as null:
                done = subprocess.run(["bash", "-c", script, "bash", *words], stdin=null,
                                      capture_output=True, text=True, timeout=60,
                                      env=self.environment(), **identity)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode == 0:
            return None
        said = (done.stderr or done.stdout).strip().splitlines()
        return said[-1] if said else f"exit status {done.returncode}"


def median(values):
    return statistics.median(values)


def ratios(samples, base):
    """Pair by pair: (smallest tenth, median, largest tenth) of sample / base of the same round."""
    each = sorted(a / b for a, b in zip(samples, base, strict=True))
    tenth = len(each) // 10
    return each[tenth], statistics.median(each), each[-1 - tenth]
