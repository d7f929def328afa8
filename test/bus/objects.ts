/** What the service of test/bus/run serves: every kind of method, property and signal, each for a test. */

import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Prepared } from "../../daemon/src/bus/body.ts";
import type { Bus } from "../../daemon/src/bus/bus.ts";
import { defineInterface } from "../../daemon/src/bus/define.ts";
import { escapeLabel, unescapeLabel } from "../../daemon/src/bus/labels.ts";
import type { Polkit } from "../../daemon/src/bus/polkit.ts";
import { type Interface, LATER } from "../../daemon/src/bus/table.ts";
import { createTree } from "../../daemon/src/bus/tree.ts";
import { DBusError, type Value } from "../../daemon/src/bus/values.ts";
import { KernelError } from "../../daemon/src/kernel/kernel.ts";

export const NAME = "org.sessionman.Test";
export const ROOT = "/org/sessionman/Test";

/** Every type, alone and inside others. */
const EVERYTHING = "ybnqiuxtdsogvasay(si)a{sv}a(uso)aaia{ta{ss}}";

const PREPARED = new Prepared("as", [["one", "two"]]);

export interface Service {
  readonly bus: Bus;
  readonly polkit: Polkit;
  text: string;
  count: number;
  /** Unique names of those who asked to be watched and have left since. */
  readonly left: string[];
}

let texts = 0;

function openText(text: string): number {
  texts += 1;
  const file = `/tmp/text-${texts}`;
  writeFileSync(file, text);
  return openSync(file, "r");
}

function fail(kind: string): never {
  if (kind === "bus") throw new DBusError("org.sessionman.Error.Busy", "busy as asked");
  if (kind === "kernel") throw new KernelError("revoke", "ENODEV", "/dev/input/event3");
  throw new Error("a bug, as asked");
}

const methods: Interface<Service> = defineInterface<Service>({
  name: NAME,
  methods: [
    { name: "Nop", in: "", out: "", args: [], handler: () => [] },
    {
      name: "Everything",
      in: EVERYTHING,
      out: EVERYTHING,
      args: [..."abcdefghijklmnopqrst", ..."abcdefghijklmnopqrst"].map((name, i) => `${name}${i}`),
      handler: (_, call) => call.args,
    },
    { name: "Echo", in: "v", out: "v", args: ["in_value", "out_value"], handler: (_, call) => call.args },
    {
      name: "Who",
      in: "",
      out: "suub",
      args: ["name", "uid", "pid", "interactive"],
      handler: (_, { caller, interactive }) => [caller.name, caller.uid, caller.pid ?? 0, interactive],
    },
    {
      name: "Slow",
      in: "u",
      out: "s",
      args: ["milliseconds", "answer"],
      async handler(_, call) {
        await sleep(Number(call.args[0]));
        return [call.caller.gone ? "gone" : "there"];
      },
    },
    {
      name: "Later",
      in: "u",
      out: "s",
      args: ["milliseconds", "answer"],
      handler(service, call) {
        setTimeout(() => {
          service.bus.emit(ROOT, methods, "Before", []);
          call.reply(["later"]);
          call.reply(["twice"]);
          service.bus.emit(ROOT, methods, "After", []);
        }, Number(call.args[0]));
        return LATER;
      },
    },
    { name: "Never", in: "", out: "", args: [], handler: () => LATER },
    { name: "Fail", in: "s", out: "", args: ["kind"], handler: (_, call) => fail(String(call.args[0])) },
    {
      name: "FailLater",
      in: "s",
      out: "",
      args: ["kind"],
      async handler(_, call) {
        await sleep(1);
        fail(String(call.args[0]));
      },
    },
    { name: "WrongAnswer", in: "", out: "u", args: ["answer"], handler: () => ["no number"] },
    { name: "WrongPath", in: "", out: "o", args: ["answer"], handler: () => ["/not-a-path"] },
    { name: "Prepared", in: "", out: "as", args: ["answer"], handler: () => PREPARED },
    {
      name: "Many",
      in: "u",
      out: "a(susso)",
      args: ["count", "rows"],
      handler: (_, call) => [
        Array.from({ length: Number(call.args[0]) }, (_, i) => [
          `${i}`,
          i,
          "somebody",
          "seat0",
          `${ROOT}/item/_3${i % 10}`,
        ]),
      ],
    },
    {
      name: "OpenText",
      in: "s",
      out: "hbh",
      args: ["text", "first", "flag", "second"],
      handler: (_, call) => {
        const text = String(call.args[0]);
        return { body: [1, true, 0], fds: [openText(`${text} 0`), openText(`${text} 1`)] };
      },
    },
    {
      name: "ReadText",
      in: "hsh",
      out: "ss",
      args: ["first", "word", "second", "first_text", "second_text"],
      handler: (_, call) => [
        readFileSync(call.fd(call.args[0] as Value), "latin1"),
        readFileSync(call.fd(call.args[2] as Value), "latin1"),
      ],
    },
    {
      name: "KeepOne",
      in: "h",
      out: "s",
      args: ["file", "text"],
      async handler(_, call) {
        const fd = call.takeFd(call.args[0] as Value);
        await sleep(20);
        const text = readFileSync(fd, "latin1");
        closeSync(fd);
        return [text];
      },
    },
    {
      name: "Watch",
      in: "",
      out: "",
      args: [],
      handler(service, { caller }) {
        caller.whenGone(() => service.left.push(caller.name));
        return [];
      },
    },
    { name: "Left", in: "", out: "as", args: ["names"], handler: ({ left }) => [left] },
    {
      name: "LookUp",
      in: "s",
      out: "ai",
      args: ["name", "uid"],
      async handler({ bus }, call) {
        const found = await bus.lookUp(String(call.args[0]));
        return [found === null ? [] : [found.uid]];
      },
    },
    {
      name: "Tell",
      in: "s",
      out: "",
      args: ["to"],
      handler({ bus }, call) {
        bus.tell({
          to: String(call.args[0]),
          path: ROOT,
          table: methods,
          signal: "Given",
          body: [7, 0],
          fds: [openText("given")],
        });
        return [];
      },
    },
    {
      name: "Flood",
      in: "u",
      out: "",
      args: ["count"],
      handler({ bus }, call) {
        for (let i = 0; i < Number(call.args[0]); i += 1) bus.emit(ROOT, methods, "Counted", [i]);
        return [];
      },
    },
    {
      name: "Change",
      in: "as",
      out: "",
      args: ["names"],
      handler(service, call) {
        service.count += 1;
        service.bus.changed(ROOT, methods, service, call.args[0] as string[]);
        return [];
      },
    },
    {
      name: "Ask",
      in: "sb",
      out: "s",
      args: ["action", "interactive", "answer"],
      handler: async ({ polkit }, { caller, args }) => [
        await polkit.check({ caller, action: String(args[0]), interactive: args[1] === true }),
      ],
    },
    { name: "Fds", in: "", out: "u", args: ["open"], handler: () => [openFds()] },
    { name: "Memory", in: "", out: "t", args: ["bytes"], handler: () => [BigInt(process.memoryUsage.rss())] },
    { name: "Secret", in: "", out: "", args: [], hidden: true, handler: () => [] },
    { name: "Old", in: "", out: "", args: [], deprecated: true, handler: () => [] },
  ],
  properties: [
    { name: "Constant", signature: "s", emits: "const", get: () => "always" },
    {
      name: "Text",
      signature: "s",
      emits: "true",
      get: ({ text }) => text,
      set(service, value, call) {
        if (call.caller.uid !== 0)
          throw new DBusError("org.freedesktop.DBus.Error.AccessDenied", "root only");
        service.text = String(value);
      },
    },
    { name: "Count", signature: "u", emits: "true", get: ({ count }) => count },
    { name: "Pairs", signature: "a(so)", emits: "invalidates", get: () => [["root", ROOT]] },
    { name: "Time", signature: "t", emits: "false", get: () => 18446744073709551615n },
    { name: "Hidden", signature: "(so)", emits: "const", hidden: true, get: () => ["", "/"] },
    {
      name: "Broken",
      signature: "u",
      emits: "false",
      hidden: true,
      get: ({ text }) => (text === "broken" ? fail("bug") : 1),
    },
  ],
  signals: [
    { name: "Before", signature: "", args: [] },
    { name: "After", signature: "", args: [] },
    { name: "Counted", signature: "u", args: ["number"] },
    { name: "Given", signature: "uh", args: ["number", "file"] },
  ],
});

const item = defineInterface<{ readonly name: string }>({
  name: "org.sessionman.Test.Item",
  methods: [{ name: "Name", in: "", out: "s", args: ["name"], handler: ({ name }) => [name] }],
  properties: [{ name: "Id", signature: "s", emits: "const", get: ({ name }) => name }],
});

const ITEMS = ["1", "c2", "sea-t", "ünï"];

/** "self" stands for the item of the caller's uid. */
function objectNamed(label: string, uid: number): string | null {
  const name = label === "self" ? (uid === 0 ? "1" : null) : unescapeLabel(label);
  return name !== null && ITEMS.includes(name) ? name : null;
}

export function makeTree(service: () => Service) {
  return createTree(
    new Map([[ROOT, () => ({ target: service(), interfaces: [methods] })]]),
    new Map([
      [
        `${ROOT}/item`,
        {
          object(label, caller) {
            const name = objectNamed(label, caller.uid);
            return name === null ? null : { target: { name }, interfaces: [item] };
          },
          names: (caller) => [...ITEMS.map(escapeLabel), ...(caller.uid === 0 ? ["self"] : [])],
        },
      ],
    ]),
  );
}

function openFds(): number {
  return readdirSync("/proc/self/fd").length - 1;
}
