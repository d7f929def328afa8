/** The tables of identity: who counts as remote, which name is a name, which number is a uid, who gets a seat. */

import { describe, expect, it } from "vitest";
import type { OpenFacts } from "../../daemon/src/core/events.ts";
import { type Intake, readIntake } from "../../daemon/src/core/intake.ts";
import { isRemote, isUserName, parseUid, parseVtName } from "../../daemon/src/core/names.ts";
import { facts } from "./facts.ts";
import { policy } from "./policy.ts";

describe("uids", () => {
  it.each([
    ["0", 0],
    ["1000", 1000],
    ["4294967294", 4294967294],
    ["", null],
    ["00", null],
    ["01", null],
    ["0x0", null],
    ["0day", null],
    [" 1", null],
    ["1 ", null],
    ["+1", null],
    ["-1", null],
    ["1e3", null],
    ["1000n", null],
    ["65535", null],
    ["4294967295", null],
    ["4294967296", null],
    ["99999999999", null],
    ["١", null],
    ["1\n", null],
  ])("%j is %j", (text, value) => expect(parseUid(text)).toBe(value));
});

describe("virtual terminals", () => {
  it.each([
    ["tty1", 1],
    ["tty63", 63],
    ["tty0", null],
    ["tty64", null],
    ["tty01", null],
    ["tty", null],
    ["tty1a", null],
    ["/dev/tty1", null],
    ["ttyS0", null],
    ["pts/1", null],
    ["tty1\n", null],
  ])("%j is %j", (text, value) => expect(parseVtName(text)).toBe(value));
});

describe("remote hosts", () => {
  it.each([
    ["", false],
    ["localhost", false],
    ["LOCALHOST", false],
    ["localhost.", false],
    ["localhost.localdomain", false],
    ["box.localhost", false],
    ["box.localhost.localdomain", false],
    ["localhost.evil", true],
    ["localhost.evil.example", true],
    ["notlocalhost", true],
    ["127.0.0.1", true],
    ["::1", true],
    ["example.org", true],
    ["localhost example.org", true],
    [" localhost", true],
    ["0", true],
  ])("%j: %j", (host, remote) => expect(isRemote(host)).toBe(remote));
});

describe("user names", () => {
  it.each([
    ["alice", true],
    ["a.b-c_d", true],
    ["Ünal", true],
    ["1000", true],
    ["user@domain", true],
    ["DOM\\user", true],
    ["", false],
    [".", false],
    ["..", false],
    ["a/b", false],
    ["a:b", false],
    ["-rf", false],
    [" a", false],
    ["a\nb", false],
    ["a\u0000", false],
    ["\u001b[2J", false],
    ["x".repeat(257), false],
    ["\ud800", false],
  ])("%j: %j", (name, fine) => expect(isUserName(name)).toBe(fine));
});

const hinted = { type: "", class: "", desktop: "", seat: "", vtnr: "", incomplete: "" };
const asked = { type: "", class: "", desktop: "" };

describe("the intake", () => {
  const cases: [string, Partial<OpenFacts>, Partial<Intake> | string][] = [
    [
      "text login",
      { tty: "tty2", ttyVt: 2 },
      { type: "tty", class: "user", seat: "seat0", vtnr: 2, tty: "tty2", fresh: false },
    ],
    ["/dev/ is dropped", { tty: "/dev/tty2", ttyVt: 2 }, { tty: "tty2", seat: "seat0" }],
    ["a name that is no VT", { tty: "tty2", ttyVt: 0 }, { seat: null, vtnr: 0 }],
    ["root on a VT", { uid: 0, tty: "tty1", ttyVt: 1 }, { class: "user-early", seat: "seat0" }],
    [
      "sshd",
      { service: "sshd", tty: "ssh", remoteHost: "10.0.0.1" },
      { type: "tty", class: "user", tty: "", remote: true, seat: null, fresh: true },
    ],
    [
      "sshd from localhost",
      { service: "sshd", tty: "ssh", remoteHost: "localhost" },
      { remote: false, seat: null, fresh: true },
    ],
    [
      "cron",
      { service: "cron", tty: "cron" },
      { type: "unspecified", class: "background", tty: "", seat: null, fresh: true },
    ],
    [
      "cron with bold hints",
      { service: "cron", tty: "cron", asked: { ...asked, class: "user", type: "x11" } },
      { type: "unspecified", class: "background" },
    ],
    ["no terminal", {}, { type: "unspecified", class: "background" }],
    [
      "an X display as tty",
      { tty: ":0" },
      { display: ":0", tty: "", type: "x11", class: "user", seat: null },
    ],
    ["su", { service: "su", tty: "pts/3" }, { fresh: false, seat: null, type: "tty" }],
    [
      "module arguments",
      { asked: { type: "wayland", class: "greeter", desktop: "sway" } },
      { type: "wayland", class: "greeter", desktop: "sway" },
    ],
    [
      "trusted service",
      { service: "lightdm", hinted: { ...hinted, seat: "seat0", vtnr: "7", class: "greeter", type: "x11" } },
      { seat: "seat0", vtnr: 7, class: "greeter", type: "x11", fresh: true },
    ],
    [
      "trusted service, VT only",
      { service: "lightdm", hinted: { ...hinted, vtnr: "7" } },
      { seat: "seat0", vtnr: 7 },
    ],
    [
      "trusted service, remote",
      { service: "lightdm", remoteHost: "10.0.0.1", hinted: { ...hinted, seat: "seat0", vtnr: "7" } },
      { seat: null, vtnr: 0, remote: true },
    ],
    [
      "untrusted service asks for a seat",
      { service: "su", hinted: { ...hinted, seat: "seat0", vtnr: "7" } },
      { seat: null, vtnr: 0 },
    ],
    [
      "untrusted service asks to be a greeter",
      { service: "su", tty: "pts/1", hinted: { ...hinted, class: "greeter" } },
      { class: "user" },
    ],
    [
      "untrusted service lowers itself",
      { service: "su", tty: "pts/1", hinted: { ...hinted, class: "background" } },
      { class: "background" },
    ],
    [
      "an untrusted type raises no class",
      { hinted: { ...hinted, type: "tty" } },
      { type: "tty", class: "background" },
    ],
    [
      "an untrusted class is no way around the administrator's",
      { tty: "pts/1", asked: { ...asked, class: "background" }, hinted: { ...hinted, class: "user-light" } },
      { class: "background" },
    ],
    [
      "an untrusted class makes no session where none is wanted",
      { tty: "pts/1", asked: { ...asked, class: "none" }, hinted: { ...hinted, class: "background" } },
      { class: "none" },
    ],
    [
      "an untrusted class does not unmake a greeter",
      { tty: "pts/1", asked: { ...asked, class: "greeter" }, hinted: { ...hinted, class: "background" } },
      { class: "greeter" },
    ],
    [
      "a text that no record can hold",
      { service: "s".repeat(1025) },
      "the service is longer than 1024 characters",
    ],
    [
      "untrusted service asks for no session",
      { service: "su", tty: "pts/1", hinted: { ...hinted, class: "none" } },
      { class: "user" },
    ],
    [
      "remote on a VT",
      { tty: "tty2", ttyVt: 2, remoteHost: "evil.example" },
      { seat: null, vtnr: 0, remote: true },
    ],
    ["the user's service manager", { service: "sessionman-user" }, { class: "manager", type: "unspecified" }],
    [
      "incomplete",
      { service: "lightdm", hinted: { ...hinted, type: "x11", incomplete: "1" } },
      { class: "user-incomplete" },
    ],
    [
      "trusted service, unknown seat",
      { service: "lightdm", hinted: { ...hinted, seat: "seat9" } },
      'seat "seat9" does not exist',
    ],
    [
      "trusted service, odd VT",
      { service: "lightdm", hinted: { ...hinted, vtnr: "7x" } },
      'virtual terminal "7x" is not one of 1 to 63 of seat0',
    ],
    ["unknown type", { asked: { ...asked, type: "vnc" } }, 'session type "vnc" is unknown'],
    ["unknown class", { hinted: { ...hinted, class: "root" } }, 'session class "root" is unknown'],
    ["odd desktop", { hinted: { ...hinted, desktop: 'a"b' } }, 'desktop name "a\\"b" cannot be used'],
    ["odd user name", { user: "a/b" }, 'user name "a/b" cannot be used'],
    ["nobody", { uid: 65535 }, "user id 65535 names nobody"],
    ["escape in the tty", { tty: "\u001b[2J" }, "the tty has unprintable characters"],
  ];
  const told = (seat: string | null, vtnr = 0, remote = false) => ({ told: { seat, vtnr, remote } });
  const overTheBus: [string, Partial<OpenFacts>, Partial<Intake> | string][] = [
    [
      "told a seat and a VT",
      { ...told("seat0", 2), tty: "tty2" },
      { seat: "seat0", vtnr: 2, type: "tty", class: "user", remote: false, fresh: false },
    ],
    ["told no seat, on a VT", { ...told(null), tty: "tty2", ttyVt: 2 }, { seat: null, vtnr: 0 }],
    ["told a seat without VTs", told("seat0"), { seat: "seat0", vtnr: 0, type: "unspecified" }],
    ["told it is remote", told(null, 0, true), { seat: null, vtnr: 0, remote: true }],
    ["told it is remote and has a seat", told("seat0", 2, true), { seat: null, vtnr: 0, remote: true }],
    [
      "told it is local, whatever the host is",
      { ...told("seat0", 2), remoteHost: "198.51.100.7" },
      { seat: "seat0", vtnr: 2, remote: false },
    ],
    ["told a class", { ...told(null), asked: { ...asked, class: "greeter" } }, { class: "greeter" }],
    ["told a display", { ...told(null), display: ":0" }, { type: "x11", class: "user", display: ":0" }],
    ["told nothing", told(null), { type: "unspecified", class: "background" }],
    ["a system user's login, told", { ...told(null), uid: 33, tty: "pts/1" }, { class: "user" }],
    [
      "told, a trusted environment does not count",
      {
        ...told(null),
        service: "lightdm",
        hinted: { ...hinted, seat: "seat0", vtnr: "3", class: "greeter" },
      },
      { seat: null, class: "background" },
    ],
    ["told another seat", told("seat1"), 'seat "seat1" does not exist'],
    ["told a VT without a seat", told(null, 2), "virtual terminal 2 is not one of 1 to 63 of seat0"],
    ["told a VT too many", told("seat0", 64), "virtual terminal 64 is not one of 1 to 63 of seat0"],
  ];
  it.each([...cases, ...overTheBus])("%s", (_name, over, expected) => {
    const intake = readIntake(
      facts(1000, { service: "login", ...over }),
      policy,
      (id) => id === "seat0" || id === "seat2",
    );
    if (typeof expected === "string") expect(intake).toBe(expected);
    else expect(intake).toMatchObject(expected);
  });
});
