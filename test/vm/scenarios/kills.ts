/** SIGKILL to the daemon and to the keeper loses no session, and logins meanwhile are answered. */

import type { Checks } from "../check.ts";
import type { Guest, Session } from "../guest.ts";
import { until } from "../machine.ts";

type Facts = Pick<Session, "id" | "leader" | "scope" | "state" | "seat" | "vtnr">;

export const factsOf = ({ id, leader, scope, state, seat, vtnr }: Session): Facts => ({
  id,
  leader,
  scope,
  state,
  seat,
  vtnr,
});

export async function kills(guest: Guest, checks: Checks): Promise<void> {
  const { machine } = guest;
  await guest.logIn("alice", 1);
  await guest.stay("bob");
  await guest.typed("alice", 1, "echo kept >$XDG_RUNTIME_DIR/kept");
  const before = (await guest.sessions()).map(factsOf);

  const keeper = await keeperOf(guest);
  const daemon = await daemonOf(guest);
  await machine.sh(`kill -KILL ${daemon}`);
  await answered(guest, checks, "a login while the daemon starts again is answered");
  checks.that((await daemonOf(guest)) !== daemon, "the keeper has started another daemon");
  checks.equal(await keeperOf(guest), keeper, "and is the same itself");
  await unchanged(guest, checks, before, "kill -9 of the daemon changes no session");

  await machine.sh(`kill -KILL ${keeper}`);
  const daemons = async () => (await machine.run("pgrep -f [s]essionmand.cjs")).status !== 0;
  await checks.comes("without its keeper the daemon ends", until("its end", 20, daemons));
  const { status, output } = await guest.ssh("dave", "echo in:$XDG_SESSION_ID", 60);
  checks.that(
    status === 0 && output.trim() === "in:",
    "without sessionman a login is only without session",
    output,
  );
  await machine.sh("/etc/init.d/sessionmand start");
  await answered(guest, checks, "a login right after the start of the service is answered");
  await unchanged(guest, checks, before, "kill -9 of the keeper changes no session");

  await both(guest, checks, before);
  await guest.switchTo(1);
  checks.equal(
    await guest.typed("alice", 1, "cat $XDG_RUNTIME_DIR/kept"),
    "kept",
    "and the runtime directory was kept",
  );
}

/** What ended while nobody was there is found out afterwards. */
async function both(guest: Guest, checks: Checks, before: readonly Facts[]): Promise<void> {
  const { machine } = guest;
  const carol = await guest.stay("carol");
  await machine.sh(
    `kill -KILL ${await keeperOf(guest)} ${await daemonOf(guest)}; pkill -KILL -u carol; pkill -KILL -f '[s]shd: carol'; true`,
  );
  await until("its end", 20, async () => !(await guest.exists(`/proc/${carol.leader}`)));
  await machine.sh("/etc/init.d/sessionmand start");
  await guest.answers();
  const ended = async () => (await guest.sessions()).every((session) => session.user !== "carol");
  await checks.comes(
    "a session that ended without a daemon is gone after its start",
    until("its end", 30, ended),
  );
  await unchanged(guest, checks, before, "those that did not are still there");
  const slice = `${await guest.cgroup()}/${guest.sliceOf(carol.uid)}`;
  await checks.comes(
    "and nothing is left of it",
    until(
      slice,
      30,
      async () => !(await guest.exists(slice)) && !(await guest.exists(`/run/user/${carol.uid}`)),
    ),
  );
}

export async function keeperOf(guest: Guest): Promise<string> {
  return (await guest.machine.sh("pidof sessionmand")).trim();
}

export async function daemonOf(guest: Guest): Promise<string> {
  return until(
    "a daemon",
    30,
    async () => (await guest.machine.run("pgrep -f [s]essionmand.cjs")).output.trim() || undefined,
  );
}

/** Logs in at once, without waiting for anything. */
export async function answered(guest: Guest, checks: Checks, claim: string): Promise<void> {
  const { status, output } = await guest.ssh("dave", "echo in:$XDG_SESSION_ID:$XDG_RUNTIME_DIR");
  checks.that(
    status === 0 && /^in:\d+:\/run\/user\/1003$/.test(output.trim()),
    claim,
    `status ${status}: ${output}`,
  );
}

export async function unchanged(
  guest: Guest,
  checks: Checks,
  before: readonly Facts[],
  claim: string,
): Promise<void> {
  const ids = before.map((session) => session.id);
  const after = (await guest.sessions()).filter((session) => ids.includes(session.id)).map(factsOf);
  checks.equal(after, before, claim);
}
