throw new Error("usocket is not used: the daemon has its own transport");
