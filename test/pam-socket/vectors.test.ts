/** The bytes on which pam/wire.c and the codec must agree; test/vectors/README.md describes the files. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AskedLimits } from "../../daemon/src/core/session-limits.ts";
import {
  decodeRequest,
  encodeReply,
  type ReplyStatus,
  type Request,
} from "../../daemon/src/pam-socket/codec.ts";

const FOLDER = new URL("../vectors/", import.meta.url).pathname;

interface Vector {
  readonly kind: string;
  readonly verdict: string;
  readonly canonical: boolean;
  readonly fields: readonly (readonly [string, string])[];
  readonly packet: Uint8Array;
}

function read(name: string): Vector {
  const [head = "", body = ""] = readFileSync(FOLDER + name, "utf8").split("\n\n", 2);
  const rows = head.split("\n").filter((line) => !line.startsWith("#"));
  const value = (key: string) => rows.find((row) => row.startsWith(`${key}: `))?.slice(key.length + 2) ?? "";
  const fields = rows
    .filter((row) => row.startsWith("field: "))
    .map((row) => row.slice("field: ".length))
    .map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)] as const);
  return {
    kind: value("kind"),
    verdict: value("verdict"),
    canonical: value("canonical") === "yes",
    fields,
    packet: bytes(body),
  };
}

function bytes(body: string): Uint8Array {
  const hex = body
    .split("\n")
    .map((line) => line.replace(/#.*/, ""))
    .join(" ")
    .replaceAll(/([0-9a-f]{2})\*([0-9]+)/g, (_, byte: string, times: string) => byte.repeat(Number(times)))
    .replaceAll(/\s/g, "");
  return Buffer.from(hex, "hex");
}

/** The request as the fields that make it, in the words of the wire. */
function fieldsOf(request: Request): Record<string, string> {
  if (request.verdict === "close") return { OP: "close", ID: request.id };
  if (request.verdict !== "open") throw new Error(`a ${request.verdict} has no fields`);
  const { facts } = request;
  const all = {
    OP: "open",
    NONCE: request.nonce,
    USER: facts.user,
    UID: String(facts.uid),
    GID: String(facts.gid),
    SERVICE: facts.service,
    TTY: facts.tty,
    DISPLAY: facts.display,
    RHOST: facts.remoteHost,
    RUSER: facts.remoteUser,
    ARG_TYPE: facts.asked.type,
    ARG_CLASS: facts.asked.class,
    ARG_DESKTOP: facts.asked.desktop,
    ENV_TYPE: facts.hinted.type,
    ENV_CLASS: facts.hinted.class,
    ENV_DESKTOP: facts.hinted.desktop,
    ENV_SEAT: facts.hinted.seat,
    ENV_VTNR: facts.hinted.vtnr,
    ENV_INCOMPLETE: facts.hinted.incomplete,
    LIMITS: limitsText(facts.limits),
    GROUPS: facts.groups.join(","),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

function limitsText({ limits, runtimeMax }: AskedLimits): string {
  const rows = [
    ["memory_max", limits["memory.max"]],
    ["tasks_max", limits["pids.max"]],
    ["cpu_weight", limits["cpu.weight"]],
    ["io_weight", limits["io.weight"]],
    ["runtime_max_sec", runtimeMax === null ? undefined : runtimeMax / 1_000_000],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join(";");
}

const vectors = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".hex"))
  .map((name) => [name, read(name)] as const);

describe("requests", () => {
  it.each(vectors.filter(([, vector]) => vector.kind === "request"))("%s", (_name, vector) => {
    const request = decodeRequest(vector.packet);
    if (vector.verdict !== "valid") return expect(request.verdict).toBe(vector.verdict);
    expect(["open", "close"]).toContain(request.verdict);
    expect(fieldsOf(request)).toEqual(Object.fromEntries(vector.fields));
  });
});

describe("replies", () => {
  it.each(vectors.filter(([, vector]) => vector.kind === "reply" && vector.canonical))(
    "%s",
    (_name, vector) => {
      const [[, status] = ["", ""], ...rest] = vector.fields;
      expect(Buffer.from(encodeReply(status as ReplyStatus, rest))).toEqual(vector.packet);
    },
  );
});

describe("no bytes at all", () => {
  it("make the decoder throw", () => {
    let seed = 1;
    const next = () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed;
    };
    for (let round = 0; round < 20_000; round++) {
      const [, vector] = vectors[next() % vectors.length] ?? ["", null];
      if (vector === null) continue;
      const packet = Uint8Array.from(vector.packet);
      for (let hits = next() % 4; hits >= 0 && packet.length > 0; hits--)
        packet[next() % packet.length] = next() & 255;
      expect(typeof decodeRequest(packet.subarray(0, next() % (packet.length + 1))).verdict).toBe("string");
    }
  });
});
