/** What can be said about services of users, and what is refused. */

import { describe, expect, test } from "vitest";
import { parseConfiguration } from "../../daemon/src/config/parse.ts";
import { formatProblem } from "../../daemon/src/config/tree.ts";

function problemsOf(text: string): string[] {
  const parsed = parseConfiguration([{ file: "f", text }]);
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

const PATH = "an absolute path without empty, . or .. parts and without / at its end";
const BACKEND = `auto, none, dinit, runit, s6, openrc or ${PATH}`;
const MODULE = "the PAM module waits for 90 s and then lets the login go on without a session";

test.each([
  ["user_services: {backend: systemd}", `f:1:26: user_services.backend: "systemd" is not ${BACKEND}`],
  ["user_services: {backend: bin/x}", `f:1:26: user_services.backend: "bin/x" is not ${BACKEND}`],
  [
    "user_services:\n  users:\n    alice: {backend: /a/../b}",
    `f:3:22: user_services.users.alice.backend: "/a/../b" is not ${BACKEND}`,
  ],
  [
    "user_services: {linger: true}",
    'f:1:25: user_services.linger: "true" is not yes, no or per-user: write yes',
  ],
  [
    "user_services: {groups: {g: {linger: False}}}",
    'f:1:38: user_services.groups.g.linger: "False" is not yes, no or per-user: write no',
  ],
  ["user_services: {linger: maybe}", 'f:1:25: user_services.linger: "maybe" is not yes, no or per-user'],
  [
    "user_services: {classes: [manager]}",
    expect.stringMatching(/^f:1:27: user_services\.classes\[0\]: "manager" is not user, user-early, /),
  ],
  [
    "user_services: {login_timeout: 86s}",
    `f:1:32: user_services.login_timeout: "86s" is not a time from 0s to 85s, such as 500ms or 10s: ${MODULE}`,
  ],
  [
    "user_services: {login_timeout: 2min}",
    `f:1:32: user_services.login_timeout: "2min" is not a time from 0s to 85s, such as 500ms or 10s: ${MODULE}`,
  ],
  [
    "user_services: {start_timeout: 999ms}",
    'f:1:32: user_services.start_timeout: "999ms" is not a time from 1s to 1h, such as 10s or 2min',
  ],
  [
    "user_services: {starts_at_once: 0}",
    'f:1:33: user_services.starts_at_once: "0" is not a number from 1 to 1024',
  ],
])("%s is refused", (text, problem) => {
  expect(problemsOf(text)).toEqual([problem]);
});

function loginTimeout(text: string): number {
  const parsed = parseConfiguration([{ file: "f", text }]);
  return parsed.ok ? parsed.values.user_services.login_timeout : Number.NaN;
}

test.each([
  ["login_timeout: 0s", 0],
  ["login_timeout: 85s", 85_000],
])("user_services.%s", (text, expected) => {
  expect(loginTimeout(`user_services: {${text}}`)).toBe(expected);
});

describe("a backend that the machine cannot use", () => {
  const backendFault = (backend: string) => (backend === "s6" ? undefined : "is not there");
  const problemsWith = (text: string) => {
    const parsed = parseConfiguration([{ file: "f", text }], { backendFault });
    return parsed.ok ? [] : parsed.problems.map(formatProblem);
  };

  test("is a problem with its place, wherever it is named", () => {
    const text = `user_services:
  backend: dinit
  groups: {g: {backend: /opt/g}}
  users: {u: {backend: /opt/u}}`;
    expect(problemsWith(text)).toEqual([
      'f:2:12: user_services.backend: "dinit" is not there',
      'f:3:25: user_services.groups.g.backend: "/opt/g" is not there',
      'f:4:24: user_services.users.u.backend: "/opt/u" is not there',
    ]);
  });

  test("counts as none where it is passed over, with its place in the file that counts", () => {
    const sources = [
      { file: "a", text: "user_services: {backend: dinit, users: {u: {backend: /opt/u}, v: {backend: s6}}}" },
      { file: "b", text: "user_services: {users: {u: {backend: /opt/w, linger: no}}}\nsessions_max: 5" },
    ];
    const parsed = parseConfiguration(sources, { backendFault }, "passed over");
    if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join("\n"));
    expect(parsed.passedOver.map(formatProblem)).toEqual([
      'a:1:26: user_services.backend: "dinit" is not there',
      'b:1:38: user_services.users.u.backend: "/opt/w" is not there',
    ]);
    const { backend, users } = parsed.values.user_services;
    expect([backend, users.get("u"), users.get("v")]).toEqual([
      "none",
      { backend: "none", linger: "no" },
      { backend: "s6" },
    ]);
    expect(parsed.values.sessions_max).toBe(5);
  });

  test("does not save a text that is wrong elsewhere", () => {
    const sources = [{ file: "f", text: "user_services: {backend: dinit}\nsessions_max: x" }];
    expect(parseConfiguration(sources, { backendFault }, "passed over").ok).toBe(false);
  });

  test.each(["s6", "auto", "none"])("is not %s", (backend) => {
    expect(problemsWith(`user_services: {backend: ${backend}}`)).toEqual([]);
  });
});
