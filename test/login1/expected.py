"""The members of org.freedesktop.login1, written by hand from its documentation.

Properties: signature, what changes say (c: constant, e: told with the value, f: not told), w: root may set it,
h: not shown by introspection. Methods: what goes in, what comes out.
"""

MANAGER_METHODS = """
GetSession s o
GetSessionByPID u o
GetUser u o
GetUserByPID u o
GetSeat s o
ListSessions - a(susso)
ListSessionsEx - a(sussussbto)
ListUsers - a(uso)
ListSeats - a(so)
ListInhibitors - a(ssssuu)
CreateSession uusssssussbssa(sv) soshusub
CreateSessionWithPIDFD uhsssssussbssta(sv) soshusub
ReleaseSession s -
ActivateSession s -
ActivateSessionOnSeat ss -
LockSession s -
UnlockSession s -
LockSessions - -
UnlockSessions - -
KillSession ssi -
KillUser ui -
TerminateSession s -
TerminateUser u -
TerminateSeat s -
SetUserLinger ubb -
AttachDevice ssb -
FlushDevices b -
PowerOff b -
PowerOffWithFlags t -
Reboot b -
RebootWithFlags t -
Halt b -
HaltWithFlags t -
Suspend b -
SuspendWithFlags t -
Hibernate b -
HibernateWithFlags t -
HybridSleep b -
HybridSleepWithFlags t -
SuspendThenHibernate b -
SuspendThenHibernateWithFlags t -
Sleep t -
CanPowerOff - s
CanReboot - s
CanHalt - s
CanSuspend - s
CanHibernate - s
CanHybridSleep - s
CanSuspendThenHibernate - s
CanSleep - s
ScheduleShutdown st -
CancelScheduledShutdown - b
Inhibit ssss h
CanRebootParameter - s
SetRebootParameter s -
CanRebootToFirmwareSetup - s
SetRebootToFirmwareSetup b -
CanRebootToBootLoaderMenu - s
SetRebootToBootLoaderMenu t -
CanRebootToBootLoaderEntry - s
SetRebootToBootLoaderEntry s -
SetWallMessage sb -
Reload - -
SendPrepareForSleep b -
"""

MANAGER_PROPERTIES = """
EnableWallMessages b f w
WallMessage s f w
NAutoVTs u c
KillOnlyUsers as c
KillExcludeUsers as c
KillUserProcesses b c
RebootParameter s f
RebootToFirmwareSetup b f
RebootToBootLoaderMenu t f
RebootToBootLoaderEntry s f
BootLoaderEntries as c
IdleHint b e
IdleSinceHint t e
IdleSinceHintMonotonic t e
BlockInhibited s e
BlockWeakInhibited s e
DelayInhibited s e
InhibitDelayMaxUSec t c
UserStopDelayUSec t c
SleepOperation as c
HandlePowerKey s c
HandlePowerKeyLongPress s c
HandleRebootKey s c
HandleRebootKeyLongPress s c
HandleSuspendKey s c
HandleSuspendKeyLongPress s c
HandleHibernateKey s c
HandleHibernateKeyLongPress s c
HandleLidSwitch s c
HandleLidSwitchExternalPower s c
HandleLidSwitchDocked s c
HandleSecureAttentionKey s c
HoldoffTimeoutUSec t c
IdleAction s c
IdleActionUSec t c
PreparingForShutdown b f
PreparingForSleep b f
PreparingForShutdownWithMetadata a{sv} f
ScheduledShutdown (st) e
DesignatedMaintenanceTime s c
Docked b f
LidClosed b e
OnExternalPower b f
RemoveIPC b c
RuntimeDirectorySize t c
RuntimeDirectoryInodesMax t c
InhibitorsMax t c
SessionsMax t c
NCurrentInhibitors t f
NCurrentSessions t f
UserTasksMax t c h
StopIdleSessionUSec t c
"""

MANAGER_SIGNALS = """
SessionNew so
SessionRemoved so
UserNew uo
UserRemoved uo
SeatNew so
SeatRemoved so
PrepareForShutdown b
PrepareForShutdownWithMetadata ba{sv}
PrepareForSleep b
SecureAttentionKey so
"""

SEAT_METHODS = """
Terminate - -
ActivateSession s -
SwitchTo u -
SwitchToNext - -
SwitchToPrevious - -
"""

SEAT_PROPERTIES = """
Id s c
ActiveSession (so) e
CanMultiSession b c h
CanTTY b c
CanGraphical b e
Sessions a(so) f
IdleHint b e
IdleSinceHint t e
IdleSinceHintMonotonic t e
"""

SESSION_METHODS = """
Terminate - -
Activate - -
Lock - -
Unlock - -
SetIdleHint b -
SetLockedHint b -
Kill si -
TakeControl b -
ReleaseControl - -
SetType s -
SetClass s -
SetDisplay s -
SetTTY h -
TakeDevice uu hb
ReleaseDevice uu -
PauseDeviceComplete uu -
SetBrightness ssu -
"""

SESSION_PROPERTIES = """
Id s c
User (uo) c
Name s c
Timestamp t c
TimestampMonotonic t c
VTNr u c
Seat (so) c
TTY s e
Display s e
Remote b c
RemoteHost s c
RemoteUser s c
Service s c
Desktop s c
Scope s c
Leader u c
LeaderPIDFDId t c
Audit u c
Type s e
Class s e
Active b e
State s e
IdleHint b e
IdleSinceHint t e
IdleSinceHintMonotonic t e
CanIdle b c
CanLock b c
LockedHint b e
ExtraDeviceAccess as c
"""

SESSION_SIGNALS = """
PauseDevice uus
ResumeDevice uuh
Lock -
Unlock -
"""

USER_METHODS = """
Terminate - -
Kill i -
"""

USER_PROPERTIES = """
UID u c
GID u c
Name s c
Timestamp t c
TimestampMonotonic t c
RuntimePath s c
Service s c
Slice s c
Display (so) e
State s f
Sessions a(so) f
IdleHint b e
IdleSinceHint t e
IdleSinceHintMonotonic t e
Linger b f
"""

LOG_CONTROL_PROPERTIES = """
LogLevel s f w
LogTarget s f w
SyslogIdentifier s f
"""

EMITS = {"c": "const", "e": "true", "f": "false"}


def rows(text):
    return {name: rest for name, *rest in (line.split() for line in text.strip().splitlines())}


def text(signature):
    return "" if signature == "-" else signature


class Expected:
    """The members of one interface."""

    def __init__(self, name, methods, properties, signals=""):
        self.name = name if "." in name else f"org.freedesktop.login1.{name}"
        self.methods = {each: tuple(text(part) for part in parts) for each, parts in rows(methods).items()}
        self.signals = {each: text(parts[0]) for each, parts in rows(signals).items()}
        self.properties = {}
        self.hidden = set()
        for each, (signature, emits, *more) in rows(properties).items():
            access = "readwrite" if "w" in more else "read"
            self.properties[each] = (signature, access, EMITS[emits])
            if "h" in more:
                self.hidden.add(each)


MANAGER = Expected("Manager", MANAGER_METHODS, MANAGER_PROPERTIES, MANAGER_SIGNALS)
SEAT = Expected("Seat", SEAT_METHODS, SEAT_PROPERTIES)
SESSION = Expected("Session", SESSION_METHODS, SESSION_PROPERTIES, SESSION_SIGNALS)
USER = Expected("User", USER_METHODS, USER_PROPERTIES)
LOG_CONTROL = Expected("org.freedesktop.LogControl1", "", LOG_CONTROL_PROPERTIES)
