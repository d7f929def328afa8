import { METHODS, SESSIONS } from "./login1.ts";
import type { Row } from "./rows.ts";

/** A promise of README.md, and what was measured. */
export interface Verdict {
  readonly target: string;
  readonly limit: string;
  /** null: not measured in this run. */
  readonly measured: number | null;
  readonly met: boolean | null;
}

/** The median of the one row that fits. */
function find(rows: readonly Row[], product: string, name: RegExp, op: string): number | null {
  const row = rows.find((each) => each.product === product && name.test(each.case) && each.op === op);
  if (row === undefined) return null;
  return "median" in row ? row.median : row.median_us;
}

function over(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a / b;
}

function verdict(
  target: string,
  limit: number,
  least: boolean,
  unit: string,
  measured: number | null,
): Verdict {
  const met = measured === null ? null : least ? measured >= limit : measured <= limit;
  return { target, limit: `${least ? "at least" : "at most"} ${limit}${unit}`, measured, met };
}

/** What no limit is set for: how far a target can be met at all. */
function note(target: string, measured: number | null): Verdict {
  return { target, limit: "-", measured, met: null };
}

function againstElogind(rows: readonly Row[], others: number): Verdict[] {
  const ratio = (name: RegExp, op: string) =>
    over(find(rows, "sessionman", name, op), find(rows, "elogind", name, op));
  const where = (shape: string, users: string) => new RegExp(`^${shape}, ${users}, ${others} others$`);
  const when = `${others} other sessions`;
  const isFirst = others === 0;
  const opened = ratio(where("alone", "logged-in"), "open");
  const first = ratio(where("alone", "first"), "open");
  const rate = ratio(where("8-parallel", "logged-in"), "open and close");
  const floor = (shape: string, op: string) =>
    over(
      find(rows, "floor", where(shape, "logged-in"), op),
      find(rows, "elogind", where(shape, "logged-in"), op),
    );
  return [
    note(`open, logged in already, ${when}: the system calls alone`, floor("alone", "open")),
    note(`8 in parallel, ${when}: the system calls alone`, floor("8-parallel", "open and close")),
    verdict(`open, logged in already, ${when}: of elogind's`, 0.25, false, "", opened),
    verdict(`open, first login, ${when}: of elogind's`, 0.8, false, "", first),
    verdict(`8 in parallel, ${when}: times elogind's rate`, 3, true, "", rate),
    ...(isFirst ? [] : [growth(rows, others)]),
  ];
}

function growth(rows: readonly Row[], others: number): Verdict {
  const open = (count: number) =>
    find(rows, "sessionman", new RegExp(`^alone, logged-in, ${count} others$`), "open");
  const measured = over(open(others), open(0));
  return verdict(`open with ${others} other sessions: of that with none`, 1.3, false, "", measured);
}

function footprint(rows: readonly Row[]): Verdict[] {
  const own = (name: RegExp, op: string) => find(rows, "sessionman", name, op);
  const bare = find(rows, "node", /idle/, "PSS");
  const bareStart = find(rows, "node", /to its end/, "start");
  const keeper = [own(/^keeper, idle/, "PSS"), own(/^keeper, after/, "PSS")];
  return [
    verdict("daemon, idle: of a bare Node's PSS", 1.3, false, "", over(own(/^daemon, idle/, "PSS"), bare)),
    verdict("daemon, after many logins: the same", 1.3, false, "", over(own(/^daemon, after/, "PSS"), bare)),
    verdict("daemon, each open session: PSS", 6, false, " KiB", own(/each open session/, "PSS")),
    verdict(
      "keeper: PSS",
      1024,
      false,
      " KiB",
      keeper.includes(null) ? null : Math.max(...(keeper as number[])),
    ),
    verdict(
      "start to the newline: of a bare Node's",
      1.5,
      false,
      "",
      over(own(/newline/, "start"), bareStart),
    ),
    verdict(
      "start to the first login: the same",
      1.5,
      false,
      "",
      over(own(/first login/, "start"), bareStart),
    ),
  ];
}

/** What a first login costs beyond its service manager, in ms. */
function services(rows: readonly Row[]): Verdict[] {
  return ["runit", "dinit"].map((manager) => {
    const login = find(rows, "sessionman", new RegExp(`^alone, first login, ${manager}$`), "open");
    const itself = find(rows, manager, /^by itself$/, "from exec to ready");
    const beyond = login === null || itself === null ? null : (login - itself) / 1000;
    return verdict(`first login with ${manager}: beyond ${manager} by itself`, 5, false, " ms", beyond);
  });
}

function login1(rows: readonly Row[]): Verdict[] {
  const figure = (product: string, sessions: number, method: string) =>
    find(rows, product, new RegExp(`^login1, ${sessions} sessions$`), method);
  const [few, many] = SESSIONS;
  const first = find(rows, "sessionman", /^login1, daemon, during .* calls$/, "anonymous");
  const second = find(rows, "sessionman", /^login1, daemon, during .* more$/, "anonymous");
  return [
    ...SESSIONS.flatMap((sessions) =>
      METHODS.map((method) => {
        const ratio = over(figure("sessionman", sessions, method), figure("elogind", sessions, method));
        return verdict(`${method}, ${sessions} sessions: of elogind's`, 2, false, "", ratio);
      }),
    ),
    ...["GetSession", "GetAll"].map((method) => {
      const ratio = over(figure("sessionman", many, method), figure("sessionman", few, method));
      return verdict(`${method}, ${many} sessions: of that with ${few}`, 1.3, false, "", ratio);
    }),
    verdict(
      "daemon during many calls: of its memory during as many before",
      1.05,
      false,
      "",
      over(second, first),
    ),
  ];
}

export function judge(rows: readonly Row[], others: readonly number[]): Verdict[] {
  return [
    ...others.flatMap((count) => againstElogind(rows, count)),
    ...footprint(rows),
    ...services(rows),
    ...login1(rows),
  ];
}
