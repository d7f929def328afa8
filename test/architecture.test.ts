/** Who may import whom, as data; and that the core is pure. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = new URL("../daemon/src/", import.meta.url).pathname;

/** What each room may import besides its own files: a room, or one file of a room. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  core: [],
  loop: ["core"],
  kernel: ["core", "loop/ports.ts", "loop/seat-ports.ts"],
  "pam-socket": ["core", "loop/ports.ts", "loop/log-limit.ts", "kernel/kernel.ts"],
  varlink: ["core", "loop/ports.ts", "loop/log-limit.ts", "kernel/kernel.ts"],
  control: ["varlink", "core", "loop/ports.ts", "kernel/kernel.ts", "kernel/seat-kernel.ts"],
  bus: ["core", "loop/ports.ts", "loop/log-limit.ts", "kernel/kernel.ts"],
  login1: ["bus", "varlink", "core", "loop/ports.ts", "kernel/kernel.ts"],
  seatd: [
    "core",
    "loop/ports.ts",
    "loop/seat-ports.ts",
    "loop/log-limit.ts",
    "kernel/kernel.ts",
    "kernel/seat-kernel.ts",
  ],
  store: ["core", "loop/ports.ts", "kernel/kernel.ts"],
  config: ["core", "loop/ports.ts"],
  ctl: [
    "control/interface.ts",
    "control/interface-text.ts",
    "varlink/types.ts",
    "kernel/addon.ts",
    "kernel/kernel.ts",
    "version.ts",
  ],
};

/** Bytes in, values out: these may import the core and their neighbours only, and no part of Node. */
const pure = [
  "bus/basic.ts",
  "bus/codec.ts",
  "bus/define.ts",
  "bus/frames.ts",
  "bus/greeting.ts",
  "bus/header.ts",
  "bus/introspection.ts",
  "bus/labels.ts",
  "bus/names.ts",
  "bus/reader.ts",
  "bus/signature.ts",
  "bus/writer.ts",
  "varlink/codec.ts",
  "varlink/types.ts",
  "pam-socket/codec.ts",
  "seatd/admission.ts",
  "seatd/codec.ts",
  "seatd/reply-policy.ts",
  "store/envelope.ts",
  "store/render.ts",
  "store/sd-login.ts",
  "store/render-inhibitor.ts",
  "store/render-seat.ts",
  "store/render-user.ts",
  "kernel/manager-socket.ts",
  "kernel/acl.ts",
  "kernel/device-table.ts",
  "config/options.ts",
  "config/parse.ts",
  "config/kinds.ts",
  "config/tree.ts",
];

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);

function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), "utf8");
  return [...text.matchAll(/(?:from|import\() ?"([^"]+)"/g)].map((match) => match[1] ?? "");
}

function target(file: string, specifier: string): string {
  return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier;
}

describe("imports", () => {
  it.each(files.filter((file) => file.includes("/")))("%s stays within its room's allowance", (file) => {
    const room = file.split("/")[0] ?? "";
    const allowed = rooms[room];
    expect(allowed, `the room ${room} is not in the table`).toBeDefined();
    for (const specifier of importsOf(file)) {
      const to = target(file, specifier);
      if (!specifier.startsWith(".") || to.startsWith(`${room}/`)) continue;
      expect(
        allowed?.some((entry) => to === entry || to.startsWith(`${entry}/`)),
        `${file} imports ${to}`,
      ).toBe(true);
    }
  });

  it.each(pure.filter((file) => files.includes(file)))("%s is pure", (file) => {
    const foreign = importsOf(file).filter((specifier) => specifier.startsWith("node:"));
    expect(foreign).toEqual([]);
  });
});

describe("dbus-next", () => {
  it("lends its words to one file, and nothing that touches a socket", () => {
    const imports = files.flatMap((file) => importsOf(file).map((specifier) => `${file} ${specifier}`));
    const used = imports.filter(
      (each) => /dbus-next|usocket/.test(each) && !each.endsWith("./dbus-next.d.ts"),
    );
    expect(new Set(used)).toEqual(
      new Set(["errors", "message-type", "variant"].map((name) => `bus/values.ts dbus-next/lib/${name}.js`)),
    );
  });
});

describe("the core", () => {
  it.each(files.filter((file) => file.startsWith("core/")))(
    "%s has no clock, no chance and no console",
    (file) => {
      const code = readFileSync(join(SOURCE, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      expect(code).not.toMatch(/\bDate\b|Math\.random|\bconsole\b|\bperformance\b|globalThis/);
    },
  );
});
