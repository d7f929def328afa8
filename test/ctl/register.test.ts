import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mergeEnvironment } from "../../daemon/src/ctl/command.ts";
import { completeEnvironment, shellLines } from "../../daemon/src/ctl/register.ts";
import { ALICE } from "../control/machine.ts";
import { Bridge } from "./bridge.ts";

let bridge: Bridge;

/** The command line runs in this process: the machine knows it and its parent under their real ids. */
function admit(uid: number): void {
  const { system } = bridge.machine.kernel;
  system.makeProcess({ pid: process.ppid, uid });
  system.makeProcess({ pid: process.pid, uid, parent: process.ppid });
  bridge.caller = process.pid;
}

beforeEach(async () => {
  bridge = new Bridge();
  await bridge.start();
});

afterEach(() => bridge.stop());

describe("register", () => {
  it("prints assignments for the calling shell, whose life is the session's", async () => {
    admit(ALICE);
    const { out, status } = await bridge.run(["register", "--type=x11"]);
    expect(status).toBe(0);
    expect(out.split("\n")).toContain("XDG_SESSION_ID='1'; export XDG_SESSION_ID");
    expect(out.split("\n")).toContain("XDG_RUNTIME_DIR='/run/user/1000'; export XDG_RUNTIME_DIR");
    expect(bridge.machine.engine.world().sessions.get("1")).toMatchObject({
      uid: ALICE,
      type: "x11",
      leader: { pid: process.ppid },
    });
  });

  it("clears what was inherited from another session", async () => {
    admit(ALICE);
    const environment = { XDG_SEAT: "seat0", XDG_VTNR: "2", XDG_SESSION_ID: "77", HOME: "/h" };
    const { out } = await bridge.run(["register"], { environment });
    expect(out).toContain("unset XDG_SEAT\n");
    expect(out).toContain("unset XDG_VTNR\n");
    expect(out).not.toContain("unset XDG_SESSION_ID");
    expect(out).not.toContain("HOME");
  });

  it("takes a user name for root", async () => {
    admit(0);
    bridge.machine.kernel.system.users.set(1, { uid: 1, gid: 1, name: "daemon", groups: [] });
    bridge.accounts.set("daemon", 1);
    expect((await bridge.run(["register", "--user", "daemon"])).status).toBe(0);
    expect(bridge.machine.engine.world().sessions.get("1")?.uid).toBe(1);
  });

  it("knows no user of a name that nobody has", async () => {
    admit(0);
    for (const name of ["no-such-user-here", "-u", "$(id)"]) {
      const { status, error } = await bridge.run(["register", `--user=${name}`]);
      expect(status).toBe(3);
      expect(error).toContain("there is no user");
    }
  });

  it("believes pam_exec's environment only with --pam", async () => {
    admit(0);
    const environment = {
      PAM_TYPE: "open_session",
      PAM_USER: "1000",
      PAM_SERVICE: "sshd",
      PAM_TTY: "ssh",
      PAM_RHOST: "192.0.2.7",
    };
    expect((await bridge.run(["register", "--pam"], { environment })).status).toBe(0);
    expect(bridge.machine.engine.world().sessions.get("1")).toMatchObject({
      uid: ALICE,
      service: "sshd",
      type: "tty",
      remote: true,
      remoteHost: "192.0.2.7",
    });
    bridge.machine.kernel.system.exit(process.ppid);
    bridge.machine.kernel.system.exit(process.pid);
    await bridge.machine.kernel.settle();
    admit(0);
    await bridge.run(["register"], { environment });
    expect(bridge.machine.engine.world().sessions.get("2")).toMatchObject({
      uid: 0,
      service: "",
      remote: false,
    });
  });

  it("ends the session at pam_exec's close_session", async () => {
    const { leader } = await bridge.machine.session(ALICE);
    bridge.caller = bridge.machine.process(0, { parent: leader });
    const environment = { PAM_TYPE: "close_session", PAM_USER: "alice" };
    expect((await bridge.run(["register", "--pam"], { environment })).status).toBe(0);
    expect(bridge.machine.engine.world().sessions.get("1")?.stage.phase).toBe("closing");
  });

  it("says where to read who may do it", async () => {
    admit(ALICE);
    const { status, error } = await bridge.run(["register", "--user=0"]);
    expect(status).toBe(1);
    expect(error).toMatch(/^sessionctl: cannot register a session: not permitted to this user; see .*\n$/);
  });

  it("passes on why there is no session", async () => {
    admit(ALICE);
    await bridge.run(["register"]);
    const { status, error } = await bridge.run(["register"]);
    expect({ status, error }).toEqual({
      status: 1,
      error: "sessionctl: cannot register a session: the leader is in session 1 already\n",
    });
  });
});

describe("register --output", () => {
  it("writes a file that only its owner reads", async () => {
    admit(ALICE);
    const file = join(bridge.directory, "environment");
    const { out, status } = await bridge.run(["register", "--output", file]);
    expect({ out, status }).toEqual({ out: "", status: 0 });
    expect(readFileSync(file, "utf8").split("\n")).toContain("XDG_SESSION_ID=1");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("replaces a link instead of following it", async () => {
    admit(ALICE);
    const victim = join(bridge.directory, "victim");
    const file = join(bridge.directory, "environment");
    writeFileSync(victim, "precious");
    symlinkSync(victim, file);
    expect((await bridge.run(["register", "-o", file])).status).toBe(0);
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(readFileSync(file, "utf8")).toContain("XDG_SESSION_ID=1");
  });

  it("says why it cannot, and leaves no temporary file", async () => {
    admit(ALICE);
    const directory = join(bridge.directory, "taken");
    mkdirSync(directory);
    const { status, error } = await bridge.run(["register", "-o", directory]);
    expect(status).toBe(1);
    expect(error).toMatch(/cannot write .*taken: rename: EISDIR/);
    expect(readdirSync(bridge.directory).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(bridge.machine.engine.world().sessions.get("1")?.stage.phase).toBe("closing");
  });
});

describe("deregister", () => {
  it("ends the session of $XDG_SESSION_ID, or the one that is named", async () => {
    const first = await bridge.machine.session(ALICE);
    const second = await bridge.machine.session(ALICE);
    bridge.caller = bridge.machine.process(ALICE);
    const phase = (id: string) => bridge.machine.engine.world().sessions.get(id)?.stage.phase;
    await bridge.run(["deregister"], { environment: { XDG_SESSION_ID: second.id } });
    expect([phase(first.id), phase(second.id)]).toEqual(["running", "closing"]);
    await bridge.run(["deregister", first.id], { environment: { XDG_SESSION_ID: second.id } });
    expect(phase(first.id)).toBe("closing");
  });
});

describe("shell assignments", () => {
  const shell = (script: string): string => execFileSync("/bin/sh", ["-c", script]).toString();

  it("give the shell exactly the value, whatever it is, and run nothing", () => {
    const value = fc
      .string({ unit: "binary", minLength: 1, maxLength: 40 })
      .filter((text) => !text.includes("\0"));
    const tricky = fc.constantFrom(
      "'",
      "''",
      "$(exit 1)",
      "`exit 1`",
      "a\nb",
      "\\",
      "'; exit 1; '",
      "é\u{1f600}",
    );
    fc.assert(
      fc.property(fc.oneof(value, tricky), (text) => {
        const script = `${shellLines({ XDG_SESSION_DESKTOP: text }).join("\n")}\nprintf %s "$XDG_SESSION_DESKTOP"`;
        expect(shell(script)).toBe(Buffer.from(text).toString());
      }),
      { numRuns: 60 },
    );
  });

  it("unset what has no value", () => {
    expect(
      shell(`XDG_SEAT=seat0; ${shellLines({ XDG_SEAT: "" }).join("\n")}; echo "\${XDG_SEAT-none}"`),
    ).toBe("none\n");
  });

  it("leave out what is no name of a variable", () => {
    expect(shellLines({ "A;reboot": "1", "": "2", lower: "3", XDG_VTNR: "4" })).toEqual([
      "XDG_VTNR='4'; export XDG_VTNR",
    ]);
  });
});

describe("environments", () => {
  it("have no value for what another session left", () => {
    expect(
      completeEnvironment({ XDG_SESSION_ID: "1" }, { XDG_SEAT: "seat0", XDG_SESSION_ID: "9", HOME: "/" }),
    ).toEqual({
      XDG_SEAT: "",
      XDG_SESSION_ID: "1",
    });
  });

  it("merge without what has no value", () => {
    const merged = mergeEnvironment(
      { A: "a", EMPTY: "", GONE: undefined, XDG_SEAT: "seat0" },
      { XDG_SEAT: "", B: "b" },
    );
    expect(merged).toEqual({ A: "a", EMPTY: "", B: "b" });
  });
});
