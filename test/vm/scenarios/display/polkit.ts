/** Who sits in front may do what polkit keeps for the active session; who comes over the network may not. */

import type { Checks } from "../../check.ts";
import type { Desk } from "../../desk.ts";

const ASK = "pkcheck --action-id org.freedesktop.login1.power-off --process $$ && echo yes || echo no";

export async function polkit(desk: Desk, checks: Checks): Promise<void> {
  await desk.logIn("alice", 1);
  const answer = (text: string) => text.trim().split("\n").at(-1);
  checks.equal(answer(await desk.typed("alice", 1, ASK)), "yes", "the active session may power off");
  const remote = await desk.ssh("bob", ASK.replaceAll("$", "\\$"));
  checks.equal(answer(remote.output), "no", "a session over ssh may not");

  await desk.machine.sh(
    "setsid ssh -tt -b 10.9.9.9 bob@10.9.9.9 'exec sleep 3600' >/dev/null 2>&1 </dev/null &",
  );
  const look = await desk.sees("bob's session", (it) =>
    it.sessions.some((of) => of.user === "bob" && of.state === "active"),
  );
  const session = look.sessions.find((of) => of.user === "bob");
  checks.equal(
    [session?.remote, session?.seat, session?.vtnr, session?.type, session?.service],
    [true, "", 0, "tty", "sshd"],
    "which is remote and of no seat",
  );
  checks.that(look.active !== session?.id, "and never the seat's active one", look.active);
  const others = Object.values(look.access)
    .flat()
    .filter((uid) => uid !== 1000);
  checks.equal(others, [], "and has no device");

  await desk.keys(3);
  const second = await desk.ssh("alice", ASK.replaceAll("$", "\\$"));
  checks.equal(answer(second.output), "no", "who has left the seat may not from elsewhere");
}
