// dbus-next's constants would load it where there is no bigint, which is nowhere.
throw new Error("jsbi is not used: Node has bigint");
