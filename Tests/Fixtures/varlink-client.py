#!/usr/bin/env python3
"""A varlink client of its own, written from the description of the protocol and nothing else: standard library only.

usage: varlink-client.py SOCKET METHOD [PARAMETERS] [--more N]
Prints each reply as a line of JSON; with --more, at most N of them. Checks every message against the interface that
the service itself describes: method, parameters and results.
"""
import json
import re
import socket
import sys


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.rest = b""

    def send(self, method, parameters, **flags):
        message = dict(method=method, parameters=parameters, **flags)
        self.socket.sendall(json.dumps(message).encode() + b"\0")

    def receive(self):
        while b"\0" not in self.rest:
            piece = self.socket.recv(65536)
            if not piece:
                raise SystemExit("the service has hung up")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, parameters=None):
        self.send(method, parameters or {})
        reply = self.receive()
        assert set(reply) <= {"parameters", "error", "continues"}, reply
        assert not reply.get("continues"), reply
        return reply


class Interface:
    """As much of the interface language as there is: struct, enum, array, map, optional, named types."""

    def __init__(self, text):
        text = re.sub(r"#[^\n]*", "", text)
        self.tokens = re.findall(r"->|\[string\]|\[\]|[A-Za-z][A-Za-z0-9_.]*|[():,?]", text)
        self.types, self.methods, self.errors = {}, {}, {}
        assert self.take() == "interface"
        self.name = self.take()
        while self.tokens:
            word, name = self.take(), self.take()
            assert re.fullmatch("[A-Z][A-Za-z0-9]*", name), name
            if word == "type":
                self.types[name] = self.type()
            elif word == "method":
                given = self.type()
                assert self.take() == "->"
                self.methods[name] = (given, self.type())
            elif word == "error":
                self.errors[name] = self.type()
            else:
                raise AssertionError(word)

    def take(self):
        return self.tokens.pop(0)

    def type(self):
        token = self.take()
        if token in ("?", "[]", "[string]"):
            return (token, self.type())
        if token != "(":
            return ("name", token)
        fields, words = {}, []
        while self.tokens[0] != ")":
            name = self.take()
            assert re.fullmatch("[A-Za-z](_?[A-Za-z0-9])*", name), name
            if self.tokens[0] == ":":
                self.take()
                fields[name] = self.type()
            else:
                words.append(name)
            if self.tokens[0] == ",":
                self.take()
        self.take()
        assert not (fields and words)
        return ("enum", words) if words else ("struct", fields)

    def check(self, kind, value):
        what, inner = kind
        if what == "?":
            return value is None or self.check(inner, value)
        if what == "[]":
            return isinstance(value, list) and all(self.check(inner, one) for one in value)
        if what == "enum":
            return value in inner
        if what == "struct":
            optional = {name for name, of in inner.items() if of[0] == "?"}
            return (isinstance(value, dict) and set(inner) - optional <= set(value) <= set(inner)
                    and all(self.check(inner[name], one) for name, one in value.items()))
        if inner == "bool":
            return isinstance(value, bool)
        if inner == "int":
            return isinstance(value, int) and not isinstance(value, bool)
        if inner == "string":
            return isinstance(value, str)
        return self.check(self.types[inner], value)


def main():
    path, method, *rest = sys.argv[1:]
    parameters = json.loads(rest[0]) if rest and not rest[0].startswith("--") else {}
    most = int(rest[rest.index("--more") + 1]) if "--more" in rest else 0
    client = Client(path)
    info = client.call("org.varlink.service.GetInfo")["parameters"]
    interfaces = {}
    for name in info["interfaces"]:
        described = client.call("org.varlink.service.GetInterfaceDescription", {"interface": name})
        interfaces[name] = Interface(described["parameters"]["description"])
        assert interfaces[name].name == name
    interface = interfaces[method.rpartition(".")[0]]
    given, returned = interface.methods[method.rpartition(".")[2]]
    assert interface.check(given, parameters), "the parameters are not what the interface says"
    client.send(method, parameters, **({"more": True} if most else {}))
    for _ in range(max(1, most)):
        reply = client.receive()
        if "error" in reply:
            of, _, name = reply["error"].rpartition(".")
            assert interfaces[of].check(interfaces[of].errors[name], reply["parameters"]), reply
        else:
            assert interface.check(returned, reply["parameters"]), reply
        print(json.dumps(reply), flush=True)
        if not reply.get("continues"):
            break


main()
