"""Who may call what, on a bus that lets everything through: each method by the owner, another user, root, and nobody's process."""

import signal

from basics import check, equal, poll, setting
from client import Client, error_of, MANAGER_PATH, SEAT_PATH, session_path, user_path
from control_socket import is_over, sessions
from expected import MANAGER, SEAT, SESSION, USER
from login import Login
from screen import screen

CONT = signal.SIGCONT
ASK = "InteractiveAuthorizationRequired"
DENIED = "AccessDenied"
NEVER = "NotSupported"
SLEEP = "SleepVerbNotSupported"
LAPTOP = "System.Error.ENODEV"
CONTROL = "NotInControl"

# A row: method, signature, arguments, and what becomes of it for the owner (in another session of theirs), for another
# user (in a session), for root and for a process in no session. One word is for all four. "" is success.
# S stands for the id of a session without a seat, U for its user. What is set as it was already, as the message of the
# wall is by the last caller, may be set by anybody.
ANYBODY = "any"

MANAGER_ROWS = """
GetSession s S any
GetSessionByPID u 0 ok ok NoSessionForPID NoSessionForPID
GetUser u U any
GetUserByPID u 0 ok ok NoUserForPID NoUserForPID
GetSeat s seat0 any
ListSessions - - any
ListSessionsEx - - any
ListUsers - - any
ListSeats - - any
ListInhibitors - - any
ReleaseSession s S AccessDenied AccessDenied NoSessionForPID NoSessionForPID
ActivateSession s S ASK ASK NotSupported ASK
ActivateSessionOnSeat ss S,seat0 SessionNotOnSeat
LockSession s S ok ASK ok ASK
UnlockSession s S ok ASK ok ASK
LockSessions - - ASK ASK ok ASK
UnlockSessions - - ASK ASK ok ASK
KillSession ssi S,all,18 ok ASK ok ASK
KillUser ui U,18 ok ASK ok ASK
TerminateSession s S ok ASK ok ASK
TerminateUser u U ok ASK ok ASK
TerminateSeat s seat0 ASK ASK ok ASK
SetUserLinger ubb U,false,false ok ASK ok ASK
AttachDevice ssb seat0,/sys/x,false ASK ASK System.Error.ENODEV ASK
FlushDevices b false ASK ASK ok ASK
PowerOff b false NotSupported
PowerOffWithFlags t 0 NotSupported
Reboot b false NotSupported
RebootWithFlags t 0 NotSupported
Halt b false NotSupported
HaltWithFlags t 0 NotSupported
Suspend b false SleepVerbNotSupported
SuspendWithFlags t 0 SleepVerbNotSupported
Hibernate b false SleepVerbNotSupported
HibernateWithFlags t 0 SleepVerbNotSupported
HybridSleep b false SleepVerbNotSupported
HybridSleepWithFlags t 0 SleepVerbNotSupported
SuspendThenHibernate b false SleepVerbNotSupported
SuspendThenHibernateWithFlags t 0 SleepVerbNotSupported
Sleep t 0 SleepVerbNotSupported
CanPowerOff - - any
CanReboot - - any
CanHalt - - any
CanSuspend - - any
CanHibernate - - any
CanHybridSleep - - any
CanSuspendThenHibernate - - any
CanSleep - - any
ScheduleShutdown st reboot,0 NotSupported
CancelScheduledShutdown - - any
Inhibit ssss shutdown,w,y,block ASK ASK ok ASK
CanRebootParameter - - any
SetRebootParameter s x NotSupported
CanRebootToFirmwareSetup - - any
SetRebootToFirmwareSetup b false NotSupported
CanRebootToBootLoaderMenu - - any
SetRebootToBootLoaderMenu t 0 NotSupported
CanRebootToBootLoaderEntry - - any
SetRebootToBootLoaderEntry s x NotSupported
SetWallMessage sb again,false ASK ASK ok ok
Reload - - ASK ASK ok ASK
SendPrepareForSleep b false AccessDenied AccessDenied ok AccessDenied
"""

SESSION_ROWS = """
Terminate - - ok ASK ok ASK
Activate - - ASK ASK NotSupported ASK
Lock - - ok ASK ok ASK
Unlock - - ok ASK ok ASK
SetIdleHint b true NotSupported AccessDenied NotSupported AccessDenied
SetLockedHint b true ok AccessDenied ok AccessDenied
Kill si all,18 ok ASK ok ASK
ReleaseControl - - NotInControl
SetType s x11 NotInControl
SetClass s user ok AccessDenied ok AccessDenied
SetDisplay s :0 NotInControl
TakeDevice uu 13,64 NotInControl
ReleaseDevice uu 13,64 NotInControl
PauseDeviceComplete uu 13,64 NotInControl
SetBrightness ssu leds,x,1 NotYourDevice
TakeControl b false ok AccessDenied ok AccessDenied
"""

SEAT_ROWS = """
Terminate - - ASK ASK ok ASK
ActivateSession s S SessionNotOnSeat
SwitchTo u 52 ASK ASK ok ASK
SwitchToNext - - ASK ASK InvalidArgs ASK
SwitchToPrevious - - ASK ASK InvalidArgs ASK
"""

USER_ROWS = """
Terminate - - ok ASK ok ASK
Kill i 18 ok ASK ok ASK
"""

# needs descriptors or facts of a process: tests/create.py and tests/control.py
ELSEWHERE = {"CreateSession", "CreateSessionWithPIDFD", "SetTTY"}

CALLERS = ("the owner", "another user", "root", "nobody's process")


def outcomes(words):
    full = {"any": "", "ok": "", "ASK": ASK}
    named = [full.get(word, word) for word in words]
    return named * 4 if len(named) == 1 else named


def parse(text):
    for line in text.strip().splitlines():
        member, signature, arguments, *words = line.split()
        yield member, "" if signature == "-" else signature, arguments, outcomes(words)


def values(signature, arguments, victim):
    texts = [] if arguments == "-" else arguments.split(",")
    for kind, word in zip(signature, texts, strict=True):
        if word == "S":
            yield victim.id
        elif word == "U":
            yield 1000
        elif kind == "b":
            yield word == "true"
        else:
            yield word if kind == "s" else int(word)


class Stage:
    """The four callers, and the session of alice that they act on."""

    def __init__(self):
        self.logins = [Login("alice", tty="pts/7"), Login("bob", tty="pts/8")]
        self.victim = Login("alice", tty="pts/9")
        self.clients = [Client(1000, self.logins[0]), Client(1001, self.logins[1]), Client(), Client(1003)]

    def caller(self, name, ends_user):
        """Who ends all that is alice's calls from outside of it."""
        if ends_user and name == CALLERS[0]:
            return Client(1000)
        return self.clients[CALLERS.index(name)]

    def renew(self):
        """After an end of what it acts on."""
        if is_over(self.logins[0].id):
            self.clients[0].leave()
            self.logins[0].kill()
            self.logins[0] = Login("alice", tty="pts/7")
            self.clients[0] = Client(1000, self.logins[0])
        if is_over(self.victim.id):
            self.victim.kill()
            self.victim = Login("alice", tty="pts/9")


def check_rows(text, path_of, expected):
    stage = Stage()
    rows = list(parse(text))
    equal({row[0] for row in rows} | ELSEWHERE & set(expected.methods), set(expected.methods), f"methods of {expected.name} in the table")
    wrong = []
    for member, signature, arguments, wanted in rows:
        for caller, outcome in zip(CALLERS, wanted, strict=True):
            path = path_of(stage.victim)
            client = stage.caller(caller, ends_user=member == "TerminateUser" or (member, path) == ("Terminate", user_path(1000)))
            given = list(values(signature, arguments, stage.victim))
            found = error_of(lambda c=client, m=member, s=signature, g=given, p=path: c.call(m, s, *g, path=p))
            if found != outcome:
                wrong.append(f"{member}{tuple(given)} by {caller}: {found or 'success'}, expected {outcome or 'success'}")
            if found == "" and member.startswith("Terminate"):
                if "User" in member or path.startswith(f"{MANAGER_PATH}/user"):
                    poll("the user's sessions end", lambda: not [each for each in sessions().values() if each["uid"] == 1000 and each["state"] != "closing"])
                stage.renew()
            if found == "" and member == "TakeControl":
                client.call("ReleaseControl", path=path)
    check(not wrong, "\n".join(wrong))


@setting(policies=("open",), buses=("daemon",))
def test_manager(place):
    check_rows(MANAGER_ROWS, lambda _: MANAGER_PATH, MANAGER)


@setting(policies=("open",), buses=("daemon",))
def test_session(place):
    check_rows(SESSION_ROWS, lambda victim: session_path(victim.id), SESSION)


@setting(policies=("open",), buses=("daemon",))
def test_user(place):
    check_rows(USER_ROWS, lambda _: user_path(1000), USER)


@setting(policies=("open",), buses=("daemon",))
def test_seat(place):
    with screen():
        check_rows(SEAT_ROWS, lambda _: SEAT_PATH, SEAT)
