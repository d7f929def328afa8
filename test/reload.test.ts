/** Reloads: the last one counts, and a group keeps its id while the database is away. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { loadConfiguration } from "../daemon/src/config/load.ts";
import type { Event } from "../daemon/src/core/events.ts";
import { followConfiguration } from "../daemon/src/reload.ts";

const folder = mkdtempSync(join(tmpdir(), "sessionman-reload-"));
const file = join(folder, "sessionman.yaml");
const listeners = process.listeners("SIGHUP");

afterEach(() => {
  for (const listener of process.listeners("SIGHUP")) {
    if (!listeners.includes(listener)) process.removeListener("SIGHUP", listener);
  }
  rmSync(folder, { recursive: true, force: true });
});

const limited = "limits:\n  groups:\n    students: { pids_max: 10 }\n";

it("lets the later of two reloads win, and keeps the id of a group that is not found now", () => {
  const events: Event[] = [];
  const answers: ((gid: number | null) => void)[] = [];
  const log = { debug() {}, info() {}, warn() {}, error() {}, configure() {}, flush() {} };
  writeFileSync(file, limited, { mode: 0o644 });
  const loaded = loadConfiguration(file, { memoryBytes: 2 ** 30 });
  if (!loaded.ok) throw new Error("the configuration of this test is wrong");
  followConfiguration({
    file,
    settings: loaded.settings,
    paths: { run: folder, runtimeDirectories: "/run/user", cgroupRoot: null },
    kernel: { lookUpGroup: (_name, found) => void answers.push(found) },
    log,
    submit: (event) => void events.push(event),
    gids: new Map([["students", 500]]),
    remember: () => {},
  });
  writeFileSync(file, "sessions_max: 7\n");
  process.emit("SIGHUP");
  expect(events).toMatchObject([{ kind: "policy.changed", policy: { sessionsMax: 7 } }]);
  answers[0]?.(501);
  expect(events).toHaveLength(1);

  writeFileSync(file, limited);
  process.emit("SIGHUP");
  answers[1]?.(null);
  expect(events[1]).toMatchObject({ policy: { limits: { groups: [{ gid: 501 }] } } });
});
