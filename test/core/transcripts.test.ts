/**
 * Stories in text: below each event ("> kind key=value ...") stand the complete effects that the core orders.
 * REWRITE=1 writes what happens now into the files; commit the difference only if you can explain it.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Effect } from "../../daemon/src/core/effects.ts";
import type { Event } from "../../daemon/src/core/events.ts";
import type { World } from "../../daemon/src/core/model.ts";
import { emptyWorld, step } from "../../daemon/src/core/step.ts";
import { facts } from "./facts.ts";
import { policy } from "./simulation.ts";

const FOLDER = new URL("../transcripts/", import.meta.url).pathname;

type Words = ReadonlyMap<string, string>;

function parse(line: string): { kind: string; words: Words } {
  const [kind = "", ...rest] = line.slice(2).split(" ");
  return { kind, words: new Map(rest.map((word) => word.split("=", 2) as [string, string])) };
}

const at = { realtime: 1_000_000, monotonic: 1_000_000 };

function identity(pid: number, executable = "1:1") {
  return { pid, start: String(pid), inode: "", executable };
}

function openRequested(words: Words): Event {
  const text = (key: string) => words.get(key) ?? "";
  const uid = Number(text("uid") || 1000);
  return {
    kind: "session.openRequested",
    at,
    requester: { room: text("room") === "control" ? "control" : "pam", call: Number(text("call") || 1) },
    facts: facts(uid, {
      tty: text("tty"),
      ttyVt: Number(text("vt") || 0),
      service: text("service") || "login",
      remoteHost: text("rhost"),
    }),
    leader: {
      identity: identity(Number(text("pid") || 100)),
      insideSession: words.get("inside") ?? null,
      sameNamespace: true,
    },
    nonce: text("nonce"),
    lifetime: true,
  };
}

const PLAIN: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["yes", true],
  ["no", false],
  ["none", []],
]);

/** Everything but an open request: the words are the fields, numbers where they look like numbers. */
function plainEvent(kind: string, words: Words): Event {
  const fields: Record<string, unknown> = { kind, at, requester: { room: "control", call: 1 } };
  fields.caller = { uid: Number(words.get("by") ?? 0), pid: Number(words.get("from") ?? 1) };
  for (const [key, value] of words)
    fields[key] = PLAIN.get(value) ?? (key === "id" || !/^\d+$/.test(value) ? value : Number(value));
  return fields as unknown as Event;
}

function restart(world: World, words: Words): Event {
  const dead = (words.get("dead") ?? "").split(",");
  const held = (words.get("held") ?? "").split(",");
  const sessions = [...world.sessions.values()].map((record) => ({
    record,
    leaderAlive: !dead.includes(record.id),
    executable: words.get("executable") ?? "1:1",
    lifetimeHeld: held.includes(record.id),
    scopeExists: true,
  }));
  const users = [...world.users.values()];
  const runtimeDirectories = users.map((user) => ({ uid: user.uid, directory: "tmpfs" as const }));
  const found = {
    nextId: world.reservedIds,
    sessions,
    users,
    orphanScopes: [],
    orphanLifetimes: [],
    runtimeDirectories,
  };
  return { kind: "daemon.started", at, found };
}

/** A field in a word; records by their id and stage. */
function show(key: string, value: unknown): string[] {
  if (key === "kind") return [];
  if (value instanceof Map) return [...value].map(([name, content]) => `${name}=${content}`);
  if (typeof value !== "object" || value === null) return [`${key}=${String(value)}`];
  const fields = value as Record<string, unknown>;
  if (key === "session")
    return [
      `session=${fields.id}`,
      ...Object.values(fields.stage as object).filter((each) => typeof each === "string"),
    ];
  if (key === "user") return [`user=${fields.uid}`, String((fields.runtime as { state: string }).state)];
  if (key === "leader") return [`leader=${fields.pid}`];
  if (key === "requester") return [`to=${fields.room}/${fields.call}`];
  return Object.entries(fields).flatMap(([name, content]) => show(name, content));
}

function line(effect: Effect): string {
  const words = Object.entries(effect).flatMap(([key, value]) => show(key, value));
  return `  ${[effect.kind, ...words].join(" ")}`;
}

function play(story: string): string {
  let world = emptyWorld(policy);
  const out: string[] = [];
  for (const text of story.split("\n")) {
    if (text.startsWith("  ")) continue;
    out.push(text);
    if (!text.startsWith("> ")) continue;
    const { kind, words } = parse(text);
    const starts = kind === "daemon.started";
    const event =
      kind === "session.openRequested"
        ? openRequested(words)
        : starts
          ? restart(world, words)
          : plainEvent(kind, words);
    const result = step(starts ? emptyWorld(policy) : world, event);
    world = result.world;
    out.push(...result.effects.map(line));
  }
  return out.join("\n");
}

describe("transcripts", () => {
  it.each(readdirSync(FOLDER))("%s", (name) => {
    const story = readFileSync(FOLDER + name, "utf8");
    const played = play(story);
    if (process.env.REWRITE === "1") writeFileSync(FOLDER + name, played);
    else expect(played).toBe(story);
  });
});
